import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, until } from '../../support/kornak-cluster.ts';
import { sleep } from '../../support/real-clock.ts';

const OUTAGE_MS = 20_000;

describe('three etcd members, without failsafe mode', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await prepareCluster({ etcdMembers: 3, dcs: { synchronous_mode: true, failsafe_mode: false } });
    cluster.startAll();
    await cluster.streaming();
    await cluster.synchronous();
  });
  afterAll(() => cluster.stop());

  test('one of them is lost: nothing happens', async () => {
    const leader = await cluster.streaming();
    const timeline = await leader.sql('select timeline_id from pg_control_checkpoint()');
    await cluster.etcd.members[0]?.kill();
    const writer = new CountingWriter(cluster);
    await writer.start();
    // Longer than any lease of a leader: what had to happen would have happened.
    await sleep(12_000);
    await writer.acknowledges();
    await writer.stop();
    expect(await cluster.streaming()).toBe(leader);
    expect(await leader.sql('select timeline_id from pg_control_checkpoint()')).toEqual(timeline);
    expect(await writer.lost()).toEqual([]);
    await cluster.etcd.heal();
  });

  test('all of them are lost for a while: the leader steps down by its deadline, and serves again soon after', async () => {
    const leader = await cluster.streaming();
    const writer = new CountingWriter(cluster);
    await writer.start();
    await writer.acknowledges();
    await Promise.all(cluster.etcd.members.map((member) => member.kill()));
    const startMs = performance.now();
    await until(
      'nobody accepts writes',
      async () => {
        const rows = await leader.sql('select pg_is_in_recovery() as reads').catch(() => [{ reads: true }]);
        return rows[0]?.['reads'] === true;
      },
      15_000,
    );
    await sleep(Math.max(0, OUTAGE_MS - (performance.now() - startMs)));
    await cluster.etcd.heal();
    await writer.acknowledges();
    await writer.stop();
    await cluster.streaming();
    expect(await writer.lost()).toEqual([]);
  });

  test('nonsense in its keys does no harm', async () => {
    const leader = await cluster.streaming();
    const put = async (key: string, value: string) => {
      const base64 = (text: string) => Buffer.from(text).toString('base64');
      const body = JSON.stringify({ key: base64(`/service/${cluster.scope}/${key}`), value: base64(value) });
      const answer = await fetch(`${cluster.etcd.endpoints[0]}/v3/kv/put`, { method: 'POST', body });
      expect(answer.ok).toBe(true);
    };
    for (const key of [
      'config',
      'failover',
      'status',
      'history',
      'members/x',
      'members/b',
      'initialize',
      'sync',
      'kornak/events',
      'unknown/key',
    ]) {
      await put(key, '\u0000{nonsense');
    }
    const writer = new CountingWriter(cluster);
    await writer.start();
    await writer.acknowledges();
    await until(
      'the identity is told again',
      async () => (await cluster.ctl('list')).stdout.match(/\(\d{10,}\)/) !== null,
    );
    await writer.acknowledges();
    await writer.stop();
    expect(await cluster.streaming()).toBe(leader);
    expect(await writer.lost()).toEqual([]);
  });
});
