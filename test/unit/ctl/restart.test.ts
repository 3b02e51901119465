import { expect, test } from 'vitest';
import type { ApiReply } from '../../../src/api/client.ts';
import { flushRestart } from '../../../src/ctl/commands/flush-restart.ts';
import { reload } from '../../../src/ctl/commands/reload.ts';
import { restart, type RestartOptions } from '../../../src/ctl/commands/restart.ts';
import { aSession, BATMAN, type FakeSession, member, STREAMS, type Told } from './a-session.ts';

const NONE: RestartOptions = {
  cluster: 'batman',
  members: [],
  role: 'any',
  isAny: false,
  scheduled: undefined,
  version: undefined,
  isPending: false,
  timeout: undefined,
  isForced: false,
};
const FORCED = { ...NONE, isForced: true };
const DONE: ApiReply = { kind: 'answered', status: 200, body: 'restarted successfully' };
const answered = (status: number, body: string): ApiReply => ({ kind: 'answered', status, body });
const session = (told: Told = {}): FakeSession => aSession({ clusters: { batman: BATMAN }, api: () => DONE, ...told });
const said = (open: FakeSession): readonly string[] => open.terminal.outLines.slice(1);
const PLANNED = {
  ...BATMAN,
  'members/postgresql1': member(
    35431,
    'replica',
    `${STREAMS},"scheduled_restart":{"schedule":"2030-01-01T00:00:00+00:00"},"pending_restart":true`,
  ),
};

test('restart shows the cluster, asks in this order, and asks each member', async () => {
  const open = session({ answers: ['', 'y', ''] });
  expect(await restart(NONE, open)).toBe(0);
  expect(open.terminal.questions).toEqual([
    'When should the restart take place (e.g. 2026-11-23T07:38)  [now]: ',
    'Are you sure you want to restart members postgresql0, postgresql1? [y/N]: ',
    'Restart if the PostgreSQL version is less than provided (e.g. 9.5.2)  []: ',
  ]);
  expect(open.calls.map(({ method, url, body }) => [method, url, body])).toEqual([
    ['POST', 'http://127.0.0.1:38008/restart', {}],
    ['POST', 'http://127.0.0.1:38009/restart', {}],
  ]);
  expect(said(open)).toEqual(['Success: restart on member postgresql0', 'Success: restart on member postgresql1']);
});

test('roles are judged by the leader key', async () => {
  const open = session();
  await restart({ ...FORCED, role: 'replica', timeout: '10' }, open);
  expect(open.calls).toMatchObject([{ url: 'http://127.0.0.1:38009/restart', body: { timeout: '10' } }]);
  await expect(restart({ ...FORCED, role: 'replica', members: ['postgresql0'] }, open)).rejects.toThrow(
    'No replica among provided members',
  );
});

test('--pending keeps those that wait for a restart', async () => {
  const open = session({ clusters: { batman: PLANNED } });
  await restart({ ...FORCED, isPending: true }, open);
  expect(open.calls).toMatchObject([{ url: 'http://127.0.0.1:38009/restart', body: { restart_pending: true } }]);
});

test('--any takes one', async () => {
  const open = session();
  await restart({ ...FORCED, isAny: true }, open);
  expect(open.calls).toHaveLength(1);
});

test('a schedule with --force takes back the one before it', async () => {
  const open = session({
    clusters: { batman: PLANNED },
    api: ({ method }) => answered(method === 'POST' ? 202 : 200, ''),
  });
  await restart({ ...FORCED, members: ['postgresql1'], scheduled: '2030-02-01T00:00+00:00' }, open);
  expect(open.calls.map(({ method }) => method)).toEqual(['DELETE', 'POST']);
  expect(open.calls[1]?.body).toEqual({ schedule: '2030-02-01T00:00:00+00:00' });
  expect(said(open)).toEqual(['Success: restart scheduled on member postgresql1']);
});

test.each<[ApiReply, string]>([
  [answered(409, 'x'), 'Failed: another restart is already scheduled on member postgresql1'],
  [answered(503, 'restart failed'), 'Failed: restart for member postgresql1, status code=503, (restart failed)'],
  [{ kind: 'unreachable', why: 'refused' }, 'Failed: restart for member postgresql1, refused'],
])('%j', async (reply, line) => {
  const open = session({ api: () => reply, isStrict: true });
  expect(await restart({ ...FORCED, members: ['postgresql1'] }, open)).toBe(1);
  expect(said(open)).toEqual([line]);
});

test('it is refused while paused, and where the answer is No', async () => {
  const paused = session({ clusters: { batman: { ...BATMAN, config: '{"pause":true}' } } });
  await expect(restart({ ...FORCED, scheduled: '2030-01-01T00:00Z' }, paused)).rejects.toThrow(
    "Can't schedule restart in the paused state",
  );
  await expect(restart({ ...NONE, scheduled: 'now' }, session({ answers: ['n'] }))).rejects.toThrow('Aborted restart');
});

test('reload asks each member, and says by when', async () => {
  const open = session({ answers: ['y'], api: () => answered(202, 'reload scheduled') });
  expect(await reload({ cluster: 'batman', members: [], role: 'leader', isForced: false }, open)).toBe(0);
  expect(open.calls).toMatchObject([{ method: 'POST', url: 'http://127.0.0.1:38008/reload' }]);
  expect(said(open)).toEqual([
    'Reload request received for member postgresql0 and will be processed within 10 seconds',
  ]);
});

test('flush takes back what is scheduled, and says where nothing is', async () => {
  const open = session({ clusters: { batman: PLANNED } });
  expect(await flushRestart({ cluster: 'batman', members: [], role: 'any', isForced: true }, open)).toBe(0);
  expect(open.calls.map(({ method, url }) => [method, url])).toEqual([['DELETE', 'http://127.0.0.1:38009/restart']]);
  expect(said(open)).toEqual([
    'No scheduled restart for member postgresql0',
    'Success: flush scheduled restart for member postgresql1',
  ]);
});
