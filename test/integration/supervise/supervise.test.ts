// Agents that crash, with and without somebody who starts them again, under writes to a real synchronous cluster.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { MemberAcks } from '../../support/member-acks.ts';

const SUPERVISED = ['--supervise'];
const LONG_LEASE_S = 40;
const SHORT_LEASE_S = 6;

/** The agent itself, whoever started it. */
function agentPid({ dataDir }: TestMember): number {
  const pid = Number(readFileSync(`${dataDir}.kornak/agent.lock`, 'utf8'));
  // 0 would be our own process group.
  if (pid < 2) throw new Error('the agent has not noted its pid yet');
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

function endAgent(member: TestMember): void {
  try {
    process.kill(agentPid(member), 'SIGKILL');
  } catch {
    // It has ended, or never began.
  }
}

const served = async (member: TestMember): Promise<boolean> => (await member.api('/primary')).status === 200;
const startOf = (member: TestMember) => member.sql('select pg_postmaster_start_time()::text as at');
const timelineOf = (member: TestMember) => member.sql('select timeline_id from pg_control_checkpoint()');

describe('a synchronous cluster of supervised agents', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    // On a busy machine an agent takes seconds to start, which a lease of the usual length would not see back.
    cluster = await prepareCluster({ dcs: { synchronous_mode: true, ttl: 60, kornak: { leader_ttl: LONG_LEASE_S } } });
    for (const member of cluster.members) member.start(SUPERVISED);
    await cluster.streaming(2, 200_000);
    await cluster.synchronous();
  });

  afterAll(async () => {
    for (const member of cluster.members) {
      // The supervisor first: it would start the agent again.
      member.signal('SIGKILL');
      endAgent(member);
    }
    await cluster.stop();
  });

  test("kill -9 of the leader's agent: it comes back and carries on; no writer notices, and nobody else leads", async () => {
    const leader = await cluster.streaming();
    const before = { postmaster: await startOf(leader), timeline: await timelineOf(leader) };
    const writer = new CountingWriter(cluster);
    await writer.start();
    for (let crash = 1; crash <= 2; crash += 1) {
      const killed = agentPid(leader);
      process.kill(killed, 'SIGKILL');
      await until('another agent works', () => agentPid(leader) !== killed);
      await until('it leads again', () => served(leader), 60_000);
      await writer.acknowledges();
    }
    await writer.stop();
    // A commit may take its second on a busy machine; what must not be is a connection that breaks.
    expect(writer.failures.filter((text) => !text.includes('timeout'))).toEqual([]);
    expect(await writer.lost()).toEqual([]);
    expect({ postmaster: await startOf(leader), timeline: await timelineOf(leader) }).toEqual(before);
    expect(await cluster.streaming()).toBe(leader);
    expect(await leader.log()).toMatch(/WARNING: The agent was ended by SIGKILL: starting it again$/m);
    expect(await leader.log()).toContain('carries on its reign');
  });

  test('SIGHUP reaches the agent; with its supervisor killed it goes on, and a second supervisor cannot start another one', async () => {
    const leader = await cluster.primary();
    leader.signal('SIGHUP');
    await until('it reads its file again', async () => (await leader.log()).includes('the configuration was reloaded'));
    const agent = agentPid(leader);
    const before = await startOf(leader);
    await leader.killAgent();
    expect(await served(leader)).toBe(true);
    leader.start(SUPERVISED);
    expect(await leader.exited()).toBe(1);
    expect(await leader.log()).toContain(`Another agent (pid ${agent}) works on the data directory`);
    expect({ agent: agentPid(leader), start: await startOf(leader) }).toEqual({ agent, start: before });
    // Killed between two supervisors: the next one's agent adopts what runs.
    process.kill(agent, 'SIGKILL');
    leader.start(SUPERVISED);
    await until('it leads again', async () => agentPid(leader) !== agent && (await served(leader)), 60_000);
    expect(await startOf(leader)).toEqual(before);
  });

  /** A lease keeps its length for a reign, so there is another one. */
  async function leaderUnder(leaseS: number): Promise<TestMember> {
    const before = await cluster.streaming();
    await cluster.synchronous();
    const config = { kornak: { leader_ttl: leaseS } };
    expect((await before.api('/config', { method: 'PATCH', body: config })).status).toBe(200);
    const { code, stderr } = await cluster.ctl('switchover', '--force');
    expect(code, stderr).toBe(0);
    await cluster.primary(60_000, before);
    const leader = await cluster.streaming();
    await cluster.synchronous();
    return leader;
  }

  test('SIGTERM ends agent and PostgreSQL as without a supervisor, and nothing is started again', async () => {
    const [replica] = cluster.others(await cluster.streaming());
    if (replica === undefined) throw new Error('no replica');
    const agent = agentPid(replica);
    replica.signal('SIGTERM');
    expect(await replica.exited()).toBe(0);
    expect(isAlive(agent)).toBe(false);
    expect(await replica.postgresPids()).toEqual([]);
    replica.start(SUPERVISED);
    await cluster.streaming();
    await cluster.synchronous();
  });

  test('without a supervisor a killed agent stays dead: PostgreSQL serves until the guard ends it, then a standby leads', async () => {
    const old = await leaderUnder(SHORT_LEASE_S);
    await old.sql('create table acks (id bigint primary key)');
    // Its agent goes on, from now on alone.
    await old.killAgent();
    let id = 0;
    const acks = cluster.members.map((member) => new MemberAcks(member, () => (id += 1)));
    for (const each of acks) each.start();
    const ofOld = acks.find(({ member }) => member === old);
    await until('the leader acknowledges', () => (ofOld?.times.length ?? 0) > 20);
    const killedMs = performance.now();
    process.kill(agentPid(old), 'SIGKILL');
    await until('the guard has ended PostgreSQL', async () => (await old.postgresPids()).length === 0);
    const next = await cluster.primary(40_000, old);
    const ofNext = acks.find(({ member }) => member === next);
    await until('its successor acknowledges', () => (ofNext?.times.length ?? 0) > 20);
    for (const each of acks) await each.stop();
    // It served on without an agent, and nobody else acknowledged anything before its last.
    const lastMs = ofOld?.times.at(-1)?.ackedMs ?? 0;
    expect(lastMs).toBeGreaterThan(killedMs);
    const early = acks
      .filter((each) => each !== ofOld)
      .flatMap(({ times }) => times.filter(({ ackedMs }) => ackedMs <= lastMs));
    expect(early).toEqual([]);
    const rows = await next.sql('select id from acks');
    const there = new Set(rows.map((row) => Number(row['id'])));
    expect(acks.flatMap(({ ids }) => ids).filter((each) => !there.has(each))).toEqual([]);
    expect(isAlive(agentPid(old))).toBe(false);
    expect(await old.postgresPids()).toEqual([]);
    old.start(SUPERVISED);
    expect(await cluster.streaming()).not.toBe(old);
  });
});
