// Without the store, on real programs: failsafe mode is on in clusters that we bootstrap.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { sleep } from '../../support/real-clock.ts';

/** In seconds: an agent that is killed is back within it, on a busy machine too. */
const LEADER_TTL = 6;
/** Longer than the lease of a leader and than that of a member's promise. */
const OUTAGE_MS = 9_000;
/** Longer than any promise that was given before a promotion. */
const PROMISED_MS = 8_000;
const REPORTED_MS = 12_000;

const isActive = async (member: TestMember): Promise<boolean> =>
  (await member.api('/patroni')).json['failsafe_mode_is_active'] === true;

const readsOnly = async (member: TestMember): Promise<boolean> => {
  const rows = await member.sql('select pg_is_in_recovery() as reads').catch(() => [{ reads: undefined }]);
  return rows[0]?.['reads'] === true;
};

const timelineOf = async (member: TestMember): Promise<unknown> =>
  (await member.sql('select timeline_id from pg_control_checkpoint()'))[0]?.['timeline_id'];

describe('three members', () => {
  let cluster: TestCluster;
  let writer: CountingWriter;

  beforeAll(async () => {
    cluster = await prepareCluster({ dcs: { synchronous_mode: true, kornak: { leader_ttl: LEADER_TTL } } });
    cluster.startAll();
    await cluster.streaming();
    await cluster.synchronous();
  });
  afterAll(() => cluster.stop());
  // A test that failed must not leave the next one without a store.
  afterEach(() => cluster.etcd.heal());

  const etcd = () => {
    const [member] = cluster.etcd.members;
    if (member === undefined) throw new Error('no etcd');
    return member;
  };

  async function synchronousStandby(leader: TestMember): Promise<TestMember> {
    const [row] = await leader.sql(
      "select application_name as name from pg_stat_replication where sync_state = 'sync'",
    );
    return cluster.member(String(row?.['name']));
  }

  async function carried(): Promise<void> {
    for (const member of cluster.members)
      await until(`${member.name} says that failsafe mode is active`, () => isActive(member), REPORTED_MS);
  }

  async function back(): Promise<void> {
    await cluster.etcd.heal();
    await cluster.streaming();
    await cluster.synchronous();
    for (const member of cluster.members)
      await until(`${member.name} is done with failsafe mode`, async () => !(await isActive(member)));
  }

  test('it is on by default, and every member is in /failsafe (F1, F4)', async () => {
    const leader = await cluster.streaming();
    expect((await leader.api('/config')).json).toMatchObject({ failsafe_mode: true });
    const expected = Object.fromEntries(
      cluster.members.map(({ name, apiPort }) => [name, `http://127.0.0.1:${apiPort}/patroni`]),
    );
    for (const member of cluster.members)
      await until(`${member.name} tells the map`, async () => {
        const { status, json } = await member.api('/failsafe');
        return status === 200 && JSON.stringify(json) === JSON.stringify(expected);
      });
    expect(await leader.api('/failsafe', { method: 'POST', body: { name: 'x' } })).toMatchObject({
      status: 500,
      text: 'Running as a leader',
    });
  });

  test.each<[string, () => void | Promise<void>]>([
    ['frozen: all endpoints silent, the watch looks alive (known failure 66)', () => etcd().freeze()],
    ['killed: connections refused (F10) (known failure 15) (known failure 80)', () => etcd().kill()],
  ])('the store is %s: the primary stays, and no write is lost', async (_, take) => {
    const leader = await cluster.streaming();
    const timeline = await timelineOf(leader);
    writer = new CountingWriter(cluster);
    await writer.start();
    await take();
    await carried();
    expect((await leader.api('/primary')).status).toBe(200);
    expect((await leader.api('/failsafe')).status).toBe(200);
    await sleep(OUTAGE_MS);
    await writer.acknowledges();
    expect(await leader.api('/patroni')).toMatchObject({ status: 200, json: { role: 'primary' } });
    await back();
    await writer.acknowledges();
    await writer.stop();
    expect(await cluster.streaming()).toBe(leader);
    expect(await timelineOf(leader)).toBe(timeline);
    expect(await writer.lost()).toEqual([]);
    expect(await leader.log()).not.toContain('PostgreSQL killed');
  });

  test('a promise is on disk; an agent that starts anew under it, with its PostgreSQL, follows on and acknowledges', async () => {
    const leader = await cluster.streaming();
    const replica = await synchronousStandby(leader);
    writer = new CountingWriter(cluster);
    await writer.start();
    await etcd().kill();
    await carried();
    const names = await readdir(replica.dir, { recursive: true });
    const file = names.find((name) => basename(name) === 'promises.json') ?? 'no promises.json';
    expect(JSON.parse(await readFile(join(replica.dir, file), 'utf8'))).toMatchObject({
      promises: [{ leader: leader.name }],
    });
    await replica.killAgent();
    await replica.killPostgres();
    replica.start();
    await until('it streams from whom it followed', async () => {
      const rows = await replica.sql('select sender_port from pg_stat_wal_receiver where status = $1', ['streaming']);
      return rows[0]?.['sender_port'] === leader.port;
    });
    // Commits wait for that very standby: without it there would be none before the store is back.
    await writer.acknowledges();
    expect((await leader.api('/primary')).status).toBe(200);
    await back();
    await writer.acknowledges();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
  });

  test('a member is lost while the store is: the primary steps down, and serves reads (F6) (known failure 69)', async () => {
    const leader = await cluster.streaming();
    const [replica] = cluster.others(leader);
    if (replica === undefined) throw new Error('no replica');
    writer = new CountingWriter(cluster);
    await writer.start();
    await etcd().kill();
    await carried();
    await replica.killNode();
    await until(
      'the primary accepts no writes any more',
      async () => (await leader.api('/primary')).status === 503,
      20_000,
    );
    await until('it serves reads', () => readsOnly(leader));
    replica.start();
    await back();
    await writer.acknowledges();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
  });

  test('the leader is lost while the store is: a listed replica wins, and stays (F7) (known failure 48)', async () => {
    const leader = await cluster.streaming();
    writer = new CountingWriter(cluster);
    await writer.start();
    await etcd().kill();
    await carried();
    await leader.killNode();
    await cluster.etcd.heal();
    const winner = await cluster.primary(40_000, leader);
    await writer.acknowledges();
    await sleep(PROMISED_MS);
    await writer.acknowledges();
    expect(await cluster.primary(5_000, leader)).toBe(winner);
    expect(await winner.log()).not.toContain('PostgreSQL killed: the leader lease is lost: the members');
    leader.start();
    await back();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
  });
});
