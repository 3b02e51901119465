import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../../../src/postgres/process-table.ts';
import { receiverProcesses } from '../../../src/postgres/receiver-process.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually, sleep } from '../../support/real-clock.ts';

describe('cutting the receiver off', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;
  let b: PostgresMember;

  beforeAll(async () => {
    a = await bench.primary('a');
    b = await bench.standby('b', a);
    await a.sql('CREATE TABLE t AS SELECT generate_series(1, 1000) AS n');
  });
  afterAll(() => bench.close());

  const postmasterOf = async (member: PostgresMember) => {
    const { postmaster } = await member.observe();
    if (postmaster === undefined) throw new Error('no postmaster');
    return postmaster;
  };
  const receivers = async () => receiverProcesses(await postmasterOf(b));
  const cutOff = { kind: 'cutOff', settings: SETTINGS } as const;
  const again = async (): Promise<void> => {
    await b.done({ kind: 'follow', follow: a.asTarget('b'), settings: SETTINGS });
    await b.streams();
  };

  test('one that streams ends, and its end is told', async () => {
    await b.standbyStatus();
    b.changes.length = 0;
    await b.done(cutOff);
    expect(await receivers()).toEqual([]);
    await eventually('the end is told', () => b.changes.includes('the WAL receiver ended'));
    await a.sql('INSERT INTO t VALUES (0)');
    await sleep(1_200); // Longer than wal_retrieve_retry_interval: it would be back by now.
    expect(await receivers()).toEqual([]);
  });

  test('settings written afterwards do not bring it back', async () => {
    expect(
      await b.server.applySettings({ ...SETTINGS, parameters: { ...SETTINGS.parameters, work_mem: '5MB' } }, 3_000),
    ).toEqual({ kind: 'done', facts: {} });
    await eventually('the setting is in force', async () => (await b.sql('SHOW work_mem'))[0]?.['work_mem'] === '5MB');
    expect(await receivers()).toEqual([]);
    expect((await b.standbyStatus()).upstream).toBeUndefined();
    await again();
    expect(await b.server.applySettings(SETTINGS, 3_000)).toEqual({ kind: 'done', facts: {} });
    expect((await b.standbyStatus()).upstream).toEqual({ host: '127.0.0.1', port: a.options.port });
  });

  test('started by its files it follows whom it followed, and nobody once it was cut off, or under another name', async () => {
    const stop = { kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'a test' } as const;
    const start = { kind: 'startStandby', follow: undefined, keepUpstream: true, settings: SETTINGS } as const;
    await b.done(stop);
    await b.done(start);
    await b.streams();
    expect((await b.standbyStatus()).receiver?.slot).toBe('b');
    await b.done(stop);
    const copied = await bench.member('copied', { dataDir: b.options.dataDir, stateDir: b.options.stateDir });
    await copied.done(start);
    expect((await copied.standbyStatus()).upstream).toBeUndefined();
    await copied.done(stop);
    await b.done(start);
    expect((await b.standbyStatus()).upstream).toBeUndefined();
    await again();
    await b.done(cutOff);
    await b.done(stop);
    await b.done(start);
    expect((await b.standbyStatus()).upstream).toBeUndefined();
    expect(await receivers()).toEqual([]);
    await again();
  });

  test('one that is still connecting to a frozen upstream ends too', async () => {
    const frozen = await postmasterOf(a);
    process.kill(frozen.pid, 'SIGSTOP');
    try {
      for (const { pid } of await receivers()) process.kill(pid, 'SIGTERM');
      await eventually('a receiver connects', async () => {
        const status = await b.standbyStatus();
        return status.receiverRuns && status.receiver === undefined;
      });
      await b.done(cutOff);
      expect(await receivers()).toEqual([]);
    } finally {
      process.kill(frozen.pid, 'SIGCONT');
    }
    await sleep(300);
    expect((await a.primaryStatus()).senders).toEqual([]);
    await again();
  });

  test('one ends although replay waits on a conflict', async () => {
    const reader = await b.connect();
    try {
      await b.sql("ALTER SYSTEM SET max_standby_streaming_delay = '-1'").catch(() => {});
      await b.server.applySettings(
        { ...SETTINGS, parameters: { ...SETTINGS.parameters, max_standby_streaming_delay: '-1' } },
        3_000,
      );
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await reader.query('SELECT count(*) FROM t');
      await a.sql('DELETE FROM t', 'VACUUM t', 'INSERT INTO t VALUES (1)');
      await eventually('replay waits', async () => {
        const rows = await b.sql("SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'startup'");
        return String(rows[0]?.['wait_event']).startsWith('RecoveryConflict');
      });
      const [receiver] = await receivers();
      await b.done(cutOff);
      expect(receiver === undefined || isAlive(receiver)).toBe(false);
      const before = await b.standbyStatus();
      expect(before.receivedLsn > before.replayedLsn).toBe(true);
      expect(before).toMatchObject({ timeline: 1, replayedAll: true });
      await a.sql('INSERT INTO t VALUES (2)');
      expect(await receivers()).toEqual([]);
      await reader.query('ROLLBACK');
      await eventually('replay goes on to the end', async () => {
        const status = await b.standbyStatus();
        return status.replayedLsn === before.receivedLsn;
      });
      expect(await receivers()).toEqual([]);
    } finally {
      await reader.end();
    }
    await again();
  });

  test('it is not done before the startup process has read it, which would ask for a receiver again', async () => {
    const [startup] = (await b.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'")).map(({ pid }) =>
      Number(pid),
    );
    if (startup === undefined) throw new Error('no startup process');
    process.kill(startup, 'SIGSTOP');
    try {
      expect(await b.failure(cutOff, { withinMs: 800 })).toContain('the startup process did not read');
      expect(await receivers()).toHaveLength(1);
    } finally {
      process.kill(startup, 'SIGCONT');
    }
    await b.done(cutOff);
    expect(await receivers()).toEqual([]);
    await again();
  });

  test('a receiver that does not end fails the job by its deadline', async () => {
    const [receiver] = await receivers();
    if (receiver === undefined) throw new Error('no receiver');
    process.kill(receiver.pid, 'SIGSTOP');
    try {
      expect(await b.failure(cutOff, { withinMs: 800 })).toContain(`pid ${receiver.pid}`);
    } finally {
      process.kill(receiver.pid, 'SIGCONT');
    }
  });
});
