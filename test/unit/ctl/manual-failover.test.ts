import { expect, test } from 'vitest';
import type { ApiCall, ApiReply } from '../../../src/api/client.ts';
import { type Action, manualFailover, type ManualFailoverOptions } from '../../../src/ctl/commands/manual-failover.ts';
import { withZone } from '../../../src/ctl/local-time.ts';
import { aSession, BATMAN, member, STREAMS, type Told } from './a-session.ts';

const NONE = { cluster: 'batman', leader: undefined, candidate: undefined, scheduled: undefined, isForced: false };
const FORCED = { ...NONE, isForced: true };
const DONE: ApiReply = { kind: 'answered', status: 200, body: 'Successfully switched over to "postgresql1"' };
const STAMP = '2026-11-23 06:38:49.68300';

function session(told: Told = {}) {
  return aSession({ clusters: { batman: BATMAN }, api: () => DONE, ...told });
}

const { leader: _, ...LEADERLESS } = BATMAN;

test('a switchover asks in this order, sends one request and shows the cluster before and after', async () => {
  const open = session({ answers: ['', 'postgresql1', '', 'y'] });
  expect(await manualFailover('switchover', NONE, open)).toBe(0);
  expect(open.terminal.questions).toEqual([
    'Primary [postgresql0]: ',
    "Candidate ['postgresql1'] []: ",
    'When should the switchover take place (e.g. 2026-11-23T07:38 )  [now]: ',
    'Are you sure you want to switchover cluster batman, demoting current leader postgresql0? [y/N]: ',
  ]);
  expect(open.calls).toMatchObject([
    {
      method: 'POST',
      url: 'http://127.0.0.1:38008/switchover',
      body: { candidate: 'postgresql1', leader: 'postgresql0', scheduled_at: undefined },
    },
  ]);
  expect(open.terminal.outLines).toHaveLength(4);
  expect(open.terminal.outLines[0]).toBe('Current cluster topology');
  expect(open.terminal.outLines[2]).toBe(`${STAMP} Successfully switched over to "postgresql1"`);
  expect(open.terminal.outLines[3]).toBe(open.terminal.outLines[1]);
  expect(open.written).toEqual([]);
});

test('--force asks nothing', async () => {
  const open = session();
  expect(await manualFailover('switchover', FORCED, open)).toBe(0);
  expect(open.terminal.questions).toEqual([]);
  expect(open.calls[0]?.body).toEqual({ candidate: null, leader: 'postgresql0', scheduled_at: undefined });
});

test('a failover asks for the candidate only, and goes to it where nobody leads', async () => {
  const open = session({ clusters: { batman: LEADERLESS }, answers: ['y'] });
  expect(await manualFailover('failover', { ...NONE, candidate: 'postgresql1' }, open)).toBe(0);
  expect(open.terminal.questions).toEqual(['Are you sure you want to failover cluster batman? [y/N]: ']);
  expect(open.calls).toMatchObject([{ url: 'http://127.0.0.1:38009/failover', body: { candidate: 'postgresql1' } }]);
});

interface Refused {
  readonly action?: Action;
  readonly values?: Readonly<Record<string, string>>;
  readonly options: Partial<ManualFailoverOptions>;
  readonly answers?: readonly string[];
  readonly why: string;
}

const SYNC = { ...BATMAN, config: '{"synchronous_mode":true}', sync: '{"leader":"postgresql0","sync_standby":null}' };

test.each<Refused>([
  { values: LEADERLESS, options: {}, why: 'This cluster has no leader' },
  { options: { leader: 'postgresql1' }, why: 'Member postgresql1 is not the leader of cluster batman' },
  {
    values: { ...BATMAN, 'members/postgresql1': member(35431, 'replica', `${STREAMS},"tags":{"nofailover":true}`) },
    options: {},
    why: 'No candidates found to switchover to',
  },
  { options: { candidate: 'x' }, why: 'Member x does not exist in cluster batman or is tagged as nofailover' },
  { options: { candidate: 'postgresql0' }, why: 'Member postgresql0 is already the leader of cluster batman' },
  { action: 'failover', options: {}, why: 'Failover could be performed only to a specific candidate' },
  {
    action: 'failover',
    options: { isForced: false },
    answers: [''],
    why: 'Failover could be performed only to a specific candidate',
  },
  {
    options: { scheduled: 'soon' },
    why: 'Unable to parse scheduled timestamp (soon). It should be in an unambiguous format (e.g. ISO 8601)',
  },
  {
    values: { ...BATMAN, config: '{"pause":true}' },
    options: { scheduled: '2030-01-01T00:00Z' },
    why: "Can't schedule switchover in the paused state",
  },
  {
    options: { isForced: false, leader: 'postgresql0', candidate: 'postgresql1', scheduled: 'now' },
    answers: ['n'],
    why: 'Aborting switchover',
  },
  {
    action: 'failover',
    values: SYNC,
    options: { isForced: false, candidate: 'postgresql1' },
    answers: ['n'],
    why: 'Aborting failover',
  },
])('refused: $why', async ({ action = 'switchover', values = BATMAN, options, answers = [], why }) => {
  const open = session({ clusters: { batman: values }, answers });
  await expect(manualFailover(action, { ...FORCED, ...options }, open)).rejects.toThrow(why);
  expect(open.calls).toEqual([]);
  expect(open.written).toEqual([]);
});

