import { describe, expect, test } from 'vitest';
import type { ApiCall, ApiReply } from '../../../src/api/client.ts';
import { divergence } from '../../../src/ctl/commands/divergence.ts';
import { reinit } from '../../../src/ctl/commands/reinit.ts';
import { aSession, BATMAN, type Told } from './a-session.ts';

const ok = (body: string): ApiReply => ({ kind: 'answered', status: 200, body });
const refused = (body: string): ApiReply => ({ kind: 'answered', status: 503, body });
const session = (told: Told = {}) => aSession({ clusters: { batman: BATMAN }, ...told });

describe('reinit', () => {
  const NONE = { cluster: 'batman', members: [], isForced: false, fromLeader: false, waits: false };

  test('asks which member, then whether, and tells what came of it', async () => {
    const open = session({ answers: ['postgresql1', 'y'], api: () => ok('reinitialize started') });
    expect(await reinit({ ...NONE, fromLeader: true }, open)).toBe(0);
    expect(open.terminal.questions[0]).toBe('Which member do you want to reinitialize [postgresql1]? []: ');
    expect(open.calls).toMatchObject([{ method: 'POST', body: { force: false, from_leader: true } }]);
    expect(open.terminal.text).toContain('Success: reinitialize for member postgresql1');
  });

  test('forced without members it does nothing', async () => {
    const open = session();
    expect(await reinit({ ...NONE, isForced: true }, open)).toBe(0);
    expect(open.calls).toEqual([]);
  });

  test('the leader is no replica', async () => {
    const given = { ...NONE, members: ['postgresql0'], isForced: true };
    await expect(reinit(given, session())).rejects.toThrow('No replica among provided members');
  });

  test('offers to cancel what is under way, and repeats with force', async () => {
    const replies = [refused('clone already in progress'), ok('reinitialize started')];
    const open = session({ answers: ['y', 'y'], api: () => replies.shift() ?? ok('') });
    expect(await reinit({ ...NONE, members: ['postgresql1'] }, open)).toBe(0);
    expect(open.terminal.questions.at(-1)).toBe('Do you want to cancel it and reinitialize anyway? [y/N]: ');
    expect(open.calls.map(({ body }) => body)).toEqual([
      { force: false, from_leader: false },
      { force: true, from_leader: false },
    ]);
    expect(open.terminal.text).toContain(
      'Failed: reinitialize for member postgresql1, status code=503, (clone already in progress)',
    );
  });

  test('waits until the member is no copy in the making any more', async () => {
    const states = ['creating replica', 'creating replica', 'running'];
    const api = ({ method }: ApiCall): ApiReply =>
      method === 'POST' ? ok('reinitialize started') : ok(JSON.stringify({ state: states.shift() }));
    const open = session({ api });
    await reinit({ ...NONE, members: ['postgresql1'], isForced: true, waits: true }, open);
    expect(open.terminal.outLines.slice(-2)).toEqual([
      'Waiting for reinitialize to complete on: postgresql1',
      'Reinitialize is completed on: postgresql1',
    ]);
    expect(states).toEqual([]);
  });
});

describe('divergence', () => {
  const LINE = {
    id: '20261126T041000',
    member: 'postgresql1',
    cause: 'rewind',
    timeline: 1,
    fork: { timeline: 1, lsn: '0/3000000' },
    end: '0/3000148',
    bytes: 328,
    transactions: { committed: 2, aborted: 0 },
    state: 'recorded',
  };
  const WHOLE = { ...LINE, relations: [{ name: 'postgres: public.t', records: 7 }], notes: [], kept: null };
  const api = ({ url, method }: ApiCall): ApiReply => {
    if (method === 'DELETE') return ok('divergence 20261126T041000 is discarded');
    if (url.endsWith('/kornak/divergence/20261126T041000')) return ok(JSON.stringify(WHOLE));
    return ok(JSON.stringify({ divergences: url.includes(':38009') ? [LINE] : [] }));
  };
  const ALL = { cluster: 'batman', member: undefined, id: undefined, isJson: false, isForced: false };

  test('lists what every member has given up', async () => {
    const open = session({ api });
    expect(await divergence('list', ALL, open)).toBe(0);
    expect(open.terminal.text).toMatch(
      /postgresql1 \| 20261126T041000 \| rewind \|\s+1 \| 0\/3000000 \| 0\/3000148 \|\s+328/,
    );
    const json = session({ api });
    await divergence('list', { ...ALL, isJson: true }, json);
    expect(JSON.parse(json.terminal.text)).toEqual({ divergences: [LINE] });
  });

  test('says that a member does not tell, and ends with 1', async () => {
    const open = session({ api: () => ({ kind: 'unreachable', why: 'no connection' }) });
    await expect(divergence('show', ALL, open)).rejects.toThrow('nothing is recorded');
    expect(open.terminal.talkLines).toContain('postgresql0 does not tell: no connection');
  });

  test('shows the only one without its being named', async () => {
    const open = session({ api });
    expect(await divergence('show', ALL, open)).toBe(0);
    expect(open.terminal.text).toContain('postgres: public.t');
    expect(open.terminal.text).toContain('2 committed, 0 aborted');
  });

  test('discards only when told so', async () => {
    const no = session({ api, answers: ['n'] });
    expect(await divergence('discard', ALL, no)).toBe(0);
    expect(no.calls.some(({ method }) => method === 'DELETE')).toBe(false);
    const yes = session({ api });
    await divergence('discard', { ...ALL, isForced: true, member: 'postgresql1', id: LINE.id }, yes);
    expect(yes.calls.at(-1)?.method).toBe('DELETE');
    expect(yes.calls.at(-1)?.url).toContain(`/kornak/divergence/${LINE.id}`);
    await expect(divergence('discard', { ...ALL, id: 'none' }, session({ api }))).rejects.toThrow('no member has');
  });
});
