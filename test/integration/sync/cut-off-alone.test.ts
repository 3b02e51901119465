// F25: a voter that cannot reach the leader is the one cut off, as long as the leader renews its lease: it does not revoke, be the
// way silent or closed. Once the leader is gone as well, the same voter takes its key.
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { CutProxy } from '../../support/cut-proxy.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { settled } from '../../support/sync-cluster.ts';

/** A voter that believed itself would have acted four times over. */
const CUT_MS = 5_000;

type Section = Readonly<Record<string, unknown>>;

/** Everybody else reaches that member through these. */
async function behind(member: TestMember): Promise<{ readonly api: CutProxy; readonly postgres: CutProxy }> {
  const [api, postgres] = [await CutProxy.to(member.apiPort), await CutProxy.to(member.port)];
  const file = JSON.parse(await readFile(member.file, 'utf8')) as { restapi: Section; postgresql: Section };
  const changed = {
    ...file,
    restapi: { ...file.restapi, connect_address: `127.0.0.1:${api.port}` },
    postgresql: { ...file.postgresql, connect_address: `127.0.0.1:${postgres.port}` },
  };
  await writeFile(member.file, JSON.stringify(changed), { mode: 0o600 });
  return { api, postgres };
}

describe('the only voter, behind a way that can be cut', () => {
  let cluster: TestCluster;
  let leader: TestMember;
  let voter: TestMember;
  let way: { readonly api: CutProxy; readonly postgres: CutProxy };
  beforeAll(async () => {
    cluster = await prepareCluster({
      members: ['a', 'b'],
      // Commits wait for the voter throughout, so that nobody takes it out of /sync.
      dcs: { synchronous_mode: true, synchronous_mode_strict: true, loop_wait: 2, kornak: { leader_ttl: 6 } },
    });
    [leader, voter] = cluster.members as [TestMember, TestMember];
    way = await behind(leader);
    leader.start();
    await cluster.primary(90_000);
    voter.start();
    await cluster.streaming(1);
    await settled(cluster, leader, { voters: ['b'], quorum: 0, names: 'b' });
  });
  afterAll(async () => {
    way.api.close();
    way.postgres.close();
    await cluster.stop();
  });

  const reign = async (): Promise<string | undefined> =>
    (await cluster.storeDump()).split('\n').find((line) => line.includes('/kornak/reign '));

  /** Nobody else leads while the way is cut, and the voter follows again once it is not. */
  async function outlasts(cut: () => Promise<void>): Promise<void> {
    const before = await reign();
    await cut();
    const sinceMs = performance.now();
    await until('time goes by', async () => {
      await voter.api('/patroni');
      return performance.now() - sinceMs > CUT_MS;
    });
    expect(await reign()).toBe(before);
    await way.api.heal();
    await way.postgres.heal();
    await cluster.streaming(1);
    expect(await voter.log()).not.toContain('gives no sign of life');
    await settled(cluster, leader, { voters: ['b'], quorum: 0, names: 'b' });
  }

  test('a silent way', async () => {
    await outlasts(async () => {
      way.api.silence();
      way.postgres.silence();
      await Promise.resolve();
    });
  });

  test('a way that refuses and resets', async () => {
    await outlasts(async () => {
      await way.api.refuse();
      await way.postgres.refuse();
    });
  });

  test('an agent that dies is no reason as long as its PostgreSQL answers; once its guard has ended that, the voter leads', async () => {
    const writer = new CountingWriter(cluster);
    await writer.start();
    await leader.killAgent();
    const next = await cluster.primary(60_000, leader).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await cluster.lastWords()}`, { cause: error });
    });
    expect(next).toBe(voter);
    expect(await voter.log()).toMatch(/b goes for the leader key/);
    // In strict mode its commits wait: nobody is left to acknowledge them.
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
  });
});
