import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { fitForPatroni, patroniCommand, patroniMissing } from '../../support/patroni-member.ts';
import { retag, syncKey } from '../../support/sync-cluster.ts';

const missing = patroniMissing();
const title = `one member of Patroni's among ours${missing === undefined ? '' : ` (skipped: ${missing})`}`;
/** The lease of a leader of Patroni's, which takes no shorter one, and time for a busy machine. */
const TTL_S = 20;
const LEASE_OVER_MS = 90_000;
const BATCH = 200;

/** k1 and k2 of ours, p1 of Patroni's. */
async function mixedCluster(isSync: boolean): Promise<TestCluster> {
  const cluster = await prepareCluster({
    members: ['k1', 'k2', 'p1'],
    dcs: { ttl: TTL_S, loop_wait: 1, retry_timeout: 3, synchronous_mode: isSync },
    command: (name) => (name === 'p1' ? patroniCommand : undefined),
  });
  await fitForPatroni(cluster.member('p1'));
  return cluster;
}

async function leads(member: TestMember, withinMs: number): Promise<void> {
  await until(`${member.name} leads`, async () => (await member.api('/primary')).status === 200, withinMs);
}

/** k2 may neither lead nor be waited for, so that k1 and p1 follow each other. */
async function standUp(cluster: TestCluster): Promise<void> {
  const [k1, k2, p1] = [cluster.member('k1'), cluster.member('k2'), cluster.member('p1')];
  k1.start();
  await leads(k1, 60_000);
  p1.start();
  k2.start();
  await cluster.streaming();
  await retag(k2, { nofailover: true, nosync: true });
  await until('k2 tells its tags', async () => {
    const { json } = await k2.api('/patroni');
    return JSON.stringify(json['tags'] ?? {}).includes('nofailover');
  });
}

interface Handover {
  readonly cluster: TestCluster;
  readonly leader: TestMember;
  readonly standby: TestMember;
}

/** The leader's node dies once `ready`; the standby leads, and the other two follow it in the end. */
async function handsOver({ cluster, leader, standby }: Handover, ready: () => Promise<unknown>): Promise<void> {
  await ready();
  await leader.killNode();
  await leads(standby, LEASE_OVER_MS);
  leader.start();
  await cluster.streaming(2, LEASE_OVER_MS);
}

/** /sync as the leader has it once nobody but the standby acknowledges. */
async function isSynced({ cluster, leader, standby }: Handover): Promise<void> {
  await until(
    `/sync is ${leader.name}'s and names ${standby.name} alone`,
    async () => {
      const sync = await syncKey(cluster);
      return sync?.leader === leader.name && sync.sync_standby === standby.name;
    },
    60_000,
  );
}

async function allHave(cluster: TestCluster, rows: number): Promise<void> {
  for (const member of cluster.members)
    await until(`${member.name} has ${rows} rows`, async () => {
      const [row] = await member.sql('select count(*)::int as rows from counted');
      return row?.['rows'] === rows;
    });
}

describe.skipIf(missing !== undefined)(title, () => {
  let clusters: readonly [synchronous: TestCluster, asynchronous: TestCluster];
  beforeAll(async () => {
    clusters = await Promise.all([mixedCluster(true), mixedCluster(false)]);
  });
  afterAll(() => Promise.all(clusters.map((cluster) => cluster.stop())));

  async function synchronous(cluster: TestCluster): Promise<void> {
    const [k1, p1] = [cluster.member('k1'), cluster.member('p1')];
    await standUp(cluster);
    const writer = new CountingWriter(cluster);
    await writer.start();
    for (const [leader, standby] of [
      [k1, p1],
      [p1, k1],
    ] as const) {
      const handover = { cluster, leader, standby };
      await handsOver(handover, () => isSynced(handover));
      await writer.acknowledges();
    }
    await writer.stop();
    expect(await writer.lost()).toEqual([]);
    const [row] = await k1.sql('select count(*)::int as rows from counted');
    await allHave(cluster, Number(row?.['rows']));
  }

  async function asynchronous(cluster: TestCluster): Promise<void> {
    const [k1, p1] = [cluster.member('k1'), cluster.member('p1')];
    await standUp(cluster);
    await k1.sql('create table counted (n bigint primary key)');
    let rows = 0;
    const more = async (primary: TestMember): Promise<void> => {
      await primary.sql('insert into counted select generate_series($1::int, $2::int)', [rows + 1, rows + BATCH]);
      rows += BATCH;
      await allHave(cluster, rows);
    };
    for (const [leader, standby] of [
      [k1, p1],
      [p1, k1],
    ] as const)
      await handsOver({ cluster, leader, standby }, () => more(leader));
    await more(k1);
  }

  test('ours dies and Patroni’s leads, Patroni’s dies and ours leads: synchronous under writes, asynchronous with all received, nothing is lost', async () => {
    const [first, second] = clusters;
    await Promise.all([synchronous(first), asynchronous(second)]);
  });
});
