// The longest gap between two acknowledged inserts while all of etcd is away, with failsafe mode and without.
import { CountingWriter } from '../test/support/counting-writer.ts';
import { prepareCluster, type TestCluster } from '../test/support/kornak-cluster.ts';
import { type Summary, summarise, summaryToText } from './summary.ts';

interface Row {
  readonly mode: string;
  readonly outageS: number;
  readonly gap: Summary;
  readonly acknowledged: number;
  readonly lost: number;
}

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

async function once(cluster: TestCluster, outageMs: number): Promise<{ gapMs: number; acks: number; lost: number }> {
  await cluster.streaming();
  await cluster.synchronous();
  const writer = new CountingWriter(cluster);
  await writer.start();
  await pause(500 + Math.random() * 3_000);
  const startMs = performance.now();
  for (const member of cluster.etcd.members) member.freeze();
  await pause(outageMs);
  await cluster.etcd.heal();
  await writer.acknowledges(120_000);
  await cluster.streaming();
  await writer.acknowledges(120_000);
  await writer.stop();
  return { gapMs: writer.outageMs(startMs), acks: writer.acknowledged.length, lost: (await writer.lost()).length };
}

/** Etcd is frozen, which is the slowest way for it to be away: nothing is refused, everything times out. */
export async function outage(runs: number, outageS: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const isFailsafe of [true, false]) {
    const cluster = await prepareCluster({
      etcdMembers: 1,
      dcs: { synchronous_mode: true, failsafe_mode: isFailsafe },
    });
    try {
      cluster.startAll();
      await cluster.streaming();
      const results: Awaited<ReturnType<typeof once>>[] = [];
      for (let run = 0; run < runs; run += 1) results.push(await once(cluster, outageS * 1_000));
      const row = {
        mode: `failsafe_mode ${isFailsafe ? 'on' : 'off'}`,
        outageS,
        gap: summarise(results.map(({ gapMs }) => gapMs)),
        acknowledged: results.reduce((sum, { acks }) => sum + acks, 0),
        lost: results.reduce((sum, { lost }) => sum + lost, 0),
      };
      rows.push(row);
      process.stdout.write(
        `${row.mode}, etcd frozen for ${outageS} s: longest gap ${summaryToText(row.gap)}; ${row.acknowledged} acknowledged, lost ${row.lost}\n`,
      );
    } finally {
      await cluster.stop();
    }
  }
  return rows;
}
