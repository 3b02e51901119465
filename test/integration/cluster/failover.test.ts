import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, until } from '../../support/kornak-cluster.ts';

describe('a synchronous cluster of three loses nothing it acknowledged', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    // An agent needs seconds to start here; the short lease of failsafe mode would not see it back.
    cluster = await prepareCluster({ dcs: { synchronous_mode: true, kornak: { leader_ttl: 6 } } });
    cluster.startAll();
    await cluster.streaming();
    await cluster.synchronous();
  });
  afterAll(() => cluster.stop());

  /** One fault to the leader under writes; then everybody is back and nothing is missing. */
  async function survives(
    fault: (leader: Awaited<ReturnType<TestCluster['primary']>>) => Promise<void>,
    repair: (leader: Awaited<ReturnType<TestCluster['primary']>>) => void,
  ): Promise<void> {
    const before = await cluster.streaming();
    await cluster.synchronous();
    const writer = new CountingWriter(cluster);
    await writer.start();
    await writer.acknowledges();
    await fault(before);
    await writer.acknowledges();
    repair(before);
    await cluster.streaming();
    await cluster.synchronous();
    await writer.acknowledges();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
    const counts = await until('every member has every row', async () => {
      const rows = await Promise.all(
        cluster.members.map((member) => member.sql('select count(*)::int as rows from counted')),
      );
      const numbers = rows.map((row) => row[0]?.['rows']);
      return new Set(numbers).size === 1 ? numbers : undefined;
    });
    expect(counts).toHaveLength(3);
  }

  test('when the node dies', () =>
    survives(
      (leader) => leader.killNode(),
      (leader) => leader.start(),
    ));

  test('when only PostgreSQL dies: a synchronous standby takes over, and the old leader follows it', async () => {
    const old = await cluster.streaming();
    await survives(
      async (leader) => {
        await leader.killPostgres();
        await cluster.primary(30_000, leader);
      },
      () => undefined,
    );
    expect(await old.log()).toContain('hands over after the crash');
  });

  test('when only the agent dies: its guard ends PostgreSQL by the deadline', async () => {
    await survives(
      async (leader) => {
        await leader.killAgent();
        await until('the guard has ended PostgreSQL', async () => (await leader.postgresPids()).length === 0);
      },
      (leader) => leader.start(),
    );
  });

  test('when the node freezes and thaws beside its successor', async () => {
    await survives(
      async (leader) => {
        await leader.freeze();
        await cluster.primary(40_000, leader);
        await leader.thaw();
      },
      () => undefined,
    );
  });

  test('an agent restarted within its lease carries on: same leader, same PostgreSQL (known failure 82)', async () => {
    const leader = await cluster.streaming();
    const before = await leader.sql('select pg_postmaster_start_time()::text as at');
    await leader.killAgent();
    leader.start();
    await until('its agent answers again', async () => (await leader.api('/primary')).status === 200);
    expect(await leader.sql('select pg_postmaster_start_time()::text as at')).toEqual(before);
    expect(await cluster.streaming()).toBe(leader);
  });

  test('divergence: what the old primary alone had is rewound, after it was recorded', async () => {
    const old = await cluster.streaming();
    await cluster.synchronous();
    for (const replica of cluster.others(old)) await replica.freeze();
    // Not waited for by the session, so that the WAL has something that nobody else has.
    await old
      .sql('set synchronous_commit = off; create table only_here (n int); select pg_switch_wal()')
      .catch(() => undefined);
    await old.killNode();
    for (const replica of cluster.others(old)) await replica.thaw();
    await cluster.primary(40_000, old);
    old.start();
    await cluster.streaming();
    expect(await old.log()).toMatch(/rewound|cloned/);
    const rows = await old.sql("select to_regclass('only_here')::text as it");
    expect(rows).toEqual([{ it: null }]);
  });
});
