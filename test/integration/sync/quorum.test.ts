// Quorum commit on a real cluster: scenarios Q1 to Q6 of the contract. The names need quotes in the setting.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { answers, patchConfig, retag, settled, syncKey, waitsFor } from '../../support/sync-cluster.ts';

const PLACEHOLDER = 'ANY 1 (__patroni_strict_sync_replica_placeholder__)';

describe('quorum commit', () => {
  let cluster: TestCluster;
  let zero: TestMember;
  let one: TestMember;
  let two: TestMember;
  beforeAll(async () => {
    cluster = await prepareCluster({
      members: ['postgres-0', 'postgres-1', 'postgres-2'],
      dcs: { synchronous_mode: 'quorum', loop_wait: 2 },
    });
    [zero, one, two] = cluster.members as [TestMember, TestMember, TestMember];
  });
  afterAll(() => cluster.stop());

  test('Q1: a leader alone stands in /sync and waits for nobody; in strict mode for nobody that there is (known failure 49) (known failure 57)', async () => {
    zero.start();
    await cluster.primary();
    await settled(cluster, zero, { voters: [], quorum: 0, names: '' });
    await patchConfig(zero, { synchronous_mode_strict: true });
    await settled(cluster, zero, { voters: [], quorum: 0, names: PLACEHOLDER });
    // What the agent itself does in the server waits for nobody (known failure 57).
    await answers(zero, '/primary', 200);
    await zero.killAgent();
    zero.start();
    await settled(cluster, zero, { voters: [], quorum: 0, names: PLACEHOLDER });
    // Who waits for a standby that is not there waits on, also when the agent that asked has long given up.
    const waiting = await zero.sql("SELECT application_name, query FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    expect(waiting).toEqual([]);
  });

  test('Q2: strict mode keeps the former leader among the voters and in the setting after a failover (known failure 86)', async () => {
    one.start();
    await settled(cluster, zero, { voters: ['postgres-1'], quorum: 0, names: 'ANY 1 ("postgres-1")' });
    await zero.killNode();
    await cluster.primary(40_000, zero);
    await settled(cluster, one, { voters: ['postgres-0'], quorum: 0, names: 'ANY 1 ("postgres-0")' });
    await until('the log says that commits wait', async () =>
      (await one.log()).includes(
        'No active replication connections from Patroni members and synchronous_mode_strict is requested',
      ),
    );
    zero.start();
    await cluster.streaming(1);
    await settled(cluster, one, { voters: ['postgres-0'], quorum: 0, names: 'ANY 1 ("postgres-0")' });
  });

  test('Q3: with three the quorum is one; a count of two makes it nothing', async () => {
    await patchConfig(one, { synchronous_mode_strict: null });
    two.start();
    const voters = ['postgres-0', 'postgres-2'];
    await settled(cluster, one, { voters, quorum: 1, names: 'ANY 1 ("postgres-0","postgres-2")' });
    await patchConfig(one, { synchronous_node_count: 2 });
    await settled(cluster, one, { voters, quorum: 0, names: 'ANY 2 ("postgres-0","postgres-2")' });
  });

  test('the quorum is not lowered while one walsender may still release commits by a former count', async () => {
    const voters = ['postgres-0', 'postgres-2'];
    await patchConfig(one, { synchronous_node_count: 1 });
    await settled(cluster, one, { voters, quorum: 1, names: 'ANY 1 ("postgres-0","postgres-2")' });
    const rows = await one.sql("SELECT pid FROM pg_stat_replication WHERE application_name = 'postgres-0'");
    const walsender = Number(rows[0]?.['pid']);
    process.kill(walsender, 'SIGSTOP');
    try {
      await patchConfig(one, { synchronous_node_count: 2 });
      await until('the log says who is waited for', async () =>
        (await one.log()).includes('waiting for the walsender of postgres-0 to have read that commits wait for ANY 2'),
      );
      expect(await waitsFor(one)).toBe('ANY 2 ("postgres-0","postgres-2")');
      expect(await syncKey(cluster)).toMatchObject({ quorum: 1 });
    } finally {
      process.kill(walsender, 'SIGCONT');
    }
    await settled(cluster, one, { voters, quorum: 0, names: 'ANY 2 ("postgres-0","postgres-2")' });
  });

  test('Q4: quorum and priority turn into each other', async () => {
    await patchConfig(one, { synchronous_mode: true });
    const voters = ['postgres-0', 'postgres-2'];
    await settled(cluster, one, { voters, quorum: 0, names: '2 ("postgres-0","postgres-2")' });
    await patchConfig(one, { synchronous_mode: 'quorum', synchronous_node_count: 1 });
    await settled(cluster, one, { voters, quorum: 1, names: 'ANY 1 ("postgres-0","postgres-2")' });
  });

  test('Q5: the voters say so over REST and in the list', async () => {
    await answers(two, '/quorum', 200);
    await answers(two, '/sync', 503);
    await answers(two, '/async', 503);
    await answers(two, '/read-only-quorum', 200);
    await answers(two, '/read-only-sync', 503);
    await answers(one, '/quorum', 503);
    await answers(one, '/read-only-quorum', 200);
    expect((await cluster.ctl('list')).stdout).toContain('Quorum Standby');
  });

  test('Q6: one tagged nosync leaves the voters and the setting', async () => {
    await retag(two, { nosync: true });
    await settled(cluster, one, { voters: ['postgres-0'], quorum: 0, names: 'ANY 1 ("postgres-0")' });
    await answers(two, '/quorum', 503);
    await answers(two, '/async', 200);
    await retag(two, {});
    await settled(cluster, one, {
      voters: ['postgres-0', 'postgres-2'],
      quorum: 1,
      names: 'ANY 1 ("postgres-0","postgres-2")',
    });
  });

  test('a failover loses nothing that was acknowledged, and the winner goes on with the voters that are left', async () => {
    const writer = new CountingWriter(cluster);
    await writer.start();
    await writer.acknowledges();
    await one.killNode();
    const winner = await cluster.primary(40_000, one);
    await writer.acknowledges();
    const [left] = cluster.others(winner).filter((member) => member !== one);
    await settled(cluster, winner, { voters: [left?.name ?? ''], quorum: 0, names: `ANY 1 ("${left?.name}")` });
    one.start();
    await cluster.streaming();
    await until('/sync names both', async () => (await syncKey(cluster))?.quorum === 1);
    await writer.acknowledges();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
  });
});
