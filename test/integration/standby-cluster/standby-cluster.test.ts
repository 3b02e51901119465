// Two real clusters: `near` follows `far`, then leads, and `far` follows it (the contract's scenarios D1 and D3 to D8).
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';

let far: TestCluster;
let near: TestCluster;
/** Of `far`: who leads when `near` is made, to the end. */
let source: TestMember;
let archive: string;

const calledFile = (member: TestMember): string => join(member.dir, 'called');
const called = async (member: TestMember): Promise<readonly string[]> =>
  (await readFile(calledFile(member), 'utf8').catch(() => '')).trim().split('\n').filter(Boolean);

async function withCallbacks(member: TestMember): Promise<void> {
  const script = join(member.dir, 'callback');
  await writeFile(script, `#!/bin/sh\necho "$@" >> ${calledFile(member)}\n`);
  await chmod(script, 0o755);
  const file = JSON.parse(await readFile(member.file, 'utf8')) as Record<string, object>;
  const callbacks = Object.fromEntries(['on_start', 'on_role_change'].map((action) => [action, script]));
  const changed = { ...file, postgresql: { ...file['postgresql'], callbacks } };
  await writeFile(member.file, JSON.stringify(changed), { mode: 0o600 });
}

/** The member that the store shows with this role, running. */
async function withRole(cluster: TestCluster, role: string, withinMs = 30_000): Promise<TestMember> {
  return await until(
    `${cluster.scope} has a ${role}`,
    async () => {
      for (const member of cluster.members) {
        const { json } = await member.api('/cluster').catch(() => ({ json: {} }));
        const members =
          'members' in json && Array.isArray(json['members']) ? (json['members'] as Record<string, unknown>[]) : [];
        const found = members.find(
          (each) =>
            each['role'] === role && ['running', 'streaming', 'in archive recovery'].includes(String(each['state'])),
        );
        if (found !== undefined) return cluster.member(String(found['name']));
      }
      return undefined;
    },
    withinMs,
  );
}

const codes = async (member: TestMember, paths: readonly string[]): Promise<readonly number[]> =>
  await Promise.all(paths.map(async (path) => (await member.api(path)).status));

const has = async (member: TestMember, table: string, withinMs = 30_000): Promise<void> => {
  await until(
    `${member.name} has ${table}`,
    async () => (await member.sql(`select 1 from ${table}`)).length > 0,
    withinMs,
  );
};

const streamsFrom = async (upstream: TestMember, name: string, slot: string): Promise<void> => {
  await until(`${name} streams from ${upstream.name} by ${slot}`, async () => {
    const rows = await upstream.sql(
      "select 1 from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where r.application_name = $1 and s.slot_name = $2 and r.state = 'streaming'",
      [name, slot],
    );
    return rows.length === 1;
  });
};

const patch = async (member: TestMember, body: unknown): Promise<number> =>
  (await member.api('/config', { method: 'PATCH', body })).status;

const timelineOf = async (member: TestMember): Promise<unknown> =>
  (await member.sql('select timeline_id as timeline from pg_control_checkpoint()'))[0]?.['timeline'];

beforeAll(async () => {
  const parameters = (dir: string) => ({
    wal_log_hints: 'on',
    wal_level: 'logical',
    archive_mode: 'on',
    archive_command: `test -e ${dir}/%f || cp %p ${dir}/%f`,
  });
  // Wherever the first cluster lies, both reach the archive.
  archive = await mkdtemp(join(tmpdir(), 'kornak-archive-'));
  await chmod(archive, 0o777);
  const slots = {
    near_slot: { type: 'physical' },
    decoded: { type: 'logical', database: 'postgres', plugin: 'test_decoding' },
  };
  const common = { loop_wait: 2, postgresql: { use_pg_rewind: true, parameters: parameters(archive) } };
  far = await prepareCluster({ members: ['f1', 'f2'], scope: 'far', dcs: { ...common, slots } });
  near = await prepareCluster({ members: ['n1', 'n2'], scope: 'near', dcs: common });
  for (const member of near.members) await withCallbacks(member);
  far.startAll();
  source = await far.streaming();
}, 120_000);

afterAll(async () => {
  await near.stop();
  await far.stop();
  await rm(archive, { recursive: true, force: true });
});

