// A synchronous leader that gives no sign of life is replaced by its voters and not by its lease (safety.md 4): the log of whoever
// leads next tells by which.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { patchConfig, syncKey } from '../../support/sync-cluster.ts';

const LEADER_TTL_S = 6;
const SOON_MS = 30_000;
const REVOKED = /takes the leader key of (\S+), whose reign is revoked/g;

async function logs(cluster: TestCluster): Promise<string> {
  return (await Promise.all(cluster.members.map((member) => member.log()))).join('\n');
}

/** Leaders that were replaced so, in the order of the logs. */
async function revoked(cluster: TestCluster): Promise<readonly string[]> {
  const text = await logs(cluster);
  // Each line is there once as what is done and once as an event.
  return [...new Set([...text.matchAll(REVOKED)].map(([line]) => line))];
}

async function count(cluster: TestCluster): Promise<number> {
  return [...(await logs(cluster)).matchAll(REVOKED)].length;
}

async function reign(cluster: TestCluster): Promise<string> {
  return (
    (await cluster.storeDump())
      .split('\n')
      .find((line) => line.startsWith(`/service/${cluster.scope}/kornak/reign `)) ?? ''
  );
}

/** An agent that was just started may have forgotten a promise, and pledges to nobody for the length of a lease. */
const FORGETFUL_MS = (LEADER_TTL_S + 1) * 1_000;
let startedMs = 0;

function begin(...members: readonly TestMember[]): void {
  for (const member of members) member.start();
  startedMs = performance.now();
}

/** Both standbys stream and count, and have heard the leader. */
async function whole(cluster: TestCluster): Promise<TestMember> {
  await until('agents know what they promised', () => performance.now() - startedMs > FORGETFUL_MS);
  const leader = await cluster.streaming();
  await until('/sync names both', async () => (await syncKey(cluster))?.sync_standby?.split(',').length === 2, 60_000);
  await until('their heartbeats run', async () => (await heartbeatOf(leader)).includes('"leads"'));
  return leader;
}

/** The first line. */
async function heartbeatOf(member: TestMember): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${member.apiPort}/kornak/heartbeat`, {
    signal: AbortSignal.timeout(5_000),
  });
  for await (const part of answer.body ?? []) return new TextDecoder().decode(part as Uint8Array);
  return '';
}

describe('a leader that goes silent', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await prepareCluster({
      dcs: { synchronous_mode: 'quorum', loop_wait: 2, kornak: { leader_ttl: LEADER_TTL_S } },
    });
    begin(...cluster.members);
    await whole(cluster);
  });
  afterAll(() => cluster.stop());

  /** Something happens to the leader; another leads soon, by revocation, and nothing acknowledged is lost. */
  async function isReplaced(
    strike: (leader: TestMember) => Promise<void>,
  ): Promise<{ old: TestMember; next: TestMember }> {
    const old = await whole(cluster);
    const before = await count(cluster);
    const writer = new CountingWriter(cluster);
    await writer.start();
    await strike(old);
    const next = await cluster.primary(SOON_MS, old).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await cluster.lastWords()}`, { cause: error });
    });
    await writer.acknowledges();
    expect(await next.log()).toContain(`takes the leader key of ${old.name}, whose reign is revoked`);
    expect(await count(cluster)).toBeGreaterThan(before);
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
    return { old, next };
  }

  test('a frozen node: a voter serves soon, and the old leader is fenced when it thaws (quorum)', async () => {
    const { old } = await isReplaced((leader) => leader.freeze());
    await old.thaw();
    await until(
      'the old leader follows',
      async () => {
        const rows = await old.sql('select pg_is_in_recovery() as follows');
        return rows[0]?.['follows'] === true;
      },
      60_000,
    );
    expect((await logs(cluster)).match(/is silent: no heartbeat, PostgreSQL does not answer/)).not.toBeNull();
  });

  test('a dead node: the same (quorum)', async () => {
    const { old } = await isReplaced((leader) => leader.killNode());
    begin(old);
  });

  test('F27: a switchover and a stop on purpose revoke nothing', async () => {
    const leader = await whole(cluster);
    const before = await revoked(cluster);
    const done = await leader.api('/switchover', { method: 'POST', body: { leader: leader.name } });
    expect(done.status).toBe(200);
    const next = await whole(cluster);
    expect(next).not.toBe(leader);
    next.signal('SIGTERM');
    await next.exited();
    await cluster.primary(30_000, next);
    begin(next);
    await whole(cluster);
    expect(await revoked(cluster)).toEqual(before);
  });

  test('F22: nobody is revoked in pause, however silent', async () => {
    const leader = await whole(cluster);
    const before = await revoked(cluster);
    await patchConfig(leader, { pause: true });
    await until('everybody knows', async () => {
      const told = await Promise.all(cluster.members.map(async (each) => (await each.api('/patroni')).json['pause']));
      return told.every((pause) => pause === true);
    });
    const reigns = await reign(cluster);
    await leader.freeze();
    try {
      // Somebody who saw it silent would have acted by then.
      const [other] = cluster.others(leader);
      const sinceMs = performance.now();
      await until('time goes by', async () => {
        await other?.api('/patroni');
        return performance.now() - sinceMs > 4_000;
      });
      expect(await reign(cluster)).toBe(reigns);
    } finally {
      await leader.thaw();
    }
    await patchConfig(leader, { pause: null });
    await whole(cluster);
    expect(await revoked(cluster)).toEqual(before);
  });

  test('a frozen node with synchronous_mode on, and one that dies after that (priority)', async () => {
    const leader = await whole(cluster);
    await patchConfig(leader, { synchronous_mode: 'on', synchronous_node_count: 2 });
    await until('the quorum is 0', async () => (await syncKey(cluster))?.quorum === 0);
    const { old } = await isReplaced((each) => each.freeze());
    await old.thaw();
    const second = await isReplaced((each) => each.killNode());
    begin(second.old);
  });

  test('asynchronous: the lease decides', async () => {
    const leader = await whole(cluster);
    await patchConfig(leader, { synchronous_mode: 'off', kornak: { leader_ttl: 4 } });
    await until('/sync is given up', async () => (await syncKey(cluster))?.leader === undefined);
    const before = await revoked(cluster);
    await leader.killNode();
    const next = await cluster.primary(60_000, leader);
    expect(await next.log()).toContain(`the leader key of ${leader.name} is gone`);
    expect(await revoked(cluster)).toEqual(before);
  });
});
