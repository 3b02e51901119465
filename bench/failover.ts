// Outage, lost rows and time to be whole again for each fault, by a writer as in docs: one insert every 10 ms, 1 s client
// timeout, all members raced every 20 ms after a loss.
import { CountingWriter } from '../test/support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember } from '../test/support/kornak-cluster.ts';
import { type Summary, summarise, summaryToText } from './summary.ts';

interface Fault {
  readonly name: string;
  readonly strike: (cluster: TestCluster, leader: TestMember) => Promise<void>;
  readonly repair: (leader: TestMember) => void;
}

interface Run {
  readonly outageMs: number;
  readonly lost: number;
  readonly wholeMs: number;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'planned switchover',
    strike: async (cluster, leader) => {
      const { code, stdout, stderr } = await cluster.ctl(
        'switchover',
        cluster.scope,
        '--leader',
        leader.name,
        '--force',
      );
      if (code !== 0 || !stdout.includes('Successfully')) throw new Error(`switchover: ${stdout}${stderr}`);
    },
    repair: () => undefined,
  },
  { name: 'postmaster killed, agent lives', strike: (_, leader) => leader.killPostgres(), repair: () => undefined },
  {
    name: 'node dies (agent and PostgreSQL together)',
    strike: (_, leader) => leader.killNode(),
    repair: (leader) => leader.start(),
  },
];

const SETTLE_MS_MAX = 3_000;

async function once(cluster: TestCluster, fault: Fault): Promise<Run> {
  const leader = await cluster.streaming();
  await cluster.synchronous().catch(() => undefined);
  const writer = new CountingWriter(cluster);
  await writer.start();
  // The fault falls at a random moment of leases and loops.
  await new Promise((wake) => setTimeout(wake, 500 + Math.random() * SETTLE_MS_MAX));
  const struckMs = performance.now();
  await fault.strike(cluster, leader);
  await writer.acknowledges(120_000);
  const backMs = performance.now();
  fault.repair(leader);
  await cluster.streaming(undefined, 120_000);
  const wholeMs = performance.now() - backMs;
  await writer.stop();
  return { outageMs: writer.outageMs(struckMs), lost: (await writer.lost()).length, wholeMs };
}

interface Row {
  readonly fault: string;
  readonly mode: string;
  readonly outage: Summary;
  readonly whole: Summary;
  readonly lost: number;
}

async function measure(mode: string, dcs: Record<string, unknown>, runs: number): Promise<Row[]> {
  const startMs = performance.now();
  const cluster = await prepareCluster({ etcdMembers: 3, dcs });
  try {
    cluster.startAll();
    await cluster.streaming();
    process.stdout.write(
      `${mode}: nothing → three streaming members: ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`,
    );
    const rows: Row[] = [];
    for (const fault of FAULTS) {
      const results: Run[] = [];
      for (let run = 0; run < runs; run += 1) results.push(await once(cluster, fault));
      const row = {
        fault: fault.name,
        mode,
        outage: summarise(results.map((result) => result.outageMs)),
        whole: summarise(results.map((result) => result.wholeMs)),
        lost: results.reduce((sum, result) => sum + result.lost, 0),
      };
      rows.push(row);
      process.stdout.write(
        `${mode}: ${fault.name}: outage ${summaryToText(row.outage)}; whole again after ${summaryToText(row.whole)}; lost ${row.lost}\n`,
      );
    }
    return rows;
  } finally {
    await cluster.stop();
  }
}

export async function failover(runs: number): Promise<readonly Row[]> {
  const synchronous = await measure('synchronous', { synchronous_mode: true }, runs);
  const asynchronous = await measure('asynchronous', {}, runs);
  return [...synchronous, ...asynchronous];
}
