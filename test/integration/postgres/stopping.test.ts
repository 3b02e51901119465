import { chownSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allProcesses, title } from '../../../src/postgres/process-table.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { processesIn } from '../../support/processes.ts';
import { eventually } from '../../support/real-clock.ts';

describe('ending a server', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;

  beforeAll(async () => {
    a = await bench.primary('a');
  });
  afterAll(() => bench.close());

  const postmasterOf = async (member: PostgresMember) => {
    const { postmaster } = await member.observe();
    if (postmaster === undefined) throw new Error(`${member.options.memberName} does not run`);
    return postmaster;
  };
  const start = () => a.done({ kind: 'startPrimary', settings: SETTINGS });
  const busy = async (count: number): Promise<void> => {
    const endless = 'DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$';
    for (let index = 0; index < count; index += 1) {
      const client = await a.connect();
      client.query(endless).catch(() => {});
    }
    const running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'";
    await eventually('all are busy', async () => (await a.sql(running)).length === count);
  };

  test('kill leaves no process, busy ones neither, and a directory that comes up read-only', async () => {
    await busy(3);
    const program = await a.connect();
    program.query("COPY (SELECT 1) TO PROGRAM 'cd / && sleep 1000'").catch(() => {});
    await eventually('the program runs', () => allProcesses().some(({ pid }) => title(pid) === 'sleep 1000'));
    expect(await a.server.kill(2_000)).toEqual({ kind: 'done', facts: {} });
    expect(await processesIn(a.options.dataDir)).toEqual([]);
    expect(existsSync(join(a.options.dataDir, 'standby.signal'))).toBe(true);
    const seen = await a.observe();
    expect(seen.postmaster).toBeUndefined();
    expect(seen.data).toMatchObject({ kind: 'cluster', standbySignal: true, control: { state: 'in production' } });
    expect(a.changes).toContain('the postmaster ended');
  });

  test('crash recovery in single-user mode makes a clean shutdown of it', async () => {
    await a.done({ kind: 'recoverCrash' });
    const { data } = await a.observe();
    expect(data).toMatchObject({ kind: 'cluster', standbySignal: true, control: { state: 'shut down' } });
  });

  test('a start ends what a killed postmaster left', async () => {
    await start();
    await busy(1);
    const { postmaster } = await a.observe();
    process.kill(postmaster?.pid ?? 0, 'SIGKILL');
    await eventually('the end is told', async () => (await a.observe()).postmaster === undefined);
    expect((await processesIn(a.options.dataDir)).length).toBeGreaterThan(0);
    await start();
    expect((await a.primaryStatus()).kind).toBe('primary');
  });

  test('what does not stop when asked is killed by the deadline', async () => {
    const { postmaster } = await a.observe();
    process.kill(postmaster?.pid ?? 0, 'SIGSTOP');
    const facts = await a.done(
      { kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' },
      { withinMs: 1_500 },
    );
    expect(facts.shutdownLsn).toBeUndefined();
    expect(await processesIn(a.options.dataDir)).toEqual([]);
  });

  test('an immediate stop is no clean one', async () => {
    await start();
    await busy(1);
    const facts = await a.done({ kind: 'stop', mode: 'immediate', checkpointFirst: false, why: 'test' });
    expect(facts).toEqual({});
    await start();
  });

  test('a stop that is asked for twice is done', async () => {
    const stop = { kind: 'stop', mode: 'fast', checkpointFirst: true, why: 'test' } as const;
    const { shutdownLsn } = await a.done(stop);
    expect(await a.done(stop)).toEqual({ shutdownLsn, timeline: 1 });
  });

  test('what is killed while it starts stays down', async () => {
    const starting = a.run({ kind: 'startPrimary', settings: SETTINGS });
    // Stopped at first sight, so that it cannot be ready before it is killed.
    await eventually('it has begun', async () => {
      const pids = await processesIn(a.options.dataDir);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      return pids.length > 0;
    });
    expect(await a.server.kill(2_000)).toMatchObject({ kind: 'done' });
    expect(await starting).toMatchObject({ kind: 'failed' });
    const before = a.run({ kind: 'startPrimary', settings: SETTINGS });
    expect(await a.server.kill(2_000)).toMatchObject({ kind: 'done' });
    expect(await before).toMatchObject({ kind: 'failed' });
    expect(await processesIn(a.options.dataDir)).toEqual([]);
  });

  test('a stop that may leave the archiver is done once the WAL is whole; a standby waits for it, a primary does not (known failure 68)', async () => {
    const archive = bench.directory('archive');
    const slow = join(archive, 'slow');
    const archive_command = `while [ -e ${slow} ]; do sleep 0.1; done; cp %p ${archive}/%f`;
    const settings = { ...SETTINGS, parameters: { ...SETTINGS.parameters, archive_mode: 'on', archive_command } };
    const stop = { kind: 'stop', mode: 'fast', checkpointFirst: false, leavesArchiver: true, why: 'test' } as const;
    const segments = () => readdirSync(archive).filter((name) => /^[0-9A-F]{24}$/.test(name));
    writeFileSync(slow, '');
    await a.done({ kind: 'startPrimary', settings });
    const { shutdownLsn } = await a.done(stop);
    const seen = await a.observe();
    expect(seen).toMatchObject({ data: { control: { state: 'shut down', checkpointLsn: shutdownLsn } } });
    expect([seen.postmaster, seen.health.leftovers]).toEqual([undefined, 0]);
    expect((await processesIn(a.options.dataDir)).length).toBeGreaterThan(0);
    // Whoever leads on cannot wait.
    await a.done({ kind: 'startPrimary', settings });
    expect(segments()).toEqual([]);
    await a.done(stop);
    const waited: string[] = [];
    const standby = a.run(
      { kind: 'startStandby', follow: a.asTarget(undefined), settings },
      { onProgress: ({ text }) => waited.push(text) },
    );
    await eventually('the standby waits', () => waited.some((text) => text.includes('has archived its WAL')));
    expect((await a.observe()).postmaster).toBeUndefined();
    rmSync(slow);
    expect(await standby).toMatchObject({ kind: 'done' });
    expect(segments().length).toBeGreaterThan(0);
    expect((await a.standbyStatus()).kind).toBe('standby');
  });

  test.each([
    ['another program', () => Promise.resolve(process.pid)],
    ['the PostgreSQL of another directory', async () => (await postmasterOf(await bench.primary('other'))).pid],
  ] as const)('a pid file whose number has gone to %s is stale (known failure 85)', async (_, pidOf) => {
    const pid = await pidOf();
    const path = join(a.options.dataDir, 'postmaster.pid');
    if ((await a.observe()).postmaster !== undefined)
      await a.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    writeFileSync(path, `${pid}\n${a.options.dataDir}\n1\n${a.options.port}\n\n127.0.0.1\n   1234 5678\nready   \n`);
    if (bench.account !== undefined) chownSync(path, bench.account.uid, bench.account.gid);
    expect((await a.observe()).postmaster).toBeUndefined();
    expect(await a.server.kill(2_000)).toMatchObject({ kind: 'done' });
    await start();
    expect((await a.primaryStatus()).kind).toBe('primary');
    expect((await postmasterOf(a)).pid).not.toBe(pid);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });
});