test('a prompt that nobody answers ends it with nothing done', async () => {
  const open = session({ answers: ['postgresql0'] });
  await expect(manualFailover('switchover', NONE, open)).rejects.toThrow();
  expect(open.calls).toEqual([]);
});

test('failing over to an asynchronous member is asked about', async () => {
  const open = session({ clusters: { batman: SYNC }, answers: ['y', 'y'] });
  await manualFailover('failover', { ...NONE, candidate: 'postgresql1' }, open);
  expect(open.terminal.questions[0]).toBe(
    'Are you sure you want to failover to the asynchronous node postgresql1? [y/N]: ',
  );
});

test('a scheduled switchover sends the time with its zone', async () => {
  const open = session({
    answers: ['y'],
    api: () => ({ kind: 'answered', status: 202, body: 'Switchover scheduled' }),
  });
  const options = { ...NONE, leader: 'postgresql0', candidate: 'postgresql1', scheduled: '2030-01-01T00:00:00+00:00' };
  expect(await manualFailover('switchover', options, open)).toBe(0);
  expect(open.terminal.questions).toEqual([
    'Are you sure you want to schedule switchover of cluster batman at 2030-01-01T00:00:00+00:00, demoting current leader postgresql0? [y/N]: ',
  ]);
  expect(open.calls[0]?.body).toMatchObject({ scheduled_at: '2030-01-01T00:00:00+00:00' });
});

test.each<{ readonly reply: ApiReply; readonly line: string }>([
  {
    reply: { kind: 'answered', status: 412, body: 'leader name does not match' },
    line: 'Switchover failed, details: 412, leader name does not match',
  },
  {
    reply: { kind: 'answered', status: 503, body: 'Switchover status unknown after 20 seconds; x' },
    line: 'Switchover result unknown, details: 503, Switchover status unknown after 20 seconds; x',
  },
  {
    reply: { kind: 'late', why: 'no answer within 180 seconds' },
    line: 'Switchover result unknown, details: no answer within 180 seconds',
  },
])('what the API refused is told, exit code 0 unless strict: $line', async ({ reply, line }) => {
  const open = session({ api: () => reply });
  expect(await manualFailover('switchover', FORCED, open)).toBe(0);
  expect(open.terminal.outLines.at(-1)).toBe(line);
  expect(await manualFailover('switchover', FORCED, session({ api: () => reply, isStrict: true }))).toBe(1);
  expect(open.written).toEqual([]);
});

test('where no API can be reached the store is asked', async () => {
  const open = session({ api: () => ({ kind: 'unreachable', why: 'refused' }) });
  expect(await manualFailover('switchover', { ...FORCED, candidate: 'postgresql1' }, open)).toBe(0);
  expect(open.terminal.outLines[2]).toBe(`${STAMP} Could not switchover using Patroni api, falling back to DCS`);
  expect(open.written).toEqual([
    { cluster: 'batman', request: { leader: 'postgresql0', candidate: 'postgresql1' }, revision: 0 },
  ]);
});

test('an old member that knows failover only is asked for that', async () => {
  const api = ({ url }: ApiCall): ApiReply =>
    url.endsWith('/switchover')
      ? { kind: 'answered', status: 501, body: 'x Server does not support this operation x' }
      : DONE;
  const open = session({ api });
  expect(await manualFailover('switchover', FORCED, open)).toBe(0);
  expect(open.calls.map(({ url }) => new URL(url).pathname)).toEqual(['/switchover', '/failover']);
});

test.each([
  { typed: '2030-01-01T00:00:00+00:00', at: '2030-01-01T00:00:00+00:00' },
  { typed: '2030-01-01 01:02', at: /^2030-01-01T01:02:00[+-]\d\d:\d\d$/ },
  { typed: '2030-01-01T01:02Z', at: '2030-01-01T01:02:00+00:00' },
  { typed: '2030-01-01T01:02+0530', at: '2030-01-01T01:02:00+05:30' },
  { typed: '2030-01-01T01:02-03', at: '2030-01-01T01:02:00-03:00' },
  { typed: 'tomorrow', at: undefined },
  { typed: '2030-13-01T00:00', at: undefined },
])('$typed is $at', ({ typed, at }) => {
  if (at instanceof RegExp) expect(withZone(typed)).toMatch(at);
  else expect(withZone(typed)).toBe(at);
});
