import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { PASSWORDS, prepareCluster, type TestCluster, until } from '../../support/kornak-cluster.ts';

describe('an asynchronous cluster of three', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await prepareCluster();
    cluster.startAll();
  });
  afterAll(() => cluster.stop());

  test('initialises itself, clones two replicas and streams', async () => {
    const primary = await cluster.streaming();
    const rows = await primary.sql('select slot_name, active from pg_replication_slots order by 1');
    expect(rows).toEqual(cluster.others(primary).map((member) => ({ slot_name: member.name, active: true })));
    const roles = await primary.sql(
      "select rolname, rolpassword like 'SCRAM-SHA-256$%' as scram from pg_authid where rolpassword is not null order by 1",
    );
    expect(roles).toEqual(['postgres', 'replicator', 'rewinder'].map((rolname) => ({ rolname, scram: true })));
  });

  test('answers as HAProxy would ask', async () => {
    const primary = await cluster.streaming();
    const codes = async (path: string) =>
      await Promise.all(cluster.members.map(async (member) => (await member.api(path)).status));
    const pattern = (leading: number, following: number) =>
      cluster.members.map((member) => (member === primary ? leading : following));
    for (const [path, expected] of [
      ['/primary', pattern(200, 503)],
      ['/master', pattern(200, 503)],
      ['/replica', pattern(503, 200)],
      ['/health', pattern(200, 200)],
    ] as const) {
      await until(
        `${path} answers ${expected.join(' ')}`,
        async () => JSON.stringify(await codes(path)) === JSON.stringify(expected),
        15_000,
      );
    }
  });

  test('switches over on request without losing anything, and the old primary follows', async () => {
    const before = await cluster.streaming();
    const writer = new CountingWriter(cluster);
    await writer.start();
    const [candidate] = cluster.others(before);
    const { code, stdout, stderr } = await cluster.ctl(
      'switchover',
      cluster.scope,
      '--leader',
      before.name,
      '--candidate',
      candidate?.name ?? '',
      '--force',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Successfully switched over to "${candidate?.name}"`);
    expect(await cluster.streaming()).toBe(candidate);
    await writer.acknowledges();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
  });

  test('who was promoted needs no restart when settings change', async () => {
    const leader = await cluster.streaming();
    const body = { postgresql: { parameters: { work_mem: '6MB' } } };
    expect((await leader.api('/config', { method: 'PATCH', body })).status).toBe(200);
    await until('the setting is in force', async () => (await leader.sql('show work_mem'))[0]?.['work_mem'] === '6MB');
    expect(await leader.sql('select name from pg_settings where pending_restart')).toEqual([]);
  });

  test('survives a PostgreSQL that is killed under its agent', async () => {
    const before = await cluster.streaming();
    const writer = new CountingWriter(cluster);
    await writer.start();
    await before.killPostgres();
    await writer.acknowledges();
    await cluster.streaming();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
  });

  test('a stopped leader releases its key, and another leads at once', async () => {
    const before = await cluster.streaming();
    before.signal('SIGTERM');
    expect(await before.exited()).toBe(0);
    expect(await before.postgresPids()).toEqual([]);
    await cluster.primary(15_000, before);
    before.start();
    await cluster.streaming();
  });

  test('tells its history and why it changed hands', async () => {
    const primary = await cluster.streaming();
    const history = await until('the history names the new leader', async () => {
      const entries = JSON.parse((await primary.api('/history')).text) as unknown[][];
      return entries.at(-1)?.[4] === primary.name ? entries : undefined;
    });
    expect(history.length).toBeGreaterThanOrEqual(2);
    const { code, stdout } = await cluster.ctl('explain', 'last-failover');
    expect(code).toBe(0);
    expect(stdout).toContain(primary.name);
    const { chain } = JSON.parse((await cluster.ctl('explain', 'last-failover', '--format', 'json')).stdout) as {
      chain: { leader: string; links: { link: string; after_ms: number | null }[] };
    };
    expect(chain.leader).toBe(primary.name);
    const names = chain.links.map(({ link }) => link);
    expect(names.slice(-4)).toEqual(['key gone', 'key taken', 'promote sent', 'writable']);
    // What one clock told cannot run backwards.
    expect(chain.links.slice(-3).filter(({ after_ms: afterMs }) => (afterMs ?? -1) < 0)).toEqual([]);
  });

  test('tells no password: not in a log, an answer, the store or the process list', async () => {
    const primary = await cluster.streaming();
    const answers = await Promise.all(
      ['/config', '/patroni', '/cluster', '/history', '/kornak/explain'].map(
        async (path) => (await primary.api(path)).text,
      ),
    );
    const stored = await cluster.storeDump();
    const processes = await Promise.all(
      (await allPids()).map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    );
    const logs = await Promise.all((await logFiles(cluster.dir)).map((file) => readFile(file, 'latin1')));
    expect(logs.length).toBeGreaterThanOrEqual(cluster.members.length * 3);
    for (const secret of Object.values(PASSWORDS)) {
      expect([...answers, stored, ...processes, ...logs].filter((text) => text.includes(secret))).toEqual([]);
    }
    const pgpass = await stat(join(primary.dir, 'data.kornak', 'pgpass'));
    expect((pgpass.mode & 0o777).toString(8)).toBe('600');
  });
});

async function allPids(): Promise<readonly string[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
}

async function logFiles(dir: string): Promise<readonly string[]> {
  return (await readdir(dir, { recursive: true }))
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(dir, name));
}
