import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { fitForPatroni, patroniCommand, patroniMissing } from '../../support/patroni-member.ts';
import { retag, syncKey } from '../../support/sync-cluster.ts';

const missing = patroniMissing();
const title = `one member of Patroni's among ours${missing === undefined ? '' : ` (skipped: ${missing})`}`;
/** The lease of a leader of Patroni's, which takes no shorter one, and time for a busy machine. */
const TTL_S = 20;
const PATIENCE_MS = 120_000;
const BATCH = 200;

/** p1 is Patroni's. */
async function mixedCluster(members: readonly string[], isSync: boolean): Promise<TestCluster> {
  const cluster = await prepareCluster({
    members,
    // A busy machine must not fail over by itself meanwhile.
    dcs: { ttl: TTL_S, loop_wait: 1, retry_timeout: 3, synchronous_mode: isSync, kornak: { leader_ttl: 6 } },
    command: (name) => (name === 'p1' ? patroniCommand : undefined),
  });
  await fitForPatroni(cluster.member('p1'));
  return cluster;
}

async function leads(member: TestMember): Promise<void> {
  await until(`${member.name} leads`, async () => (await member.api('/primary')).status === 200, PATIENCE_MS);
}

/** Ours makes the cluster; the others clone it. */
async function standUp(cluster: TestCluster): Promise<void> {
  const k1 = cluster.member('k1');
  k1.start();
  await leads(k1);
  for (const member of cluster.others(k1)) member.start();
  await allStream(cluster);
}

async function allStream(cluster: TestCluster): Promise<void> {
  await cluster.streaming(cluster.members.length - 1, PATIENCE_MS);
}

/** It may neither lead nor be waited for. */
async function keepOut(member: TestMember): Promise<void> {
  await retag(member, { nofailover: true, nosync: true });
  await until(`${member.name} tells its tags`, async () => (await member.api('/patroni')).text.includes('nofailover'));
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
  await leads(standby);
  leader.start();
  await allStream(cluster);
}

/** /sync as the leader has it once nobody but the standby acknowledges. */
async function isSynced({ cluster, leader, standby }: Handover): Promise<void> {
  await until(
    `/sync is ${leader.name}'s and names ${standby.name} alone`,
    async () => {
      const sync = await syncKey(cluster);
      return sync?.leader === leader.name && sync.sync_standby === standby.name;
    },
    PATIENCE_MS,
  );
}

async function allHave(cluster: TestCluster, rows: number): Promise<void> {
  for (const member of cluster.members)
    await until(`${member.name} has ${rows} rows`, async () => {
      const [row] = await member.sql('select count(*)::int as rows from counted');
      return row?.['rows'] === rows;
    });
}

/** With what the agents said last, where it goes wrong. */
async function toldBy(cluster: TestCluster, work: (cluster: TestCluster) => Promise<void>): Promise<void> {
  try {
    await work(cluster);
  } catch (error) {
    throw new Error(`${String(error)}\n${await cluster.lastWords()}`, { cause: error });
  }
}

describe.skipIf(missing !== undefined)(title, () => {
  let clusters: readonly [synchronous: TestCluster, asynchronous: TestCluster];
  beforeAll(async () => {
    clusters = await Promise.all([mixedCluster(['k1', 'p1', 'k2'], true), mixedCluster(['k1', 'p1'], false)]);
  });
  afterAll(() => Promise.all(clusters.map((cluster) => cluster.stop())));

  async function synchronous(cluster: TestCluster): Promise<void> {
    const [k1, p1] = [cluster.member('k1'), cluster.member('p1')];
    await standUp(cluster);
    await keepOut(cluster.member('k2'));
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
    await Promise.all([toldBy(first, synchronous), toldBy(second, asynchronous)]);
  });
});
