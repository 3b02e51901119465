import { describe, expect, test } from 'vitest';
import type { ApiReply } from '../../../src/api/client.ts';
import { explainCandidates } from '../../../src/ctl/commands/explain-candidates.ts';
import { flushSwitchover } from '../../../src/ctl/commands/flush-switchover.ts';
import { recover } from '../../../src/ctl/commands/recover.ts';
import { Refusal } from '../../../src/ctl/refusal.ts';
import { aSession, BATMAN } from './a-session.ts';

const answered = (status: number, body: string): ApiReply => ({ kind: 'answered', status, body });
const { leader: _, ...WITHOUT_LEADER } = BATMAN;
const DOWN = {
  ...WITHOUT_LEADER,
  'kornak/reign': '{"name":"postgresql0","timeline":1}',
  'kornak/last': '{"name":"postgresql0","reign":9,"timeline":1,"lsn":67108960,"final":false}',
};

function document(member: string, lsn: number, more = ''): string {
  return (
    `{"member":"${member}","server":"standby","control":{"state":"in archive recovery","system_identifier":"7711251641445478941"},` +
    `"timeline":1,"lsn":${lsn},"exact":true,"was_primary":false,"why":"waiting for postgresql0"${more}}`
  );
}

describe('recover --plan', () => {
  const options = { cluster: 'batman', isPlan: true, isJson: false, urls: [] };

  test('names the safe winner, the evidence, and what to run', async () => {
    const session = aSession({
      clusters: { batman: DOWN },
      api: ({ url }) => answered(200, document(url.includes('38008') ? 'postgresql0' : 'postgresql1', 67108960)),
    });
    expect(await recover(options, session)).toBe(0);
    expect(session.terminal.text).toContain('Safe winner: postgresql0. postgresql0 led last');
    expect(session.terminal.text).toContain('kornakctl failover batman --candidate postgresql0 --force');
    expect(session.terminal.text).toContain('postgresql1: waiting for postgresql0');
  });

  test('or that there is none, what is missing, and the price of going on', async () => {
    const session = aSession({
      clusters: { batman: DOWN },
      api: ({ url }) =>
        url.includes('38008')
          ? { kind: 'unreachable', why: 'refused' }
          : answered(200, document('postgresql1', 67108000)),
    });
    expect(await recover(options, session)).toBe(1);
    expect(session.terminal.text).toContain('No safe winner');
    expect(session.terminal.text).toContain('Missing: postgresql0.');
    expect(session.terminal.text).toContain('postgresql0 does not answer: refused');
    expect(session.terminal.text).toContain('At a price: postgresql1. at least 960 bytes');
  });

  test('says it as one JSON object as well', async () => {
    const session = aSession({
      clusters: { batman: DOWN },
      api: () => answered(200, document('postgresql1', 67108960)),
    });
    await recover({ ...options, isJson: true }, session);
    expect(JSON.parse(session.terminal.text)).toMatchObject({
      winner: null,
      missing: 'postgresql0',
      fallback: { name: 'postgresql1' },
      members: [{ name: 'postgresql1', lsn: 67108960 }],
    });
  });

  test('goes as far as it can without the store, by addresses that are given', async () => {
    const session = aSession({ api: () => answered(200, document('postgresql0', 67108960, ',"was_primary":true')) });
    const silent = {
      ...session,
      dcs: { ...session.dcs, read: () => Promise.reject(new Refusal('etcd does not answer: refused')) },
    };
    expect(await recover({ ...options, urls: ['http://127.0.0.1:38008'] }, silent)).toBe(0);
    expect(session.terminal.text).toContain('etcd does not answer: refused. Nobody can lead before it answers again.');
    expect(session.terminal.text).toContain('was the primary of the newest timeline');
    expect(session.calls.map(({ url }) => url)).toEqual(['http://127.0.0.1:38008/kornak/recovery']);
  });

  test('has nothing to run where somebody serves', async () => {
    const session = aSession({
      clusters: { batman: BATMAN },
      api: () => answered(200, document('postgresql0', 67108960).replace('standby', 'primary')),
    });
    expect(await recover(options, session)).toBe(0);
    expect(session.terminal.text).toContain('Nothing is to be run.');
  });

  test('does nothing but plan', async () => {
    await expect(recover({ ...options, isPlan: false }, aSession({}))).rejects.toThrow('--plan');
  });
});

describe('explain --candidates', () => {
  const status = '{"state":"running","role":"replica","timeline":1,"xlog":{"received_location":67108960}}';

  test('ranks who may lead, by what the members answer', async () => {
    const session = aSession({ clusters: { batman: BATMAN }, api: () => answered(200, status) });
    expect(await explainCandidates({ cluster: 'batman', isJson: true }, session)).toBe(0);
    expect(JSON.parse(session.terminal.text)).toMatchObject({
      leader: 'postgresql0',
      candidates: [{ name: 'postgresql1', rank: 1, source: 'probe', lsn: 67108960, behind: 0, bars: [] }],
    });
  });

  test('and says why others may not', async () => {
    const tagged = {
      ...BATMAN,
      'members/postgresql1': (BATMAN['members/postgresql1'] ?? '').replace('{', '{"tags":{"failover_priority":0},'),
    };
    const session = aSession({ clusters: { batman: tagged } });
    await explainCandidates({ cluster: 'batman', isJson: false }, session);
    expect(session.terminal.text).toMatch(
      /\| - {4}\| postgresql1 .*its failover_priority is 0; does not answer: refused/,
    );
  });
});

describe('flush switchover', () => {
  const SCHEDULED = { ...BATMAN, failover: '{"leader":"postgresql0","scheduled_at":"2030-01-01T00:00:00+00:00"}' };

  test('asks the leader', async () => {
    const session = aSession({
      clusters: { batman: SCHEDULED },
      api: () => answered(200, 'scheduled switchover deleted'),
    });
    expect(await flushSwitchover('batman', session)).toBe(0);
    expect(session.terminal.outLines).toEqual(['Success: scheduled switchover deleted']);
    expect(session.calls).toMatchObject([{ method: 'DELETE', url: 'http://127.0.0.1:38008/switchover' }]);
  });

  test('else the others, else the store', async () => {
    const session = aSession({ clusters: { batman: SCHEDULED } });
    expect(await flushSwitchover('batman', session)).toBe(0);
    expect(session.calls).toHaveLength(2);
    expect(session.terminal.text).toContain('Could not find any accessible member of cluster batman');
    expect(session.written).toMatchObject([{ cluster: 'batman', request: undefined }]);
  });

  test('tells what the API refused', async () => {
    const session = aSession({
      clusters: { batman: SCHEDULED },
      api: () => answered(404, 'no switchover is scheduled'),
    });
    expect(await flushSwitchover('batman', session)).toBe(0);
    expect(session.terminal.outLines).toEqual(['Failed: no switchover is scheduled']);
  });

  test('has nothing to do where none is scheduled', async () => {
    const session = aSession({ clusters: { batman: BATMAN } });
    expect(await flushSwitchover('batman', session)).toBe(0);
    expect(session.terminal.outLines).toEqual(['No pending scheduled switchover']);
  });
});
