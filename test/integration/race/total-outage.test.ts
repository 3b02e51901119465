// Power comes back in the worst order. Whoever is behind must not lead before those who have more.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { decides } from '../../support/decisions.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';

const LATE_MS = 60_000;

describe('after a total outage', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await prepareCluster();
    cluster.startAll();
  }, 120_000);
  afterAll(() => cluster.stop());

  /** A copy that is being made streams, too: only members that say that they serve are whole. */
  async function whole(): Promise<TestMember> {
    const leader = await cluster.streaming();
    for (const member of cluster.others(leader))
      await until(`${member.name} serves`, async () => (await member.api('/replica')).status === 200, 60_000);
    return leader;
  }

  async function written(): Promise<CountingWriter> {
    const writer = new CountingWriter(cluster);
    await writer.start();
    await writer.acknowledges();
    return writer;
  }

  async function outage(): Promise<void> {
    await Promise.all(cluster.members.map((member) => member.killNode()));
  }

  test('without synchronous replication, members wait for who led last, say so, and lose nothing', async () => {
    const last = await whole();
    const [better, worst] = cluster.others(last);
    if (better === undefined || worst === undefined) throw new Error('three members are needed');
    const writer = await written();
    await worst.freeze();
    await writer.acknowledges();
    await writer.stop();
    await outage();
    worst.start();
    expect(await decides(worst, 'V55', LATE_MS)).toContain(`waiting for ${last.name}, which led last`);
    better.start();
    await decides(better, 'V55', LATE_MS);
    const plan = await cluster.ctl('recover', cluster.scope, '--plan', '--json');
    expect(plan.code).toBe(1);
    expect(JSON.parse(plan.stdout)).toMatchObject({
      winner: null,
      missing: last.name,
      fallback: { name: better.name },
    });
    last.start();
    // Whoever has as much as the last leader may lead as well.
    expect(await whole()).not.toBe(worst);
    expect(await worst.log()).toMatch(/Wal position of \w+ is ahead of my wal position/);
    expect(await writer.lost()).toEqual([]);
  }, 150_000);

  test('with synchronous replication the pledges decide, though the last leader stays away', async () => {
    const last = await whole();
    await last.api('/config', { method: 'PATCH', body: { synchronous_mode: true } });
    await cluster.synchronous();
    const { json } = await last.api('/cluster');
    const roles = json['members'] as readonly { name: string; role: string }[];
    const voter = cluster.member(roles.find(({ role }) => role === 'sync_standby')?.name ?? '');
    const [outsider] = cluster.others(last).filter((member) => member !== voter);
    const writer = await written();
    await outsider?.freeze();
    await writer.acknowledges();
    await writer.stop();
    await outage();
    outsider?.start();
    if (outsider !== undefined)
      await decides(outsider, 'V65', LATE_MS).catch(async (error: unknown) => {
        throw new Error(await cluster.lastWords(), { cause: error });
      });
    voter.start();
    expect(await cluster.primary(60_000)).toBe(voter);
    expect(await writer.lost()).toEqual([]);
    last.start();
    await whole();
    expect(await writer.lost()).toEqual([]);
  }, 180_000);
});
