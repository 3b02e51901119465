// Synchronous replication by priority on a real cluster: scenarios B1 to B5, B8 and S1 to S3 of the contract.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { answers, historyText, patchConfig, retag, settled, syncKey, waitsFor } from '../../support/sync-cluster.ts';

const PLACEHOLDER = '__patroni_strict_sync_replica_placeholder__';

describe('synchronous replication by priority', () => {
  let cluster: TestCluster;
  let zero: TestMember;
  let one: TestMember;
  let two: TestMember;
  beforeAll(async () => {
    cluster = await prepareCluster({ members: ['pg0', 'pg1', 'pg2'], dcs: { synchronous_mode: true, loop_wait: 2 } });
    [zero, one, two] = cluster.members as [TestMember, TestMember, TestMember];
  });
  afterAll(() => cluster.stop());

  test('B1: a leader alone is in /sync and waits for nobody; strict mode waits for the placeholder', async () => {
    zero.start();
    await cluster.primary();
    await settled(cluster, zero, { voters: [], quorum: 0, names: '' });
    await patchConfig(zero, { synchronous_mode_strict: true });
    await settled(cluster, zero, { voters: [], quorum: 0, names: PLACEHOLDER });
    await patchConfig(zero, { synchronous_mode_strict: null });
    await settled(cluster, zero, { voters: [], quorum: 0, names: '' });
  });

  test('S1: a member of priority 0 is never a synchronous standby', async () => {
    await retag(one, { sync_priority: 0 });
    one.start();
    await cluster.streaming(1);
    await until('it follows', async () => (await one.api('/async')).status === 200);
    await settled(cluster, zero, { voters: [], quorum: 0, names: '' });
  });

  test('S2: of two the higher priority is chosen', async () => {
    await retag(one, { sync_priority: 1 });
    await settled(cluster, zero, { voters: ['pg1'], quorum: 0, names: 'pg1' });
    await retag(two, { sync_priority: 2 });
    two.start();
    await settled(cluster, zero, { voters: ['pg2'], quorum: 0, names: 'pg2' });
    await answers(two, '/sync', 200);
    await answers(one, '/sync', 503);
    await answers(one, '/async', 200);
    await answers(one, '/read-only-sync', 503);
    await answers(two, '/read-only-sync', 200);
    expect((await cluster.ctl('list')).stdout).toContain('Sync Standby');
  });

  test('S3: the boolean wins over the priority beside it, both ways', async () => {
    await retag(two, { nosync: true, sync_priority: 2 });
    await settled(cluster, zero, { voters: ['pg1'], quorum: 0, names: 'pg1' });
    await retag(two, { nosync: false, sync_priority: 0 });
    await retag(one, { nosync: true });
    await settled(cluster, zero, { voters: ['pg2'], quorum: 0, names: 'pg2' });
    await retag(one, {});
    await retag(two, {});
  });

  test('B2: a synchronous standby that is stopped asks to be left out first; the other takes its place', async () => {
    const voter = (await syncKey(cluster))?.sync_standby ?? '';
    const stopped = cluster.member(voter);
    stopped.signal('SIGTERM');
    await stopped.exited();
    expect(await stopped.log()).toContain('waiting to be out of /sync');
    const other = stopped === one ? two : one;
    await settled(cluster, zero, { voters: [other.name], quorum: 0, names: other.name });
    stopped.start();
    await cluster.streaming();
    await settled(cluster, zero, { voters: [other.name], quorum: 0, names: other.name });
  });

  test('B4: with a count of two both are in /sync; with one again it is one that streams', async () => {
    await patchConfig(zero, { synchronous_node_count: 2 });
    await settled(cluster, zero, { voters: ['pg1', 'pg2'], quorum: 0, names: '2 (pg1,pg2)' });
    const refused = await zero.api('/config', { method: 'PATCH', body: { synchronous_node_count: 0 } });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('synchronous_node_count: 0')]);
    await patchConfig(zero, { synchronous_node_count: 1 });
    await until('one is left', async () => ['pg1', 'pg2'].includes(await waitsFor(zero)));
  });

  test('B3: a standby whose replay stands still is replaced when it lags too far', async () => {
    const stuck = cluster.member((await syncKey(cluster))?.sync_standby ?? '');
    const other = stuck === one ? two : one;
    await patchConfig(zero, {
      maximum_lag_on_syncnode: 65_536,
      postgresql: { parameters: { synchronous_commit: 'remote_apply' } },
    });
    await until('remote_apply is in force', async () => {
      const rows = await zero.sql('show synchronous_commit');
      return rows[0]?.['synchronous_commit'] === 'remote_apply';
    });
    // In pause only: otherwise replay is resumed.
    await patchConfig(zero, { pause: true });
    await until('the pause is in force', async () => (await stuck.api('/patroni')).json['pause'] === true);
    await stuck.sql('select pg_wal_replay_pause()');
    await zero.sql(
      'set synchronous_commit = local; create table wide as select g, md5(g::text) from generate_series(1, 5000) g',
    );
    await settled(cluster, zero, { voters: [other.name], quorum: 0, names: other.name });
    await stuck.sql('select pg_wal_replay_resume()');
    await patchConfig(zero, {
      pause: null,
      maximum_lag_on_syncnode: null,
      postgresql: { parameters: { synchronous_commit: null } },
    });
  });

  test('a standby that dies without a word does not hold up commits for a minute', async () => {
    await until('synchronous_commit is on', async () => {
      const rows = await zero.sql('show synchronous_commit');
      return rows[0]?.['synchronous_commit'] === 'on';
    });
    const victim = cluster.member((await syncKey(cluster))?.sync_standby ?? '');
    const other = victim === one ? two : one;
    await victim.freeze();
    const commit = zero.sql('create table after_the_freeze (n int)');
    commit.catch(() => undefined);
    await settled(cluster, zero, { voters: [other.name], quorum: 0, names: other.name });
    await commit;
    await victim.thaw();
    await cluster.streaming();
  });

  test('B5, B8: the synchronous standby follows a leader that dies; strict mode keeps the dead leader’s name', async () => {
    await patchConfig(zero, { synchronous_mode_strict: true, synchronous_node_count: 1 });
    const winner = cluster.member((await syncKey(cluster))?.sync_standby ?? '');
    const other = winner === one ? two : one;
    await retag(other, { nosync: true });
    await until('it is told', async () => (await zero.api('/cluster')).text.includes('"nosync": true'));
    await zero.killNode();
    await cluster.primary(40_000, zero);
    expect(await syncKey(cluster)).toEqual({ leader: winner.name, quorum: 0, sync_standby: 'pg0' });
    await settled(cluster, winner, { voters: ['pg0'], quorum: 0, names: 'pg0' });
    await until('the log warns', async () =>
      (await winner.log()).includes(
        'No active replication connections from Patroni members and synchronous_mode_strict is requested',
      ),
    );
    await until('/history tells', async () => (await historyText(cluster)).includes('no recovery target specified'));
    zero.start();
    await cluster.streaming();
    await settled(cluster, winner, { voters: ['pg0'], quorum: 0, names: 'pg0' });
  });

  test('a failover to an asynchronous member while the leader lives: it has everything first', async () => {
    await patchConfig(await cluster.primary(), { synchronous_mode_strict: null });
    const leader = await cluster.streaming();
    const [named] = cluster.others(leader).filter((member) => member !== zero);
    if (named === undefined) throw new Error('no member is asynchronous');
    await answers(named, '/async', 200);
    const writer = new CountingWriter(cluster);
    await writer.start();
    const asked = { leader: leader.name, candidate: named.name };
    expect(await leader.api('/switchover', { method: 'POST', body: asked })).toMatchObject({ status: 412 });
    const { code, stdout } = await cluster.ctl('failover', cluster.scope, '--candidate', named.name, '--force');
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Successfully failed over to "${named.name}"`)]);
    await writer.acknowledges();
    await writer.stop();
    expect(await cluster.streaming()).toBe(named);
    expect(await writer.lost()).toEqual([]);
    expect((await syncKey(cluster))?.leader).toBe(named.name);
  });
});
