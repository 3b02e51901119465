import { BenchCluster, type ClusterOrder } from '../cluster/cluster.ts';
import type { Mode } from '../cluster/member-file.ts';
import { type ProductName, PRODUCTS } from '../cluster/product.ts';
import type { Journal } from '../journal.ts';
import { summarise, summaryToText } from '../summary.ts';
import { type Fault, FAULTS } from './faults.ts';
import { type FaultRun, once } from './once.ts';

export interface FailoverOrder {
  readonly products: readonly ProductName[];
  readonly mode: Mode;
  readonly runs: number;
  /** Ids of faults, and `start`; empty: all. */
  readonly only: readonly string[];
  readonly journal: Journal;
  readonly say: (line: string) => void;
  /** Why hosts with networks of their own cannot be had. */
  readonly hostsMissing: string | undefined;
}

export const START = 'start';
/** A run that fails is told of and repeated; more in a row are no accident. */
const FAILURES_MAX = 2;

export async function measureFailover(order: FailoverOrder): Promise<void> {
  const isAsked = ({ id }: { readonly id: string }): boolean => order.only.length === 0 || order.only.includes(id);
  const faults = FAULTS.filter(isAsked);
  const flat = faults.filter(({ hasHosts }) => hasHosts !== true);
  const apart = faults.filter(({ hasHosts }) => hasHosts === true);
  for (const product of order.products) {
    if (isAsked({ id: START })) await measureStarts(order, product);
    if (flat.length > 0) await measureFaults(order, product, flat, false);
    if (apart.length === 0) continue;
    if (order.hostsMissing === undefined) await measureFaults(order, product, apart, true);
    else order.say(`skipped: ${apart.map(({ title }) => title).join(', ')}: ${order.hostsMissing}`);
  }
}

/** From nothing but a running etcd to three streaming members. */
async function measureStarts({ mode, runs, journal, say }: FailoverOrder, product: ProductName): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const cluster = await BenchCluster.prepare({ product, mode });
    try {
      const startMs = performance.now();
      cluster.startAll();
      await cluster.whole();
      const wholeMs = performance.now() - startMs;
      times.push(wholeMs);
      journal.add('failover', PRODUCTS[product], { mode, fault: START, wholeMs });
    } finally {
      await cluster.stop();
    }
  }
  say(`${product} ${mode}: nothing → three streaming members: ${summaryToText(summarise(times))}`);
}

async function measureFaults(
  order: FailoverOrder,
  product: ProductName,
  faults: readonly Fault[],
  hasHosts: boolean,
): Promise<void> {
  const bench: Bench = { order: { product, mode: order.mode, hasHosts }, cluster: undefined };
  try {
    for (const fault of faults) {
      const results = await measureFault(order, bench, fault);
      if (results.length > 0) order.say(rowText(product, order.mode, fault, results));
    }
  } finally {
    await bench.cluster?.stop();
  }
}

/** The cluster that is struck again and again, as long as it comes back by itself. */
interface Bench {
  readonly order: ClusterOrder;
  cluster: BenchCluster | undefined;
}

async function measureFault(order: FailoverOrder, bench: Bench, fault: Fault): Promise<readonly FaultRun[]> {
  const results: FaultRun[] = [];
  for (let failures = 0; results.length < order.runs && failures < FAILURES_MAX;) {
    bench.cluster ??= await startCluster(bench.order);
    const result = await tryOnce(order, bench.cluster, fault);
    failures = result === undefined ? failures + 1 : 0;
    results.push(...(result === undefined ? [] : [result]));
    if (result === undefined) await bench.cluster.stop();
    if (result === undefined) bench.cluster = undefined;
  }
  return results;
}

async function tryOnce(order: FailoverOrder, cluster: BenchCluster, fault: Fault): Promise<FaultRun | undefined> {
  const { journal, say, mode } = order;
  const { product } = cluster.order;
  try {
    const result = await once(cluster, fault);
    journal.add('failover', PRODUCTS[product], { mode, fault: fault.id, ...result });
    say(runText(product, mode, fault, result));
    return result;
  } catch (error) {
    say(`${product} ${mode}: ${fault.title}: no figure: ${String(error)}`);
    journal.add('failed-run', PRODUCTS[product], { mode, fault: fault.id, why: String(error) });
    return undefined;
  }
}

async function startCluster(order: ClusterOrder): Promise<BenchCluster> {
  const cluster = await BenchCluster.prepare(order);
  try {
    cluster.startAll();
    await cluster.ready();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function runText(product: string, mode: Mode, { title }: Fault, run: FaultRun): string {
  const { outageMs, effectiveOutageMs, lost, overlapMs, wholeMs, chain, afterThaw } = run;
  const thaw =
    afterThaw === undefined ? '' : `, after the thaw ${afterThaw.acks} (last ${Math.round(afterThaw.lastMs)} ms)`;
  const links = Object.entries(chain).map(([name, ms]) => `${name} ${ms}`);
  return (
    `  ${product} ${mode}: ${title}: outage ${Math.round(outageMs)} ms (surviving ${Math.round(effectiveOutageMs)}), lost ${lost}, ` +
    `overlap ${Math.round(overlapMs)} ms${thaw}, whole ${Math.round(wholeMs)} ms; ${links.join(' → ')}`
  );
}

function rowText(product: string, mode: Mode, { title }: Fault, runs: readonly FaultRun[]): string {
  const outage = summaryToText(summarise(runs.map(({ effectiveOutageMs }) => effectiveOutageMs)));
  const lost = runs.map((run) => run.lost).join(' ');
  const overlap = Math.round(Math.max(0, ...runs.map(({ overlapMs }) => overlapMs)));
  return `${product} ${mode}: ${title}: outage ${outage}; lost ${lost}; longest overlap ${overlap} ms`;
}