describe('the cluster that is followed', () => {
  test('D1: shows replication_state=streaming by REST and in the store, and has its permanent slots', async () => {
    const [replica] = far.others(source);
    await until(
      'streaming by REST',
      async () => (await replica?.api('/patroni'))?.json['replication_state'] === 'streaming',
    );
    await until('streaming in the store', async () => /"replication_state":"streaming"/.test(await far.storeDump()));
    await until('its slots', async () => {
      const rows = await source.sql('select slot_name from pg_replication_slots order by 1');
      return (
        rows
          .map((row) => row['slot_name'])
          .join()
          .startsWith('decoded,') && rows.length === 3
      );
    });
  });

  test('D3: another member takes over from the one that goes', async () => {
    const before = source;
    // Whom /failsafe does not name yet may not lead.
    await until('/failsafe names both', async () => {
      const lines = (await far.storeDump()).split('\n').filter((line) => line.includes('/failsafe '));
      return lines.some((line) => line.includes('"f1"') && line.includes('"f2"'));
    });
    // Its PostgreSQL is restarted for the copy of the logical slot, and whoever does not stream then lacks the end.
    const other = far.members.find((member) => member !== before);
    await until('the other has the logical slot', async () => {
      const rows = await other?.sql("select 1 from pg_replication_slots where slot_name = 'decoded'").catch(() => []);
      return rows?.length === 1;
    });
    await far.streaming(1);
    before.signal('SIGTERM');
    source = await far.primary(30_000, before);
    expect(source).not.toBe(before);
    await before.exited();
    before.start();
    await far.streaming();
    await source.sql('create table of_far as select 1 as one');
  });
});

describe('a standby cluster', () => {
  test('D4: is copied from the other, follows it by its slot, and leads nobody as a primary', async () => {
    for (const member of near.members) {
      const file = JSON.parse(await readFile(member.file, 'utf8')) as { bootstrap: { dcs: Record<string, unknown> } };
      const section = { host: '127.0.0.1', port: source.port, primary_slot_name: 'near_slot' };
      file.bootstrap.dcs = {
        ...file.bootstrap.dcs,
        synchronous_mode: true,
        standby_cluster: section,
        slots: {
          gone: { type: 'logical', database: 'postgres', plugin: 'test_decoding' },
          of_standby: { type: 'physical', cluster_type: 'standby' },
        },
      };
      await writeFile(member.file, JSON.stringify(file), { mode: 0o600 });
    }
    const [n1, n2] = near.members;
    if (n1 === undefined || n2 === undefined) throw new Error('two members');
    n1.start();
    expect(await withRole(near, 'standby_leader', 60_000)).toBe(n1);
    n2.start();
    await streamsFrom(source, 'near/n1', 'near_slot');
    await streamsFrom(n1, 'n2', 'n2');
    await has(n2, 'of_far');
    expect(
      await codes(n1, [
        '/primary',
        '/standby_leader',
        '/standby-leader',
        '/leader',
        '/replica',
        '/read-only',
        '/health',
      ]),
    ).toEqual([503, 200, 200, 200, 503, 200, 200]);
    expect(await codes(n2, ['/primary', '/standby_leader', '/leader'])).toEqual([503, 503, 503]);
    expect((await n1.api('/patroni')).json).toMatchObject({ role: 'standby_leader', state: 'running' });
    expect(await called(n1)).toContain('on_start standby_leader near');
    await until('the slots of a standby cluster', async () => {
      const rows = await n1.sql('select slot_name from pg_replication_slots order by 1');
      return rows.map((row) => row['slot_name']).join() === 'n2,of_standby';
    });
    const keys = await near.storeDump();
    expect(keys).toMatch(/members\/n1 .*"role":"standby_leader"/);
    expect(keys).not.toMatch(/^\S+\/sync /m);
    expect(keys).toContain(
      (await source.sql('select system_identifier::text as id from pg_control_system()'))[0]?.['id'],
    );
    expect((await near.ctl('list')).stdout).toContain('Standby Leader');
  });

  test('D5: hands over in a switchover, though synchronous_mode is on, and nothing is stopped for it (known failure 45)', async () => {
    const [n1, n2] = near.members;
    if (n1 === undefined || n2 === undefined) throw new Error('two members');
    const server = async () => (await n1.sql('select pg_postmaster_start_time()::text as at'))[0]?.['at'];
    const before = await server();
    const told = await near.ctl('switchover', '--candidate', 'n2', '--force');
    expect(told.stdout).toContain('Successfully switched over to "n2"');
    expect(await withRole(near, 'standby_leader')).toBe(n2);
    await streamsFrom(source, 'near/n2', 'near_slot');
    await streamsFrom(n2, 'n1', 'n1');
    expect(await server()).toBe(before);
    await until('n2 was told', async () => (await called(n2)).includes('on_role_change standby_leader near'));
    await until('n1 was told', async () => (await called(n1)).includes('on_role_change replica near'));
    expect((await called(n2))[0]).toBe('on_start replica near');
  });

  test('is restarted as what it is', async () => {
    const answer = await near.member('n2').api('/restart', { method: 'POST', body: { role: 'standby_leader' } });
    expect([answer.status, answer.text]).toEqual([200, 'restarted successfully']);
    await streamsFrom(source, 'near/n2', 'near_slot');
    expect(await withRole(near, 'standby_leader')).toBe(near.member('n2'));
  });

  test('D6: goes on under the member that is left', async () => {
    await near.member('n2').killNode();
    await until('n1 leads', async () => (await near.member('n1').api('/standby_leader')).status === 200, 60_000);
    await streamsFrom(source, 'near/n1', 'near_slot');
    await until('n1 was told', async () =>
      (await called(near.member('n1'))).includes('on_role_change standby_leader near'),
    );
    near.member('n2').start();
    await streamsFrom(near.member('n1'), 'n2', 'n2');
  });
});

