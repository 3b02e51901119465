// Slots and tags on four real members: n0 leads at first, n1 is plain, n2 never leads, and n3 streams from n1.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { slotsOf, upstreamOf } from '../../support/slots-of.ts';

const TAGS: Readonly<Record<string, object>> = { n2: { nofailover: true }, n3: { replicatefrom: 'n1' } };
const DECO = { type: 'logical', database: 'postgres', plugin: 'test_decoding' };
const MATCHERS = [
  { name: 'unmanaged_0' },
  { name: 'unmanaged_1', type: 'logical' },
  { name: 'unmanaged_2', type: 'logical', plugin: 'test_decoding' },
  { name: 'unmanaged_3', type: 'logical', plugin: 'test_decoding', database: 'postgres' },
];

const namesOf = async (member: TestMember): Promise<string[]> => [...(await slotsOf(member)).keys()].toSorted();

async function keeps(member: TestMember, names: readonly string[], withinMs = 60_000): Promise<void> {
  const wanted = names.toSorted().join(' ');
  let found = '';
  await until(
    `${member.name} keeps ${wanted}`,
    async () => {
      found = (await namesOf(member)).join(' ');
      return found === wanted;
    },
    withinMs,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; it keeps ${found}`, { cause: error });
  });
}

async function tell(member: TestMember, tags: object): Promise<void> {
  const file = JSON.parse(await readFile(member.file, 'utf8')) as object;
  await writeFile(member.file, JSON.stringify({ ...file, tags }));
  member.signal('SIGHUP');
}

describe('slots and tags', () => {
  let cluster: TestCluster;
  let archive = '';
  let n0: TestMember, n1: TestMember, n2: TestMember, n3: TestMember;
  const status = async (): Promise<{ slots: Record<string, number>; retain_slots: string[] }> => {
    const line = (await cluster.storeDump()).split('\n').find((each) => each.includes('/status '));
    return JSON.parse(line?.slice(line.indexOf('{')) ?? '{}') as never;
  };

  /** What the consumer of deco does; tells how far it is. */
  const consumed = async (): Promise<number> => {
    await n0.sql("select count(*) from pg_logical_slot_get_changes('deco', null, null)");
    await n0.sql('checkpoint');
    return (await slotsOf(n0)).get('deco')?.at ?? Number.POSITIVE_INFINITY;
  };
  /** A copy that lacks the beginning of its WAL is copied anew, with growing pauses, once the consumer has moved on. */
  const healthy = async (): Promise<void> => {
    const reached = await consumed();
    for (const member of [n1, n3]) {
      const isThere = async (): Promise<boolean> => ((await slotsOf(member)).get('deco')?.at ?? 0) >= reached;
      await until(`deco is of use on ${member.name}`, isThere, 150_000);
      await until(`deco is ready on ${member.name}`, async () => {
        const { json } = await member.api('/kornak/explain');
        return JSON.stringify(json['unready_slots']) === '[]';
      });
    }
  };

  beforeAll(async () => {
    archive = await mkdtemp(join(tmpdir(), 'kornak-archive-'));
    // PostgreSQL runs as another user than the tests.
    await chmod(archive, 0o777);
    cluster = await prepareCluster({
      members: ['n0', 'n1', 'n2', 'n3'],
      dcs: {
        loop_wait: 2,
        ignore_slots: MATCHERS,
        slots: { perm: {} },
        postgresql: {
          use_pg_rewind: true,
          parameters: {
            wal_level: 'logical',
            wal_log_hints: 'on',
            max_replication_slots: 20,
            archive_mode: 'on',
            archive_command: `while [ -e ${archive}/slow ]; do sleep 0.1; done; test -f ${archive}/%f || cp %p ${archive}/%f`,
            restore_command: `cp ${archive}/%f %p`,
          },
        },
      },
      more: (name) => ({ tags: TAGS[name] ?? {} }),
    });
    [n0, n1, n2, n3] = cluster.members as [TestMember, TestMember, TestMember, TestMember];
    n0.start();
    await cluster.primary();
    for (const member of [n1, n2, n3]) member.start();
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(archive, { recursive: true, force: true });
  });

  test('replicatefrom streams from its upstream through its own slot there (C1)', async () => {
    await until('n3 streams from n1', async () => (await upstreamOf(n3)) === String(n1.port), 90_000);
    await until(
      'n3 is told as streaming',
      async () => (await n3.api('/patroni')).json['replication_state'] === 'streaming',
    );
    await until('its slot there is in use', async () => (await slotsOf(n1)).get('n3')?.isActive === true);
  });

  test('each member keeps the slots of all others and the permanent ones, but who never leads (P1, P2, P3)', async () => {
    await keeps(n0, ['n1', 'n2', 'n3', 'perm']);
    await keeps(n1, ['n0', 'n2', 'n3', 'perm']);
    await keeps(n3, ['n0', 'n1', 'n2', 'perm']);
    await n0.api('/config', { method: 'PATCH', body: { slots: { perm: {}, deco: DECO } } });
    await keeps(n0, ['deco', 'n1', 'n2', 'n3', 'perm']);
    await keeps(n1, ['deco', 'n0', 'n2', 'n3', 'perm']);
    await keeps(n3, ['deco', 'n0', 'n1', 'n2', 'perm']);
    await keeps(n2, []);
  }, 180_000);

  test('a permanent slot named like a member is that member’s slot (P4)', async () => {
    await n0.api('/config', { method: 'PATCH', body: { slots: { n3: {}, perm: {}, deco: DECO } } });
    await until('it is no retained one', async () => {
      const { retain_slots: retained } = await status();
      return retained.includes('n2') && !retained.includes('n3');
    });
    await keeps(n3, ['deco', 'n0', 'n1', 'n2', 'perm']);
    await keeps(n0, ['deco', 'n1', 'n2', 'n3', 'perm']);
    await keeps(n2, []);
  });

  test('/status tells of all slots, and retains those of members (P6, P7)', async () => {
    const told = await status();
    expect(Object.keys(told.slots).toSorted()).toEqual(['deco', 'n0', 'n1', 'n2', 'n3', 'perm']);
    expect(told.retain_slots).toEqual(['n0', 'n1', 'n2']);
  });

  test('positions follow on replicas, never beyond what is replayed (P5) (known failure 23) (known failure 59)', async () => {
    await n0.sql('create table t as select generate_series(1, 10000) as n');
    await healthy();
    const reached = await consumed();
    for (const member of [n1, n3]) {
      await until(
        `deco moves on ${member.name}`,
        async () => ((await slotsOf(member)).get('deco')?.at ?? 0) >= reached,
      );
      await until(`n2 moves on ${member.name}`, async () => ((await slotsOf(member)).get('n2')?.at ?? 0) >= reached);
      const [replayed] = await member.sql("select (pg_last_wal_replay_lsn() - '0/0')::float8 as at");
      for (const slot of (await slotsOf(member)).values())
        expect(slot.at).toBeLessThanOrEqual(Number(replayed?.['at']));
    }
  }, 120_000);

  test('a slot that keeps no WAL is made anew (known failure 17)', async () => {
    await n0.sql("select pg_drop_replication_slot('perm')");
    await n0.sql("select pg_create_physical_replication_slot('perm')").catch(() => undefined);
    await until('perm keeps WAL', async () => typeof (await slotsOf(n0)).get('perm')?.at === 'number');
  });

  test('a slot that is defined otherwise is made as it should be, and standbys are not restarted again and again (known failure 65) (known failure 38)', async () => {
    const startedAt = async () => (await n1.sql('select pg_postmaster_start_time()::text as at'))[0]?.['at'];
    const before = await startedAt();
    await n0.sql("select pg_drop_replication_slot('deco')");
    await n0.sql("select pg_create_logical_replication_slot('deco', 'pgoutput')").catch(() => undefined);
    await until('deco is as it should be', async () => (await slotsOf(n0)).get('deco')?.plugin === 'test_decoding');
    await n0.sql('insert into t select generate_series(1, 100)');
    await n0.sql("select count(*) from pg_logical_slot_get_changes('deco', null, null)");
    expect(await startedAt()).toBe(before);
  });

  test('slots keep in step while the store is silent, the one of who cascades too (F9, F11) (known failure 37)', async () => {
    await n0.api('/config', { method: 'PATCH', body: { failsafe_mode: true } });
    await until('/failsafe names all', async () => {
      const { json } = await n0.api('/failsafe');
      return Object.keys(json).length === cluster.members.length;
    });
    await healthy();
    await until('n3 is only with n1', async () => {
      const slot = (await slotsOf(n0)).get('n3');
      return slot?.isActive === false && !slot.hasXmin && (await upstreamOf(n3)) === String(n1.port);
    });
    for (const member of cluster.etcd.members) member.freeze();
    try {
      await until('the members carry the lead', async () => {
        const { json } = await n0.api('/patroni');
        return json['failsafe_mode_is_active'] === true;
      });
      await n0.sql('insert into t select generate_series(1, 1000)');
      const reached = await consumed();
      const moves = async (member: TestMember, name: string): Promise<unknown> =>
        until(`${name} moves on ${member.name}`, async () => ((await slotsOf(member)).get(name)?.at ?? 0) >= reached);
      await Promise.all([moves(n1, 'deco'), moves(n3, 'deco'), moves(n1, 'n0'), moves(n0, 'n3')]);
    } finally {
      await cluster.etcd.heal();
    }
    await until(
      'the store answers again',
      async () => (await n0.api('/patroni')).json['failsafe_mode_is_active'] !== true,
    );
    await n0.api('/config', { method: 'PATCH', body: { failsafe_mode: false } });
  }, 180_000);

  test('slots that nobody needs go; those that are to be ignored stay, through a change of roles and back (I1) (known failure 68)', async () => {
    for (const { name } of MATCHERS)
      await n0.sql(`select pg_create_logical_replication_slot('${name}', 'test_decoding')`);
    await n0.sql("select pg_create_physical_replication_slot('stray', true)");
    const ignored = MATCHERS.map(({ name }) => name);
    await keeps(n0, ['deco', 'n1', 'n2', 'n3', 'perm', ...ignored]);
    await until('n1 streams', async () => (await upstreamOf(n1)) === String(n0.port));
    // What archives slowly holds up no switchover (known failure 68).
    await writeFile(join(archive, 'slow'), '');
    const { code, stderr, stdout } = await cluster.ctl(
      'switchover',
      cluster.scope,
      '--leader',
      'n0',
      '--candidate',
      'n1',
      '--force',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Successfully switched over to "n1"');
    expect(await n0.log()).toContain('still archives WAL: it is left to that');
    await rm(join(archive, 'slow'));
    await until('n0 follows n1', async () => (await upstreamOf(n0)) === String(n1.port), 90_000);
    await keeps(n0, ['deco', 'n1', 'n2', 'n3', 'perm', ...ignored], 90_000);
    await keeps(n1, ['deco', 'n0', 'n2', 'n3', 'perm']);
    for (const name of ignored) await n0.sql(`select pg_drop_replication_slot('${name}')`);
  }, 240_000);

  test('after a failover nothing is missing, the failed leader’s slot neither (P8) (known failure 29) (known failure 34)', async () => {
    await n1.killNode();
    const survivor = await cluster.primary(90_000, n1);
    const others = cluster.members.filter((member) => member !== survivor && member !== n2).map(({ name }) => name);
    await keeps(survivor, ['deco', 'perm', 'n2', ...others], 90_000);
    await until('n3 streams from who leads', async () => {
      const standby = survivor === n3 ? n0 : n3;
      return (await upstreamOf(standby)) === String(survivor.port);
    });
    // A standby that is started again to get a logical slot is away for a moment.
    await until('nobody who is away holds back vacuum', async () =>
      [...(await slotsOf(survivor)).values()].every(({ isActive, hasXmin }) => isActive || !hasXmin),
    );
    expect((await status()).retain_slots).toContain('n1');
  }, 240_000);

  test('a node that returns keeps a slot for the leader that holds back nothing (P9) (known failure 34)', async () => {
    const leader = await cluster.primary();
    n1.start();
    await until('n1 streams', async () => (await upstreamOf(n1)) === String(leader.port), 90_000);
    const others = cluster.members.filter((member) => member !== n1).map(({ name }) => name);
    await keeps(n1, ['deco', 'perm', ...others], 120_000);
    await until('it has no xmin', async () => (await slotsOf(n1)).get(leader.name)?.hasXmin === false);
  }, 240_000);

  test('nostream: WAL from the archive only, no slot anywhere, and no logical slots (N1, N2, N3)', async () => {
    const leader = await cluster.primary();
    await tell(n2, { nostream: true });
    await until('n2 recovers from the archive', async () => {
      const { json } = await n2.api('/patroni');
      return json['replication_state'] === 'in archive recovery';
    });
    await leader.sql('create table archived as select 1 as n');
    await leader.sql('select pg_switch_wal()');
    await until('what was archived arrives', async () => (await n2.sql('select n from archived')).length === 1, 60_000);
    await until('nobody is told of a slot of n2', async () => {
      const told = await status();
      return !Object.hasOwn(told.slots, 'n2') && !told.retain_slots.includes('n2');
    });
    expect(await namesOf(leader)).not.toContain('n2');
    const slots = await slotsOf(n2);
    expect([...slots.values()].filter(({ kind }) => kind === 'logical')).toEqual([]);
    expect(Object.keys((await status()).slots)).toContain('deco');
  }, 180_000);

  test('noloadbalance keeps readers away', async () => {
    const leader = await cluster.primary();
    const replica = leader === n0 ? n1 : n0;
    expect((await replica.api('/replica')).status).toBe(200);
    await tell(replica, { noloadbalance: true });
    await until('/replica answers 503', async () => (await replica.api('/replica')).status === 503);
    expect((await replica.api('/health')).status).toBe(200);
  });
});
