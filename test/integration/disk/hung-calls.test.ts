// A file system call that does not come back, as a pipe that nobody writes to: no disk and no rights are needed for it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { known } from '../../../src/core/model/seen.ts';
import { LocalServer } from '../../../src/postgres/local-server.ts';
import { until } from '../../support/kornak-cluster.ts';
import { realClock } from '../../support/real-clock.ts';

const BUDGET_MS = 300;
const diskProgram = resolve(import.meta.dirname, '../../../dist/postgres/disk/main.js');
let dir: string;
let server: LocalServer;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kornak-hung-'));
  mkdirSync(join(dir, 'data/global'), { recursive: true });
  mkdirSync(join(dir, 'data/pg_wal'));
  mkdirSync(join(dir, 'kornak'));
  writeFileSync(join(dir, 'data/global/pg_control'), 'nonsense');
  const login = { username: 'postgres' };
  server = new LocalServer({
    dataDir: join(dir, 'data'),
    stateDir: join(dir, 'kornak'),
    listenAddresses: '127.0.0.1',
    port: 1,
    localHost: '127.0.0.1',
    database: 'postgres',
    superuser: login,
    replication: login,
    localParameters: {},
    initdbOptions: [],
    usePgRewind: true,
    basebackupOptions: [],
    scope: 'hung',
    memberName: 'a',
    clock: realClock,
    diskProgram,
  });
});

afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

test('a call that hangs costs a look no more than its budget, again and again (known failure 77)', async () => {
  await until('it looks', async () => (await server.observe(2_000)).data.kind === 'unreadable');
  execFileSync('mkfifo', [join(dir, 'data/postmaster.pid')]);
  for (let look = 0; look < 8; look += 1) {
    const beganMs = performance.now();
    const seen = await server.observe(BUDGET_MS);
    expect(seen.data.kind).toBe('unreadable');
    expect(performance.now() - beganMs).toBeLessThan(BUDGET_MS * 5);
  }
  // The agent's own threads are free for everything else.
  expect(await readFile(join(dir, 'data/global/pg_control'), 'utf8')).toBe('nonsense');
  writeFileSync(join(dir, 'data/postmaster.pid'), '');
});

test('records of divergences that cannot be read hold up nothing, however often they are asked for', async () => {
  const path = join(dir, 'kornak/divergence/20260101T000000.json');
  mkdirSync(join(dir, 'kornak/divergence'));
  execFileSync('mkfifo', [path]);
  const asked = Array.from({ length: 8 }, () => server.divergences(BUDGET_MS));
  for (const each of await Promise.allSettled(asked)) expect(each.status).toBe('rejected');
  expect(await readFile(join(dir, 'data/global/pg_control'), 'utf8')).toBe('nonsense');
  writeFileSync(path, '');
  rmSync(path);
  expect(await server.divergences()).toEqual([]);
});

test('storage that vanishes is told, and raises nothing (known failure 62)', async () => {
  await until('the disks are told of', async () => {
    const { health } = await server.observe(1_000);
    return known(health.storage)?.some(({ use, state }) => use === 'state' && state === 'ok') === true;
  });
  rmSync(join(dir, 'data'), { recursive: true });
  rmSync(join(dir, 'kornak'), { recursive: true });
  expect((await server.observe(1_000)).data).toEqual({ kind: 'empty' });
});
