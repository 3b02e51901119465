// What a cluster costs while nothing happens: memory and processor time of each agent and its guard, requests to etcd.
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchCluster } from '../cluster/cluster.ts';
import { type ProductName, PRODUCTS } from '../cluster/product.ts';
import type { Journal } from '../journal.ts';
import { EtcdFront } from './etcd-front.ts';
import { cpuMs, type Memory, memoryOf, pidsWith } from './process-cost.ts';

export interface IdleOrder {
  readonly products: readonly ProductName[];
  readonly seconds: number;
  /** Numbers of members. */
  readonly sizes: readonly number[];
  readonly journal: Journal;
  readonly say: (line: string) => void;
}

/** A cluster that has just become whole still has things to do. */
const SETTLE_MS = 20_000;

export interface MemberCost {
  readonly role: 'leader' | 'replica';
  readonly agent: Memory;
  readonly guard: Memory;
  readonly agentCpuPercent: number;
  readonly guardCpuPercent: number;
  readonly requestsPerMinute: number;
  readonly requests: Readonly<Record<string, number>>;
}

export async function measureIdle({ products, seconds, sizes, journal, say }: IdleOrder): Promise<void> {
  for (const members of sizes)
    for (const product of products) {
      const found = await idleOf(product, members, seconds);
      journal.add('idle', PRODUCTS[product], { members, seconds, ...found });
      say(
        `${product}, ${members} members, ${seconds} s idle, whole after ${Math.round(found.startMs)} ms; etcd ${found.etcdCpuPercent.toFixed(2)} % CPU`,
      );
      for (const each of found.costs) say(`  ${costText(each)}`);
    }
}

async function idleOf(product: ProductName, members: number, seconds: number) {
  const front = await EtcdFront.listen();
  const cluster = await BenchCluster.prepare({
    product,
    mode: 'on',
    members,
    etcdMembers: 1,
    etcdFrontUrl: front.url,
  });
  try {
    front.serve(cluster.etcdEndpoints[0] ?? '', () => cluster.nodes.map(({ agentPid }) => agentPid));
    const startMs = performance.now();
    cluster.startAll();
    await cluster.whole();
    const wholeMs = performance.now() - startMs;
    const primary = await cluster.ready();
    await sleep(SETTLE_MS);
    const etcd = (await pidsWith('etcd', cluster.etcdEndpoints[0] ?? '')).at(-1);
    const watched = await Promise.all(cluster.nodes.map(async (node) => ({ node, guard: await node.guardPid() })));
    const readCpu = () =>
      Promise.all(watched.map(async ({ node, guard }) => [await cpuMs(node.agentPid), await cpuMs(guard)] as const));
    const [before, etcdBefore] = [await readCpu(), await cpuMs(etcd)];
    front.reset();
    const fromMs = performance.now();
    await sleep(seconds * 1_000);
    const tookMs = performance.now() - fromMs;
    const counts = new Map([...front.counts].map(([pid, paths]) => [pid, new Map(paths)]));
    const [after, etcdAfter] = [await readCpu(), await cpuMs(etcd)];
    const share = (fromCpuMs = 0, toCpuMs = 0): number => ((toCpuMs - fromCpuMs) / tookMs) * 100;
    const costs = await Promise.all(
      watched.map(async ({ node, guard }, index): Promise<MemberCost> => {
        const paths = counts.get(node.agentPid) ?? new Map<string, number>();
        const perMinute = (number: number): number => (number * 60_000) / tookMs;
        return {
          role: node === primary ? 'leader' : 'replica',
          agent: await memoryOf(node.agentPid),
          guard: await memoryOf(guard),
          agentCpuPercent: share(before[index]?.[0], after[index]?.[0]),
          guardCpuPercent: share(before[index]?.[1], after[index]?.[1]),
          requestsPerMinute: perMinute([...paths.values()].reduce((sum, each) => sum + each, 0)),
          requests: Object.fromEntries([...paths].map(([path, number]) => [path, perMinute(number)])),
        };
      }),
    );
    const unattributed = [...(counts.get(0)?.values() ?? [])].reduce((sum, each) => sum + each, 0);
    return { startMs: wholeMs, etcdCpuPercent: share(etcdBefore, etcdAfter), unattributed, costs };
  } finally {
    await cluster.stop();
    front.close();
  }
}

function costText({ role, agent, guard, agentCpuPercent, guardCpuPercent, requestsPerMinute }: MemberCost): string {
  const memory = ({ rssMiB, pssMiB }: Memory): string => `RSS ${rssMiB.toFixed(1)} PSS ${pssMiB.toFixed(1)} MiB`;
  return (
    `${role}: agent ${memory(agent)}, guard ${memory(guard)}, CPU ${agentCpuPercent.toFixed(2)} + ${guardCpuPercent.toFixed(2)} %, ` +
    `${requestsPerMinute.toFixed(1)} etcd requests a minute`
  );
}
