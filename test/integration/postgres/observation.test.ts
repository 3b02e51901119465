import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LSN_ZERO, lsnFromText } from '../../../src/core/model/lsn.ts';
import { LocalServer } from '../../../src/postgres/local-server.ts';
import { Postmaster } from '../../../src/postgres/postmaster.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually, sleep } from '../../support/real-clock.ts';

describe('what is told about a running server', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;
  let b: PostgresMember;

  beforeAll(async () => {
    a = await bench.primary('a');
    b = await bench.standby('b', a);
    await a.sql('CREATE TABLE t (n int)');
  });
  afterAll(() => bench.close());

  const isIdle = async (): Promise<boolean> => (await a.primaryStatus()).sync.checkpointerIdleSinceReload;

  test('a server runs although an agent that has just started cannot read its pid file, or has no programs', async () => {
    const running = (await a.server.observe(3_000)).postmaster;
    expect(running).toBeDefined();
    const unread = new Postmaster(a.options, () => undefined);
    expect(unread.find()).toEqual(running);
    unread.close();

    const programless = new LocalServer({ ...a.options, binDir: '/nowhere' });
    const { data, postmaster, health } = await programless.observe(3_000);
    programless.close();
    expect({ data: data.kind, postmaster, leftovers: health.leftovers }).toEqual({
      data: 'unreadable',
      postmaster: running,
      leftovers: 0,
    });
  });

  test('the checkpointer counts as having read the settings only once it was idle after the reload', async () => {
    await eventually('idle at first', isIdle);
    await a.sql('INSERT INTO t SELECT generate_series(1, 300000)');
    const checkpointer = Number(
      (await a.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))[0]?.['pid'],
    );
    const busy = await a.connect();
    process.kill(checkpointer, 'SIGSTOP');
    try {
      // An idle one that does not run shows the very event of idleness, with the signal waiting for it.
      await a.server.applySettings({ ...SETTINGS, syncNames: '"b"' }, 3_000);
      await eventually('the new list is shown', async () => (await a.primaryStatus()).sync.names === '"b"');
      for (let look = 0; look < 5; look += 1) expect(await isIdle()).toBe(false);
    } finally {
      process.kill(checkpointer, 'SIGCONT');
    }
    await eventually('proven', isIdle);
    await busy.end();
  });

  test('a walsender counts as having read the settings only once it has: its place in the list may tell nothing', async () => {
    const rowOfB = async () => (await a.primaryStatus()).senders.find(({ name }) => name === 'b');
    const hasRead = async (): Promise<boolean> => (await rowOfB())?.hasReadSettings === true;
    await a.server.applySettings({ ...SETTINGS, syncNames: 'ANY 1 (b,c)' }, 3_000);
    await eventually('read at first', hasRead);
    const walsender = Number((await a.sql('SELECT pid FROM pg_stat_replication'))[0]?.['pid']);
    process.kill(walsender, 'SIGSTOP');
    try {
      await a.server.applySettings({ ...SETTINGS, syncNames: 'ANY 2 (b,c)' }, 3_000);
      await eventually('the checkpointer has read it', async () => {
        return (await a.primaryStatus()).sync.names === 'ANY 2 (b,c)' && (await isIdle());
      });
      for (let look = 0; look < 5; look += 1)
        expect(await rowOfB()).toMatchObject({ syncPriority: 1, hasReadSettings: false });
    } finally {
      process.kill(walsender, 'SIGCONT');
    }
    await eventually('read', hasRead);
    await a.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication WHERE application_name = 'b'");
    await eventually('one that started after the reload has read it, too', hasRead);
    await a.server.applySettings(SETTINGS, 3_000);
    await eventually('no list', async () => (await a.primaryStatus()).sync.names === '');
  });

  test('one that never rests is seen to have read them, too', async () => {
    const client = await a.connect();
    await a.server.applySettings({ ...SETTINGS, syncNames: 'b' }, 3_000);
    const writer = { isOver: false };
    const writing = (async () => {
      await client.query('SET synchronous_commit = off');
      while (!writer.isOver) await client.query('INSERT INTO t SELECT generate_series(1, 20000)');
    })();
    try {
      for (const syncNames of ['ANY 1 (b,c)', 'ANY 1 (b)', 'ANY 1 (b,c)']) {
        await a.server.applySettings({ ...SETTINGS, syncNames }, 3_000);
        await eventually(`${syncNames} is read by all`, async () => {
          const { sync, senders } = await a.primaryStatus();
          return sync.names === syncNames && senders.length === 1 && senders.every((row) => row.hasReadSettings);
        });
      }
    } finally {
      writer.isOver = true;
      await writing;
    }
    await client.end();
    await a.server.applySettings(SETTINGS, 3_000);
    await eventually('no list', async () => (await a.primaryStatus()).sync.names === '');
  });

  test('what is told with that proof is above every commit that did not wait before it', async () => {
    const checkpointer = Number(
      (await a.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))[0]?.['pid'],
    );
    const client = await a.connect();
    for (let round = 0; round < 5; round += 1) {
      await a.server.applySettings(SETTINGS, 3_000);
      await eventually('no list', async () => (await a.primaryStatus()).sync.names === '' && (await isIdle()));
      process.kill(checkpointer, 'SIGSTOP');
      await a.server.applySettings({ ...SETTINGS, syncNames: '"nobody"' }, 3_000);
      await eventually('the new list is shown', async () => (await a.primaryStatus()).sync.names === '"nobody"');
      let acknowledged = LSN_ZERO;
      const writer = { isOver: false };
      const writing = (async () => {
        while (!writer.isOver) {
          await client.query('INSERT INTO t VALUES (1)');
          const row = (await client.query<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at')).rows[0];
          acknowledged = lsnFromText(row?.at ?? '') ?? acknowledged;
        }
      })();
      const looking = a.primaryStatus();
      await sleep(4 * (round + 1));
      process.kill(checkpointer, 'SIGCONT');
      let status = await looking;
      while (!status.sync.checkpointerIdleSinceReload) status = await a.primaryStatus();
      writer.isOver = true;
      expect(status.flushLsn >= acknowledged).toBe(true);
      await a.server.applySettings(SETTINGS, 3_000);
      await writing;
    }
    await client.end();
  });

  test('during a forced checkpoint it stays unproven', async () => {
    // What fsync has to write out makes the checkpoint take its time.
    const durable = { ...SETTINGS, parameters: { ...SETTINGS.parameters, fsync: 'on' } };
    await a.server.applySettings(durable, 3_000);
    await eventually('no list', async () => (await a.primaryStatus()).sync.names === '' && (await isIdle()));
    const client = await a.connect();
    await client.query('INSERT INTO t SELECT generate_series(1, 6000000)');
    let isDone = false;
    const checkpoint = client.query('CHECKPOINT').finally(() => {
      isDone = true;
    });
    const checkpointer = "SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'checkpointer'";
    await eventually('it runs', async () => {
      return isDone || (await a.sql(checkpointer))[0]?.['wait_event'] !== 'CheckpointerMain';
    });
    await a.server.applySettings({ ...durable, syncNames: '"nobody"' }, 3_000);
    let looks = 0;
    for (;;) {
      const { sync } = await a.primaryStatus();
      if (isDone) break;
      if (sync.names === '"nobody"') {
        expect(sync.checkpointerIdleSinceReload).toBe(false);
        looks += 1;
      }
    }
    await checkpoint;
    await client.end();
    expect(looks).toBeGreaterThan(0);
    await eventually('proven afterwards', isIdle);
    await a.server.applySettings(SETTINGS, 3_000);
    await eventually('no list', async () => (await a.primaryStatus()).sync.names === '');
  });

  test('an ALTER SYSTEM of whom commits wait for does not last where that is ours to say', async () => {
    await a.sql('ALTER SYSTEM SET synchronous_standby_names = DEFAULT');
    await a.sql("ALTER SYSTEM SET synchronous_standby_names = ''");
    await a.server.applySettings({ ...SETTINGS, syncNames: '"b"' }, 3_000);
    await eventually('ours is in force', async () => (await a.primaryStatus()).sync.names === '"b"');
    await a.server.applySettings(SETTINGS, 3_000);
    await eventually('no list', async () => (await a.primaryStatus()).sync.names === '');
    const client = await a.connect();
    await client.query("ALTER SYSTEM SET synchronous_standby_names = 'mine'");
    await a.server.applySettings({ ...SETTINGS, managesSync: false }, 3_000);
    await eventually("the user's own stays where it is not ours", async () => {
      return (await a.primaryStatus()).sync.names === 'mine';
    });
    await client.query('ALTER SYSTEM RESET synchronous_standby_names');
    await a.server.applySettings(SETTINGS, 3_000);
    await eventually('no list', async () => (await a.primaryStatus()).sync.names === '');
    await client.end();
  });

  test('a standby that was started again does not know what it had until it has replayed it', async () => {
    const before = await b.standbyStatus();
    expect(before.replayedAll).toBe(true);
    await b.sql('SELECT pg_wal_replay_pause()');
    await eventually('paused', async () => (await b.standbyStatus()).replayPaused);
    await a.sql('INSERT INTO t SELECT generate_series(1, 50000)');
    const sent = await a.server.flushLsn(1_000);
    await eventually('b has received it', async () => (await b.standbyStatus()).receivedLsn >= (sent ?? 0n));
    const paused = await b.standbyStatus();
    expect(paused.replayedLsn < paused.receivedLsn).toBe(true);
    expect(paused.replayedAll).toBe(true);
    await b.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    const delayed = { ...SETTINGS, parameters: { ...SETTINGS.parameters, recovery_min_apply_delay: '1h' } };
    await b.done({ kind: 'startStandby', follow: undefined, settings: delayed });
    const restarted = await b.standbyStatus();
    expect(restarted.replayedAll).toBe(false);
    expect(restarted.receivedLsn < paused.receivedLsn).toBe(true);
    await b.server.run(
      { kind: 'follow', follow: undefined, settings: SETTINGS },
      { mayPromote: () => Promise.resolve(false), progress: () => {}, isCancelled: () => false, onCancel: () => {} },
      performance.now() + 3_000,
    );
    await eventually('all is replayed', async () => (await b.standbyStatus()).replayedAll);
    expect((await b.standbyStatus()).receivedLsn >= paused.receivedLsn).toBe(true);
    await b.done({ kind: 'follow', follow: a.asTarget('b'), settings: SETTINGS });
    await b.streams();
  });

  test('a slot is told with the connection that holds it', async () => {
    const status = await a.primaryStatus();
    expect(status.senders.map(({ name, slot }) => ({ name, slot }))).toEqual([{ name: 'b', slot: 'b' }]);
    expect(await a.server.dropSlot('absent', 1_000)).toMatchObject({ kind: 'done' });
    expect(await a.server.dropSlot('b', 1_000)).toMatchObject({ kind: 'failed' });
  });

  test('a frozen server is unknown within the budget, and known again afterwards', async () => {
    const { postmaster } = await a.observe();
    const backend = Number(
      (await a.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'Kornak heartbeat'"))[0]?.['pid'],
    );
    const pids = [postmaster?.pid ?? 0, backend];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const beganMs = performance.now();
    const frozen = await a.server.observe(300);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    expect(frozen.sql.kind).toBe('unknown');
    expect(frozen.starting).toBe(false);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await eventually('known again', async () => (await a.observe()).sql.kind === 'seen');
  });

  test('a lost connection is told at once', async () => {
    await a.primaryStatus();
    a.changes.length = 0;
    await a.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'Kornak heartbeat'");
    await eventually('it is told', () => a.changes.includes('the connection to the server was lost'));
    expect((await a.observe()).sql.kind).toBe('seen');
  });
});
