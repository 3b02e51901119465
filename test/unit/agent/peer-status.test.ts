import { expect, test } from 'vitest';
import { peerStatusFrom } from '../../../src/agent/peer-status.ts';
import { lsn } from '../../../src/core/model/lsn.ts';

test.each<{ name: string; text: string; status: unknown }>([
  {
    name: 'a primary',
    text: '{"state":"running","role":"master","xlog":{"location":67393056},"timeline":1,"tags":{"nofailover":true}}',
    status: { role: 'primary', state: 'running', location: lsn(67393056), timeline: 1, tags: { nofailover: true } },
  },
  {
    name: 'a standby',
    text: '{"state":"running","role":"replica","xlog":{"received_location":7,"replayed_location":5,"paused":false},"timeline":null}',
    status: { role: 'replica', state: 'running', receivedLsn: lsn(7), replayedLsn: lsn(5), tags: {} },
  },
  { name: 'no position', text: '{"state":"stopped","role":"replica"}', status: undefined },
  { name: 'no JSON', text: '<html>', status: undefined },
  { name: 'no object', text: '[]', status: undefined },
])('$name', ({ text, status }) => expect(peerStatusFrom(text)).toEqual(status));
