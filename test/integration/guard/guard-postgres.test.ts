// The guard on a real PostgreSQL: a busy tree of backends dies to the last one, and the cluster comes up again read-only.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readProcess } from '../../../src/guard/process-table.ts';
import { freePorts } from '../../support/free-ports.ts';
import { GuardRig, present, printReaction, until } from './guard-rig.ts';

const binDir = '/usr/lib/postgresql/15/bin';
const asOwner = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
const sessions = 20;

let rig: GuardRig;
let port: number;

function command(program: string, args: readonly string[]): [string, string[]] {
  const [first = '', ...rest] = [...asOwner, join(binDir, program), ...args];
  return [first, rest];
}

function run(program: string, ...args: string[]): string {
  const [file, rest] = command(program, args);
  return execFileSync(file, rest, { cwd: '/', encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function sql(text: string): string {
  return run('psql', '-h', '127.0.0.1', '-p', String(port), '-U', 'boss', '-d', 'postgres', '-Atqc', text).trim();
}

function startServer(): void {
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  // A postmaster that was killed may stay a zombie where process 1 reaps nobody, and its lock file then looks alive.
  rmSync(join(rig.dataDir, 'postmaster.pid'), { force: true });
  run('pg_ctl', 'start', '-w', '-s', '-D', rig.dataDir, '-l', join(rig.dataDir, 'server.log'), '-o', options);
}

function postmaster() {
  const pid = Number(readFileSync(join(rig.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
  return { pid, startTicks: present(readProcess(pid)).startTicks };
}

beforeEach(async () => {
  rig = new GuardRig();
  port = present((await freePorts(1))[0]);
  chmodSync(join(rig.dataDir, '..'), 0o755);
  if (asOwner.length > 0) execFileSync('chown', ['postgres:', rig.dataDir]);
  run('initdb', '-D', rig.dataDir, '-U', 'boss', '-A', 'trust', '--no-sync');
  startServer();
});
afterEach(() => rig.dispose());

test('kills a busy server with all its sessions, and leaves it read-only', async () => {
  sql('create table written (id bigserial, at timestamptz default clock_timestamp())');
  const [file, args] = command('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', 'boss', '-d', 'postgres', '-q']);
  const clients = Array.from({ length: sessions }, () => {
    const client = spawn(file, args, { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
    client.stdin.on('error', () => {});
    client.stdin.write('do $$ begin loop insert into written default values; commit; end loop; end $$;\n');
    return client;
  });
  await until(() => rig.working() >= sessions + 5 || undefined);
  // The guard runs before the deadline is told: on a busy machine its start takes a while.
  await rig.client.state(20_000);
  const order = rig.order(postmaster(), 3_000);
  expect(await rig.client.arm(order, 5_000)).toMatchObject({ state: { kind: 'armed' } });
  expect(rig.working()).toBeGreaterThanOrEqual(sessions + 5);
  await until(() => rig.working() === 0 || undefined);
  printReaction(`${sessions} busy sessions`, order.deadlineMs);
  await rig.fired();
  for (const client of clients) client.kill('SIGKILL');
  await until(() => rig.hasStandbySignal() || undefined);
  startServer();
  expect(sql('select pg_is_in_recovery()')).toBe('t');
  expect(Number(sql('select count(*) from written'))).toBeGreaterThan(0);
}, 60_000);

test('leaves a server alone whose deadline is moved in time', async () => {
  const { pid } = postmaster();
  await rig.client.state(20_000);
  for (let push = 0; push < 10; push += 1) {
    await rig.client.arm(rig.order(postmaster(), 3_000), 5_000);
    await sleep(500);
  }
  expect(sql('select 1')).toBe('1');
  expect(postmaster().pid).toBe(pid);
  await rig.client.disarm(5_000);
}, 60_000);
