// Maintenance mode on a real cluster: nothing happens by itself, people may do what they like, and a pause ends without surprises.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { decides } from '../../support/decisions.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { pgCtl } from '../../support/pg-ctl.ts';

const SCOPE = 'demo';

describe('a synchronous cluster of three', () => {
  let cluster: TestCluster;
  let leader: TestMember;

  beforeAll(async () => {
    cluster = await prepareCluster({ dcs: { synchronous_mode: true, loop_wait: 5, kornak: { leader_ttl: 3 } } });
    cluster.startAll();
    leader = await cluster.streaming();
    await cluster.synchronous();
  });
  afterAll(() => cluster.stop());

  const ctl = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.ctl(...args);
    return { code, text: stdout + stderr };
  };
  const pause = async () => {
    expect(await ctl('pause', SCOPE, '--wait')).toMatchObject({ code: 0 });
    // Only the leader writes a mark, and only then does its guard stand down.
    await until('the leader has stood its guard down', async () => {
      const { text } = await leader.api('/kornak/explain');
      return (await marks()).includes(leader.name) && !text.includes('guard_left_ms');
    });
  };
  const resume = async () => expect(await ctl('resume', SCOPE, '--wait')).toMatchObject({ code: 0 });
  const keysBelow = async (folder: string) =>
    (await cluster.storeDump()).split('\n').filter((line) => line.includes(`/${SCOPE}/${folder}`));
  const marks = async () => (await keysBelow('kornak/unguarded/')).join('\n');
  const leaderKey = async () => (await keysBelow('leader ')).map((line) => line.split(' ')[1])[0];
  const standing = async (member: TestMember) => ({
    pids: (await member.postgresPids()).length > 0,
    started: (await member.sql('select pg_postmaster_start_time()::text as at'))[0]?.['at'],
    names: (await member.sql('show synchronous_standby_names'))[0]?.['synchronous_standby_names'],
    timeline: (await member.sql('select timeline_id from pg_control_checkpoint()'))[0]?.['timeline_id'],
  });
  const guarded = async () => {
    await until('no mark stands', async () => (await marks()) === '');
    await until('the guard is armed', async () => (await leader.api('/kornak/explain')).text.includes('guard_left_ms'));
  };

  test('is paused: list, REST and member keys say so', async () => {
    await pause();
    expect((await ctl('list', SCOPE)).text).toContain(' Maintenance mode: on');
    expect(await ctl('pause', SCOPE)).toMatchObject({ code: 1, text: 'Error: Cluster is already paused\n' });
    expect((await keysBelow('members/')).every((line) => line.includes('"pause":true'))).toBe(true);
    expect((await leader.api('/patroni')).json['pause']).toBe(true);
    expect((await leader.api('/liveness')).status).toBe(200);
    expect((await leader.api('/primary')).status).toBe(200);
  });

  test('A5: a replica that was stopped stays down, and comes back by hand (known failures 11, 51)', async () => {
    const [replica] = cluster.others(leader);
    if (replica === undefined) throw new Error('no replica');
    await pgCtl(replica, 'stop');
    await decides(replica, 'Y75');
    // Changed settings are no reason to start it.
    await leader.api('/config', { method: 'PATCH', body: { postgresql: { parameters: { work_mem: '5MB' } } } });
    await until('the leader has the changed setting', async () => {
      const [row] = await leader.sql('show work_mem');
      return row?.['work_mem'] === '5MB';
    });
    await decides(replica, 'Y75');
    expect(await replica.postgresPids()).toEqual([]);
    expect((await replica.api('/replica')).status).toBe(503);
    expect((await replica.api('/patroni')).json['state']).toBe('stopped');
    await pgCtl(replica, 'start');
    expect(await cluster.streaming()).toBe(leader);
  });

  test('A5: a replica is copied anew from the leader, and a leader that is restarted stays the leader', async () => {
    const [replica] = cluster.others(leader);
    const reinit = await ctl('reinit', SCOPE, replica?.name ?? '', '--from-leader', '--force', '--wait');
    expect(reinit).toMatchObject({ code: 0 });
    expect(reinit.text).toContain(`Success: reinitialize for member ${replica?.name}`);
    expect(await replica?.log()).toContain(`cloned from ${leader.name}`);
    await cluster.streaming();
    const before = await standing(leader);
    const restart = await ctl('restart', SCOPE, leader.name, '--force');
    expect(restart.text).toContain(`Success: restart on member ${leader.name}`);
    const after = await standing(leader);
    expect(after.started).not.toBe(before.started);
    expect(after.timeline).toBe(before.timeline);
    expect(await cluster.streaming()).toBe(leader);
    expect(await leaderKey()).toBe(leader.name);
  });

  test('an agent that is restarted leaves PostgreSQL and its synchronous standbys alone (known failure 47)', async () => {
    await cluster.synchronous();
    const before = await standing(leader);
    leader.signal('SIGTERM');
    expect(await leader.exited()).toBe(0);
    expect(await standing(leader)).toEqual(before);
    leader.start();
    await decides(leader, 'P90');
    expect(await leaderKey()).toBe(leader.name);
    expect(await standing(leader)).toEqual(before);
    expect(before.names).not.toBe('');
  });

  test('a store that is silent changes nothing, and neither does an agent that starts meanwhile (known failure 84)', async () => {
    const before = await standing(leader);
    await cluster.etcd.members[0]?.kill();
    // The lease is over by then, and nothing has followed from that.
    await decides(leader, 'Y50');
    expect(await standing(leader)).toEqual(before);
    await leader.killAgent();
    leader.start();
    await until('the new agent waits', async () => (await leader.log()).includes('waiting for etcd'));
    expect(await standing(leader)).toEqual(before);
    await cluster.etcd.heal();
    await decides(leader, 'P90');
    expect(await leaderKey()).toBe(leader.name);
    expect(await standing(leader)).toEqual(before);
  });

  test('/config that is deleted ends no pause (known failure 84)', async () => {
    const key = Buffer.from((await keysBelow('config '))[0]?.split(' ')[0] ?? '').toString('base64');
    await fetch(`${cluster.etcd.endpoints[0]}/v3/kv/deleterange`, { method: 'POST', body: JSON.stringify({ key }) });
    await until('/config is told again', async () => (await keysBelow('config '))[0]?.includes('"pause":true'));
    expect(await marks()).toContain(leader.name);
  });

  test('A6: a switchover needs a candidate, and then both swap', async () => {
    const [candidate] = cluster.others(leader);
    const statement = "select application_name as name from pg_stat_replication where sync_state = 'sync'";
    const [voter] = await leader.sql(statement);
    const name = typeof voter?.['name'] === 'string' ? voter['name'] : (candidate?.name ?? '');
    const base = ['switchover', SCOPE, '--leader', leader.name, '--force'];
    expect((await ctl(...base)).text).toContain(
      'Switchover is possible only to a specific candidate in a paused state',
    );
    expect((await ctl(...base, '--candidate', name)).text).toContain(`Successfully switched over to "${name}"`);
    const before = leader;
    leader = cluster.member(name);
    expect(await cluster.streaming()).toBe(leader);
    await until('the former leader is a replica', async () => (await before.api('/replica')).status === 200);
    await decides(leader, 'P90');
    expect(await marks()).not.toContain(`unguarded/${before.name} `);
  });

  test('A7: a switchover cannot be scheduled', async () => {
    const [candidate] = cluster.others(leader);
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const base = ['switchover', SCOPE, '--leader', leader.name, '--candidate', candidate?.name ?? '', '--force'];
    const { code, text } = await ctl(...base, '--scheduled', at);
    expect(text).toContain("Can't schedule switchover in the paused state");
    expect(code).toBe(1);
  });

  test('is resumed under the same leader, guarded again, without a restart', async () => {
    const before = await standing(leader);
    await resume();
    await guarded();
    expect(await standing(leader)).toEqual(before);
    expect((await ctl('resume', SCOPE)).text).toBe('Error: Cluster is not paused\n');
  });

  test('B5: a leader that was stopped in pause gives the key up, and a synchronous standby leads after the pause', async () => {
    await cluster.synchronous();
    const writer = new CountingWriter(cluster);
    await writer.start();
    await writer.acknowledges();
    await writer.stop();
    await pause();
    const before = leader;
    await pgCtl(before, 'stop');
    await until('the key is gone', async () => (await leaderKey()) === undefined);
    for (const other of cluster.others(before)) await decides(other, 'Y80');
    await until('no mark stands', async () => (await marks()) === '');
    await resume();
    leader = await cluster.streaming();
    await guarded();
    expect(await writer.lost()).toEqual([]);
  });

  test('people promote a standby while nobody leads: it takes the key, and the others follow it', async () => {
    await pause();
    const before = leader;
    const [next] = cluster.others(before);
    if (next === undefined) throw new Error('no replica');
    await pgCtl(before, 'stop');
    await until('the key is gone', async () => (await leaderKey()) === undefined);
    await pgCtl(next, 'promote');
    await until(`${next.name} holds the key`, async () => (await leaderKey()) === next.name);
    leader = next;
    const third = cluster.others(next).find((member) => member !== before);
    if (third === undefined) throw new Error('no third member');
    await until(
      `${third.name} follows`,
      async () => {
        const rows = await next.sql(
          "select application_name as name from pg_stat_replication where state = 'streaming'",
        );
        return rows.some(({ name }) => name === third.name);
      },
      60_000,
    );
    expect(await before.postgresPids()).toEqual([]);
    await resume();
    await guarded();
    expect(await cluster.streaming()).toBe(next);
    await cluster.synchronous();
  });

  test('nobody leads beside a PostgreSQL that a pause left unguarded, until people say that it is down', async () => {
    await pause();
    const before = leader;
    await before.killAgent();
    await until('the key is gone', async () => (await leaderKey()) === undefined);
    await resume().catch(() => undefined);
    const others = cluster.others(before);
    for (const other of others) await decides(other, 'V48');
    expect((await others[0]?.api('/kornak/explain'))?.text).toContain(`start the agent of ${before.name}`);
    expect((await before.sql('select not pg_is_in_recovery() as writes'))[0]).toEqual({ writes: true });
    await before.killPostgres();
    const sync = (await keysBelow('sync '))[0] ?? '';
    const candidate = others.find(({ name }) => sync.includes(`"sync_standby":"${name}"`)) ?? others[0];
    await ctl('failover', SCOPE, '--candidate', candidate?.name ?? '', '--force');
    leader = await cluster.primary(60_000, before);
    expect(leader).toBe(candidate);
    before.start();
    expect(await cluster.streaming()).toBe(leader);
    await until('no mark stands', async () => (await marks()) === '');
  });
});
