import { expect, test } from 'vitest';
import { etcdDcs } from '../../../src/ctl/etcd-dcs.ts';
import { exitCodeOf } from '../../../src/ctl/main.ts';
import { ctlProgram } from '../../../src/ctl/program.ts';
import type { GlobalOptions } from '../../../src/ctl/program-parts.ts';
import { Aborted, Refusal } from '../../../src/ctl/refusal.ts';
import { aSession, BATMAN, type FakeSession } from './a-session.ts';

interface Ran {
  readonly code: number;
  readonly session: FakeSession;
  readonly opened: GlobalOptions | undefined;
}

async function run(...argv: readonly string[]): Promise<Ran> {
  const session = aSession({ clusters: { batman: BATMAN }, scope: 'batman' });
  let opened: GlobalOptions | undefined;
  let code = -1;
  const program = ctlProgram({
    terminal: session.terminal,
    ownVersion: () => '1.2.3',
    open(options) {
      opened = options;
      return Promise.resolve(session);
    },
    done(exitCode) {
      code = exitCode;
    },
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    code = exitCodeOf(error, session.terminal);
  }
  return { code, session, opened };
}

test('global options come before the command', async () => {
  const { code, opened, session } = await run(
    '-c',
    'f',
    '-d',
    'u',
    '-k',
    '--strict-exit',
    'list',
    'batman',
    '-f',
    'tsv',
  );
  expect(code).toBe(0);
  expect(opened).toMatchObject({ configFile: 'f', dcsUrl: 'u', insecure: true, strictExit: true });
  expect(session.terminal.text).toContain('batman\tpostgresql0');
});

test.each([
  { argv: ['list', '-f', 'json'], part: '"Member": "postgresql0"' },
  { argv: ['list', '-e', '-t'], part: 'Scheduled restart' },
  { argv: ['history', 'batman', '-f', 'yaml'], part: '[]' },
  { argv: ['show-config'], part: 'loop_wait: 10' },
  { argv: ['version'], part: 'kornakctl version 1.2.3' },
  { argv: ['explain'], part: 'Cluster batman: postgresql0 leads' },
  { argv: ['explain', 'last-failover', 'batman'], part: 'Cluster batman: postgresql0 leads' },
  { argv: ['explain', 'last-failover', 'x', '--format', 'json'], part: '"chain": null' },
  { argv: ['explain', 'x', '--json'], part: '"cluster": "x"' },
  { argv: ['switchover', '--force', '--leader', 'postgresql0'], part: 'falling back to DCS' },
  {
    argv: ['switchover', 'batman', '--primary', 'postgresql0', '--candidate', 'postgresql1', '--force'],
    part: 'falling back to DCS',
  },
  {
    argv: ['edit-config', 'batman', '-q', '-s', 'ttl=40', '-p', 'work_mem=8MB', '--force'],
    part: 'Configuration changed',
  },
  { argv: ['failover', '--candidate', 'postgresql1', '--force'], part: 'falling back to DCS' },
])('$argv runs', async ({ argv, part }) => {
  const { code, session } = await run(...argv);
  expect(session.terminal.text).toContain(part);
  expect(code).toBe(0);
});

test.each([
  { argv: ['nope'], code: 2 },
  { argv: ['list', '-x'], code: 2 },
  { argv: ['list', '-f', 'xml'], code: 2 },
  { argv: ['list', '-w', 'often'], code: 2 },
  { argv: ['bootstrap'], code: 2 },
  { argv: ['--help'], code: 0 },
  { argv: ['list', '--help'], code: 0 },
  { argv: ['switchover', '--leader', 'x', '--force'], code: 1 },
  { argv: ['switchover'], code: 1 },
  { argv: ['bootstrap', 'batman', '--member', 'x'], code: 1 },
])('$argv ends with $code', async ({ argv, code }) => {
  const ran = await run(...argv);
  expect(ran.code).toBe(code);
  expect(ran.session.calls).toEqual([]);
  expect(ran.session.written).toEqual([]);
});

test('what went wrong is told once', () => {
  const { terminal } = aSession({});
  expect(exitCodeOf(new Refusal('no'), terminal)).toBe(1);
  expect(exitCodeOf(new Aborted(), terminal)).toBe(1);
  expect(exitCodeOf(new Aborted('why'), terminal)).toBe(1);
  expect(terminal.talkLines).toEqual(['Error: no', 'Aborted!', 'Aborted! (why)']);
  expect(() => exitCodeOf(new TypeError('a mistake'), terminal)).toThrow('a mistake');
});

test('the store is read by one range below the cluster, and /failover written as it was read', async () => {
  const asked: unknown[] = [];
  const dcs = etcdDcs(
    {
      range(prefix) {
        asked.push(prefix);
        const keyValue = { key: '/service/batman/leader', value: 'a', createRevision: 1, modRevision: 5, leaseId: '7' };
        return Promise.resolve({ kind: 'ok', revision: 9, keyValues: [keyValue] });
      },
      txn(txn) {
        asked.push(txn);
        return Promise.resolve({ kind: 'done', revision: 10, reads: [], sentAtMs: 0 });
      },
    },
    'service',
  );
  const { view, config } = await dcs.read('batman');
  expect(view.leader?.name).toBe('a');
  expect(config).toBeUndefined();
  await dcs.writeFailover('batman', { candidate: 'b' }, 3);
  const key = '/service/batman/failover';
  expect(asked).toEqual([
    '/service/batman/',
    { compares: [{ target: 'mod', key, revision: 3 }], success: [{ kind: 'put', key, value: '{"member":"b"}' }] },
  ]);
});

test.each([
  { outcome: { kind: 'refused', revision: 1, reads: [], sentAtMs: 0 } as const, why: 'somebody else' },
  { outcome: { kind: 'notDone', why: 'x' } as const, why: 'nothing was written: x' },
  { outcome: { kind: 'unknown', why: 'x' } as const, why: 'it is unknown whether' },
])('a write that ends as $outcome.kind is told as such', async ({ outcome, why }) => {
  const silent = {
    range: () => Promise.resolve({ kind: 'unanswered', why: 'nobody' } as const),
    txn: () => Promise.resolve(outcome),
  };
  await expect(etcdDcs(silent, 's').writeFailover('c', {}, 1)).rejects.toThrow(why);
  await expect(etcdDcs(silent, 's').read('c')).rejects.toThrow('etcd does not answer: nobody');
});

test('the configuration is written only as it was read', async () => {
  const outcome = { kind: 'refused', revision: 1, reads: [], sentAtMs: 0 } as const;
  const txns: unknown[] = [];
  const store = {
    range: () => Promise.resolve({ kind: 'unanswered', why: 'nobody' } as const),
    txn(txn: unknown) {
      txns.push(txn);
      return Promise.resolve(outcome);
    },
  };
  const why = 'Config modification aborted due to concurrent changes';
  await expect(etcdDcs(store, 's').writeConfig('c', { ttl: 40 }, 7)).rejects.toThrow(why);
  const key = '/s/c/config';
  expect(txns).toEqual([
    { compares: [{ target: 'mod', key, revision: 7 }], success: [{ kind: 'put', key, value: '{"ttl":40}' }] },
  ]);
});
