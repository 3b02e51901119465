import { expect, test } from 'vitest';
import { HttpPeers } from '../../../src/agent/http-peers.ts';
import { apiClient } from '../../../src/api/client.ts';
import { heartbeatClient } from '../../../src/api/heartbeat-client.ts';
import { realClock } from '../../support/real-clock.ts';

const peers = new HttpPeers(realClock, apiClient({}), heartbeatClient({}));
const asked = { name: 'a', connUrl: undefined, apiUrl: undefined, slots: {}, own: undefined };

test.each(['ftp://b/patroni', 'foo:bar', 'file:///etc/passwd', 'http://[::1', ''])(
  'a member whose api_url is %j does not answer, and does no harm to who asks',
  async (apiUrl) => {
    expect(await peers.probe(apiUrl, 1_000)).toMatchObject({ kind: 'unknown' });
    const end = await new Promise((resolve) => {
      peers.heartbeat(apiUrl, { onBeat: () => resolve('a beat'), onEnd: resolve }, 1_000);
    });
    expect(end).toBe('silent');
    expect(await peers.askFailsafe(apiUrl, asked, 1_000)).toMatchObject({ kind: 'refused' });
    await peers.forgetFailsafe(apiUrl, { name: 'a', scope: 's', to: 'b', reign: 1, upTo: 1 }, 1_000);
  },
);
