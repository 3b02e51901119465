// Failsafe mode while a cluster grows: a alone, then b restored from a backup, then c behind b. Without the store in between.
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decides } from '../../support/decisions.ts';
import { PASSWORDS, prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { sleep } from '../../support/real-clock.ts';
import { slotsOf, upstreamOf } from '../../support/slots-of.ts';

/** Longer than the lease of a leader. */
const OUTAGE_MS = 4_000;
const REPORTED_MS = 12_000;
const COPIED_MS = 90_000;
const DECO = { type: 'logical', database: 'postgres', plugin: 'test_decoding' };
const BASEBACKUP = '/usr/lib/postgresql/15/bin/pg_basebackup';
const AS_OWNER = userInfo().uid === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];

/** As a backup tool would leave it: no agent has seen it yet. */
async function restoreBackup(from: TestMember, to: TestMember): Promise<void> {
  const source = `host=127.0.0.1 port=${from.port} user=replicator password=${PASSWORDS.replication}`;
  const [program, ...args] = [...AS_OWNER, BASEBACKUP, '-D', to.dataDir, '-d', source, '-X', 'stream', '-c', 'fast'];
  await promisify(execFile)(program, args, { cwd: '/' });
}

const carries = (member: TestMember, isActive = true): Promise<unknown> =>
  until(
    `failsafe_mode_is_active of ${member.name} is ${isActive}`,
    async () => ((await member.api('/patroni')).json['failsafe_mode_is_active'] === true) === isActive,
    REPORTED_MS,
  );

async function lists(member: TestMember, names: readonly string[]): Promise<void> {
  await until(`${member.name} tells of ${names.join(', ')} in /failsafe`, async () => {
    const { status, json } = await member.api('/failsafe');
    return status === 200 && JSON.stringify(Object.keys(json)) === JSON.stringify(names);
  });
}

const has = (member: TestMember, n: number): Promise<unknown> =>
  until(`${member.name} has row ${n}`, async () => (await member.sql(`select n from t where n = ${n}`)).length === 1);

describe('failsafe mode from one member to three', () => {
  let cluster: TestCluster;
  let a: TestMember, b: TestMember, c: TestMember;

  beforeAll(async () => {
    cluster = await prepareCluster({
      dcs: { loop_wait: 2, postgresql: { parameters: { wal_level: 'logical' } } },
      more: (name) => (name === 'c' ? { tags: { replicatefrom: 'b' } } : {}),
    });
    [a, b, c] = cluster.members as [TestMember, TestMember, TestMember];
    a.start();
    await cluster.primary();
  });
  afterAll(() => cluster.stop());
  // A test that failed must not leave the next one without a store.
  afterEach(() => cluster.etcd.heal());

  const freezeStore = (): void => {
    for (const member of cluster.etcd.members) member.freeze();
  };

  test('a member alone stays primary without the store, and says so (F2)', async () => {
    await lists(a, ['a']);
    freezeStore();
    await carries(a);
    await sleep(OUTAGE_MS);
    await a.sql('create table t as select 1 as n');
    await until('the leader serves', async () => (await a.api('/primary')).status === 200);
    await cluster.etcd.heal();
    await carries(a, false);
  });

  test('who was restored from a backup and is not in /failsafe never leads, though the leader is dead (F3)', async () => {
    await restoreBackup(a, b);
    await a.killNode();
    b.start();
    expect(await decides(b, 'V47', 60_000)).toContain('not in /failsafe (a): may not lead');
    expect(await b.sql('select pg_is_in_recovery() as reads')).toEqual([{ reads: true }]);
    expect(await cluster.storeDump()).not.toContain(`/service/${cluster.scope}/leader `);
  });

  test('with the leader back both are in /failsafe (F4)', async () => {
    a.start();
    expect(await cluster.streaming(1)).toBe(a);
    await lists(a, ['a', 'b']);
    await lists(b, ['a', 'b']);
  });

  test('leader and replica without the store: writes go on, and permanent slots keep in step (F5)', async () => {
    await a.api('/config', { method: 'PATCH', body: { slots: { perm: {}, deco: DECO } } });
    const position = async (member: TestMember, name: string) => (await slotsOf(member)).get(name)?.at ?? 0;
    const consume = async (): Promise<number> => {
      await a.sql("select count(*) from pg_logical_slot_get_changes('deco', null, null)");
      await a.sql("select pg_replication_slot_advance('perm', pg_current_wal_flush_lsn())");
      await a.sql('checkpoint');
      return Math.min(await position(a, 'deco'), await position(a, 'perm'));
    };
    const follows = async (reached: number): Promise<unknown> =>
      Promise.all(
        ['deco', 'perm'].map((name) =>
          until(`${name} moves on b`, async () => (await position(b, name)) >= reached, COPIED_MS),
        ),
      );
    await until('a has both', async () => (await slotsOf(a)).has('perm') && (await slotsOf(a)).has('deco'));
    await follows(await consume());
    freezeStore();
    await Promise.all([carries(a), carries(b)]);
    await a.sql('insert into t values (2)');
    await has(b, 2);
    await follows(await consume());
    await until('the leader serves', async () => (await a.api('/primary')).status === 200);
    await cluster.etcd.heal();
    await carries(a, false);
  });

  test('a third one that cascades is in /failsafe, and has what is written (F8)', async () => {
    c.start();
    await until('c streams from b', async () => (await upstreamOf(c)) === String(b.port), COPIED_MS);
    for (const member of cluster.members) await lists(member, ['a', 'b', 'c']);
    await a.sql('insert into t values (3)');
    await has(c, 3);
  });
});