describe('two clusters change places', () => {
  test('D7: a primary cluster follows by the archive, without a rewind', async () => {
    const fetch = `cp ${archive}/%f %p`;
    const n1 = near.member('n1');
    const archiveOnly = { host: null, port: null, primary_slot_name: null, restore_command: fetch };
    expect(await patch(n1, { standby_cluster: archiveOnly })).toBe(200);
    await until(
      'in archive recovery',
      async () => (await n1.api('/patroni')).json['replication_state'] === 'in archive recovery',
      60_000,
    );
    await source.sql('create table before_the_change as select 1 as one');
    const told = await far.ctl('demote-cluster', 'far', '--restore-command', fetch, '--force');
    expect(told.stdout).toMatch(/cluster is successfully demoted/);
    expect(await withRole(far, 'standby_leader')).toBe(source);
    expect(await codes(source, ['/primary', '/standby_leader'])).toEqual([503, 200]);
    expect(await source.log()).not.toContain('pg_rewind');
    // Its last segment came by the archive, the shutdown checkpoint with it.
    await has(n1, 'before_the_change');
    await expect(source.sql('create table never as select 1')).rejects.toThrow('read-only');
  });

  test('D8: the other is promoted, and the former primary receives its data through the archive', async () => {
    const told = await near.ctl('promote-cluster', 'near', '--force');
    expect(told.stdout).toMatch(/cluster is successfully promoted/);
    expect(told.stderr).toContain('Nothing stops the other cluster');
    const leader = await near.streaming();
    expect(await codes(leader, ['/primary', '/standby_leader'])).toEqual([200, 503]);
    await near.synchronous();
    await leader.sql('create table of_near as select 1 as one');
    await leader.sql('select pg_switch_wal()');
    await has(source, 'of_near', 60_000);
    for (const replica of far.others(source)) await has(replica, 'of_near', 60_000);
    expect(await source.log()).not.toContain('pg_rewind');
    await until('their timelines', async () => {
      await leader.sql('checkpoint');
      return Number(await timelineOf(leader)) > 2;
    });
  });

  test('and what was written on both sides is recorded before it is given up', async () => {
    // The section is taken out by mistake: for a while there are two primaries.
    expect(await patch(source, { standby_cluster: null })).toBe(200);
    const wrong = await far.primary(60_000);
    await wrong.sql('create table not_of_near as select 1 as one');
    const leader = await near.primary();
    await leader.sql('create table after_all as select 1 as one');
    const told = await far.ctl(
      'demote-cluster',
      'far',
      '--host',
      '127.0.0.1',
      '--port',
      String(leader.port),
      '--force',
    );
    expect(told.stdout).toMatch(/cluster is successfully demoted/);
    for (const member of far.members) await has(member, 'after_all', 90_000);
    const leads = await withRole(far, 'standby_leader');
    await expect(leads.sql('select 1 from not_of_near')).rejects.toThrow('does not exist');
    const records = await far.ctl('divergence', 'list', 'far');
    expect(records.stdout).toContain(wrong.name);
  });
});
