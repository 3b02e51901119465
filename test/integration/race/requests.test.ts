// Who may lead by its tags, and what people may ask for.
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BreakingProxy } from '../../support/breaking-proxy.ts';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { retag } from '../../support/sync-cluster.ts';

const TAGS: Readonly<Record<string, object>> = { b: { failover_priority: 2 }, c: {} };

const etcdOf = ({ etcd }: TestCluster): string => (etcd.endpoints[0] ?? '').replace('http://', '');

async function redirect({ file }: TestMember, from: string, to: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to), { mode: 0o600 });
}

describe('priorities and requests', () => {
  let cluster: TestCluster;
  /** To the store, of this member only. */
  let wayOfB: BreakingProxy;
  beforeAll(async () => {
    cluster = await prepareCluster({ more: (name) => ({ tags: TAGS[name] ?? {} }) });
    wayOfB = await BreakingProxy.to(Number(etcdOf(cluster).split(':')[1]), Number.POSITIVE_INFINITY);
    await redirect(cluster.member('b'), etcdOf(cluster), `127.0.0.1:${wayOfB.port}`);
  }, 60_000);
  afterAll(async () => {
    await cluster.stop();
    wayOfB.close();
  });

  const logOf = async (member: TestMember, text: string): Promise<true> =>
    await until(
      `the log of ${member.name} says: ${text}`,
      async () => (await member.log()).includes(text),
      30_000,
    ).then(() => true as const);

  test('a leader alone has nobody to hand over to (A1)', async () => {
    const a = cluster.member('a');
    a.start();
    await cluster.primary(60_000);
    await until('the agent says so', async () => (await a.api('/primary')).status === 200);
    const codes = await Promise.all(
      ['/', '/primary', '/standby_leader', '/health', '/replica'].map(async (path) => (await a.api(path)).status),
    );
    expect(codes).toEqual([200, 200, 503, 200, 503]);
    const switchover = await a.api('/switchover', { method: 'POST', body: { leader: 'a' } });
    expect(switchover).toMatchObject({
      status: 412,
      text: 'switchover is not possible: cluster does not have members except leader',
    });
    const failover = await a.api('/failover', { method: 'POST', body: { leader: null } });
    expect(failover).toMatchObject({ status: 400, text: 'Failover could be performed only to a specific candidate' });
    const { code, stderr } = await cluster.ctl('switchover', cluster.scope, '--force');
    expect(code).toBe(1);
    expect(stderr).toContain('No candidates found to switchover to');
  }, 90_000);

  test('of equals the higher priority wins, and the loser says why (R2)', async () => {
    for (const member of cluster.others(cluster.member('a'))) member.start();
    await cluster.streaming();
    const told = await until('b ranks first', async () => {
      const { stdout } = await cluster.ctl('explain', '--candidates', cluster.scope, '--json');
      const { candidates } = JSON.parse(stdout) as { candidates: { name: string; rank: number | null }[] };
      return candidates[0]?.name === 'b' && candidates[1]?.rank === 2 ? candidates : undefined;
    });
    expect(told.map(({ name }) => name)).toEqual(['b', 'c']);
    await cluster.member('a').killNode();
    expect((await cluster.primary(60_000)).name).toBe('b');
    expect(
      await until('c says why', async () =>
        /has equally tolerable WAL position and priority 2, while this node has priority 1|Wal position of b is ahead of my wal position/.test(
          await cluster.member('c').log(),
        ),
      ),
    ).toBe(true);
  }, 120_000);

  test('a priority of 0 never leads, and is refused by name (R1, R3)', async () => {
    const a = cluster.member('a');
    const file = JSON.parse(await readFile(a.file, 'utf8')) as Record<string, unknown>;
    await writeFile(a.file, JSON.stringify({ ...file, tags: { nofailover: true, failover_priority: 1 } }));
    a.start();
    await cluster.streaming();
    await logOf(
      a,
      'Conflicting configuration between nofailover: True and failover_priority: 1. Defaulting to nofailover: True',
    );
    const answer = await cluster.member('b').api('/failover', { method: 'POST', body: { candidate: 'a' } });
    expect(answer).toMatchObject({
      status: 412,
      text: 'failover is not possible: no good candidates have been found',
    });
    await cluster.member('b').killNode();
    expect((await cluster.primary(60_000)).name).toBe('c');
    await logOf(a, 'following a different leader because I am not allowed to promote');
    cluster.member('b').start();
    await cluster.streaming();
  }, 150_000);

  test('a failover goes to whom it names, also by request over a leader that lives', async () => {
    const { code, stdout } = await cluster.ctl('failover', cluster.scope, '--candidate', 'b', '--force');
    expect(code).toBe(0);
    expect(stdout).toContain('Successfully failed over to "b"');
    expect((await cluster.streaming()).name).toBe('b');
  }, 90_000);

  test('a scheduled switchover is taken back, another is done near its time (A7)', async () => {
    const b = cluster.member('b');
    const scheduledAt = (inMs: number): string => new Date(Date.now() + inMs).toISOString();
    const post = (inMs: number) =>
      b.api('/switchover', { method: 'POST', body: { leader: 'b', candidate: 'c', scheduled_at: scheduledAt(inMs) } });
    // A request made before c has caught up with the last test is refused, and rightly.
    const taken = await until('it is taken', async () => {
      const answer = await post(3_600_000);
      return answer.status === 412 ? undefined : answer;
    });
    expect(taken).toMatchObject({ status: 202, text: 'Switchover scheduled' });
    expect(await b.api('/switchover', { method: 'DELETE' })).toMatchObject({
      status: 200,
      text: 'scheduled switchover deleted',
    });
    expect((await b.api('/switchover', { method: 'DELETE' })).status).toBe(404);
    const at = Date.now() + 4_000;
    expect((await post(4_000)).status).toBe(202);
    await until('c leads', async () => (await cluster.member('c').api('/primary')).status === 200, 60_000);
    expect(Date.now()).toBeGreaterThanOrEqual(at);
    expect((await cluster.streaming()).name).toBe('c');
  }, 120_000);

  test('nofailover: false prevails over a priority of 0, and is told of (R3)', async () => {
    const a = cluster.member('a');
    await retag(a, { nofailover: false, failover_priority: 0 });
    await logOf(
      a,
      'Conflicting configuration between nofailover: False and failover_priority: 0. Defaulting to nofailover: False',
    );
    await until('a may be asked for', async () => {
      const { stdout } = await cluster.ctl('failover', cluster.scope, '--candidate', 'a', '--force');
      return stdout.includes('Successfully failed over to "a"');
    });
    expect((await cluster.streaming()).name).toBe('a');
  }, 90_000);

  test('a candidate that dies between the release and its own take-over: another one leads, and nothing is lost', async () => {
    const [a, b] = [cluster.member('a'), cluster.member('b')];
    const writer = new CountingWriter(cluster);
    await writer.start();
    // It streams and answers, but does not see that the key is free.
    const way = `127.0.0.1:${wayOfB.port}`;
    wayOfB.close();
    const asked = a.api('/switchover', { method: 'POST', body: { leader: 'a', candidate: 'b' } });
    asked.catch(() => undefined);
    await logOf(a, 'a hands over to b');
    await b.killNode();
    expect((await cluster.primary(60_000, b)).name).toBe('c');
    expect(await asked).toMatchObject({ status: 200, text: 'Switched over to "c" instead of "b"' });
    await writer.acknowledges();
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
    await redirect(b, way, etcdOf(cluster));
    b.start();
    expect((await cluster.streaming()).name).toBe('c');
  }, 150_000);

  test('while WAL still arrives from a leader whose key is gone, candidates hold back, and then lead (W6, W8)', async () => {
    const c = cluster.member('c');
    const body = { loop_wait: 3, retry_timeout: 8, primary_race_backoff: 6 };
    const taken = await c.api('/config', { method: 'PATCH', body });
    expect([taken.status, taken.json]).toEqual([200, expect.objectContaining(body)]);
    await until('all have it', async () => {
      const known = await Promise.all(cluster.members.map(async (member) => (await member.api('/config')).json));
      return known.every((config) => config['primary_race_backoff'] === 6);
    });
    await until('all go by it', async () => {
      const all = await Promise.all(cluster.members.map(async (member) => (await member.api('/kornak/explain')).json));
      const timers = all.map((json) => json['timers'] as Record<string, unknown> | undefined);
      return timers.every((each) => each?.['loop_wait_ms'] === 3_000 && each['retry_timeout_ms'] === 8_000);
    });
    const client = c.client(60_000);
    client.on('error', () => undefined);
    await client.connect();
    await client.query('create table shipped (n int)');
    const writing = client.query(`
      do $$ begin for n in 1..3000 loop insert into shipped values (n); commit; perform pg_sleep(0.01); end loop; end $$`);
    writing.catch(() => undefined);
    // Its guard would end PostgreSQL: without it the case is that of a machine that stands still by parts.
    const guard = await c.guardPid();
    for (const pid of [c.agentPid, guard ?? 0]) process.kill(pid, 'SIGSTOP');
    try {
      await Promise.any(
        cluster.others(c).map((member) => logOf(member, 'wal position moved since last heart beat loop')),
      );
      expect(cluster.others(c)).toContain(await cluster.primary(60_000, c));
    } finally {
      for (const pid of [guard ?? 0, c.agentPid]) process.kill(pid, 'SIGCONT');
    }
    await until('PostgreSQL of c writes no more', async () => {
      const rows = await c.sql('select pg_is_in_recovery() as reads');
      return rows[0]?.['reads'] === true;
    });
    expect(await cluster.streaming()).not.toBe(c);
  }, 150_000);
});
