// How a member comes back: cloned anew on request or because its WAL is gone, rewound, or given up by its leader.
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';

interface ToldRecord {
  readonly id: string;
  readonly member: string;
  readonly cause: string;
  readonly setAside: string | null;
  readonly state: string;
}

async function records(cluster: TestCluster): Promise<readonly ToldRecord[]> {
  const { stdout } = await cluster.ctl('divergence', 'list', cluster.scope, '--json');
  return (JSON.parse(stdout) as { divergences: ToldRecord[] }).divergences;
}

function aside(member: TestMember): readonly string[] {
  return readdirSync(member.dir).filter((name) => /^data\.(diverged|rewind|clone|bootstrap)-/.test(name));
}

const LATE_MS = 90_000;

/** The leader, once every other member follows it; a base backup streams too and is no follower. */
async function followed(cluster: TestCluster): Promise<TestMember> {
  const leader = await until(
    'every member follows the leader',
    async () => {
      const primary = await cluster.primary(1_000);
      const rows = await primary.sql(
        "select application_name as name from pg_stat_replication where state = 'streaming'",
      );
      const names = new Set(rows.map(({ name }) => String(name)));
      return cluster.others(primary).every(({ name }) => names.has(name)) ? primary : undefined;
    },
    LATE_MS,
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n${await cluster.lastWords()}`, { cause: error });
  });
  return leader;
}

describe('an asynchronous cluster with a replica to clone from', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await prepareCluster({
      dcs: {
        loop_wait: 2,
        postgresql: {
          use_pg_rewind: true,
          parameters: { wal_keep_size: '16MB', max_slot_wal_keep_size: '16MB', min_wal_size: '32MB', fsync: 'off' },
        },
      },
      more: (name) => (name === 'c' ? { tags: { clonefrom: true, nofailover: true } } : {}),
    });
    cluster.startAll();
    await followed(cluster);
  });
  afterAll(() => cluster.stop());

  const replica = async (): Promise<TestMember> => {
    const leader = await followed(cluster);
    const found = cluster.others(leader).find(({ name }) => name !== 'c');
    if (found === undefined) throw new Error('no replica but c');
    return found;
  };

  test('C1: reinitialise copies from the replica that offers itself, and moves the old data aside', async () => {
    const member = await replica();
    const leader = await followed(cluster);
    const refused = await leader.api('/reinitialize', { method: 'POST', body: { force: true } });
    expect([refused.status, refused.text]).toEqual([503, 'I am the leader, can not reinitialize']);
    const { stdout, code } = await cluster.ctl('reinit', cluster.scope, member.name, '--force', '--wait');
    expect(stdout).toContain(`Success: reinitialize for member ${member.name}`);
    expect(stdout).toContain(`Reinitialize is completed on: ${member.name}`);
    expect(code).toBe(0);
    await followed(cluster);
    expect(await member.log()).toContain('cloned from c');
    const [record] = (await records(cluster)).filter((each) => each.member === member.name);
    expect(record).toMatchObject({ cause: 'reinitialize', state: 'recorded' });
    expect(record?.setAside).toBe(join(member.dir, aside(member)[0] ?? ''));
    const discarded = await cluster.ctl(
      'divergence',
      'discard',
      cluster.scope,
      member.name,
      record?.id ?? '',
      '--force',
    );
    expect(discarded.code).toBe(0);
    expect(aside(member)).toEqual([]);
  });

  test('V1: a crashed primary is restarted in place, on its timeline', async () => {
    const leader = await followed(cluster);
    await leader.killPostgres();
    await followed(cluster);
    const rows = await leader.sql('select timeline_id from pg_control_checkpoint()');
    expect(rows).toEqual([{ timeline_id: 1 }]);
  });

  test('a replica whose WAL the leader has removed says so and is cloned anew', async () => {
    const member = await replica();
    await member.killNode();
    const leader = await cluster.primary(30_000, member);
    await leader.sql('create table filler (t text)');
    for (let round = 0; round < 6; round += 1) {
      await leader.sql("insert into filler select repeat('x', 1000) from generate_series(1, 2000)");
      await leader.sql('select pg_switch_wal()');
      await leader.sql('checkpoint');
    }
    member.start();
    await followed(cluster);
    expect(await member.log()).toMatch(/is cloned anew: .*(already been removed|replication slot|invalidated)/);
    expect((await records(cluster)).filter((each) => each.cause === 'reclone')).toHaveLength(1);
  });

  test('B6: what the old primary alone had is recorded, described and kept, and rewound (known failure 9)', async () => {
    const old = await followed(cluster);
    for (const other of cluster.others(old)) await other.freeze();
    // What is in the sockets of the frozen would reach them after all.
    await old.sql('select pg_terminate_backend(pid) from pg_stat_replication');
    await old.sql('create table only_here (n int)');
    await old.sql('insert into only_here select generate_series(1, 10)');
    await old.killNode();
    for (const other of cluster.others(old)) await other.thaw();
    await cluster.primary(60_000, old);
    old.start();
    await followed(cluster);
    expect(await old.sql("select to_regclass('only_here')::text as it")).toEqual([{ it: null }]);
    const record = (await records(cluster)).findLast((each) => each.cause === 'rewind');
    expect(record).toMatchObject({ member: old.name, state: 'recorded' });
    const { stdout } = await cluster.ctl('divergence', 'show', cluster.scope, old.name, record?.id ?? '', '--json');
    const whole = JSON.parse(stdout) as {
      transactions: { committed: number };
      kept: { directory: string };
      mayBeAcknowledged: boolean;
      relations: { name: string }[];
    };
    expect(whole.transactions.committed).toBeGreaterThanOrEqual(2);
    expect(whole.mayBeAcknowledged).toBe(true);
    expect(existsSync(whole.kept.directory)).toBe(true);
    expect(whole.kept.directory.startsWith(`${old.dataDir}/`)).toBe(false);
    expect(basename(whole.kept.directory)).toBe(record?.id);
    expect(whole.relations.length).toBeGreaterThan(0);
  });

  test('V3: a leader whose PostgreSQL cannot be started gives up, and comes back once it can', async () => {
    const old = await followed(cluster);
    const auto = join(old.dataDir, 'postgresql.auto.conf');
    const before = await readFile(auto, 'utf8');
    await appendFile(auto, 'this is no setting\n');
    await old.killPostgres();
    await cluster.primary(60_000, old);
    await writeFile(auto, before);
    await followed(cluster);
  });

  test('V2: with primary_start_timeout 0 a crash fails over at once', async () => {
    const changed = await cluster.ctl('edit-config', cluster.scope, '--set', 'primary_start_timeout=0', '--force');
    expect(changed.code).toBe(0);
    const old = await followed(cluster);
    await until('every member knows', async () => {
      const known = await Promise.all(cluster.members.map(async (each) => (await each.api('/config')).json));
      return known.every((config) => config['primary_start_timeout'] === 0);
    });
    // A leader that knows of nobody who could lead starts again instead.
    await until('every member has told that it is near enough', async () => {
      const { members } = (await old.api('/cluster')).json as {
        members: { role: string; state: string; lag?: number }[];
      };
      return members.every(({ role, state, lag }) => role === 'leader' || (state === 'streaming' && lag === 0));
    });
    await old.killPostgres();
    const next = await cluster.primary(60_000, old).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await cluster.lastWords()}`, { cause: error });
    });
    expect(next).not.toBe(old);
    await followed(cluster);
  });
});
