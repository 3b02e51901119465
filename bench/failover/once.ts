// One run of one fault: strike at a random moment, wait, repair, wait until whole, and look at what is there.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCluster } from '../cluster/cluster.ts';
import { type Chain, chainOf, eventsOf, serverLogOf } from './chain.ts';
import type { Fault } from './faults.ts';
import { LeaderKey } from './leader-key.ts';
import { judge, type Verdict } from './verdict.ts';
import { Writers } from './writers.ts';

export interface FaultRun extends Verdict {
  /** From the repair to one primary with every standby streaming. */
  readonly wholeMs: number;
  readonly chain: Chain;
  readonly load: number;
}

const SETTLE_MS = 1_000;
const ACK_MS = 30_000;
/** Leases and loops are somewhere else each time. */
const RANDOM_MS = 5_000;

export async function once(cluster: BenchCluster, fault: Fault): Promise<FaultRun> {
  const leader = await cluster.ready();
  const key = LeaderKey.watch(cluster.etcdEndpoints, cluster.scope);
  const writers = new Writers(cluster.nodes);
  try {
    await writers.start(leader);
    await sleep(SETTLE_MS + Math.random() * RANDOM_MS);
    const load = loadavg()[0] ?? 0;
    const scene = { cluster, leader, writers };
    const struckMs = performance.now();
    await Promise.all([fault.strike(scene), fault.over(scene)]);
    const keyMoments = key.since(struckMs);
    const repairedMs = (await fault.repair?.(scene)) ?? performance.now();
    await cluster.whole();
    const wholeMs = performance.now() - repairedMs;
    await writers.acked(() => true, ACK_MS);
    await writers.stop();
    const primary = await cluster.whole();
    const present = new Set((await primary.sql('select id from bench')).map((row) => Number(row['id'])));
    const thawedMs = fault.thaws === true ? repairedMs : undefined;
    const verdict = judge({ acks: writers.acks, present, struckMs, oldLeader: leader.name, thawedMs });
    const { newLeader, firstAckMs } = verdict;
    const serverLog = await serverLogOf(cluster.nodes.find(({ name }) => name === (newLeader ?? leader.name)));
    const events = await eventsOf(cluster.nodes);
    const chain = chainOf({
      struckMs,
      oldLeader: leader.name,
      newLeader,
      firstAckMs,
      key: keyMoments,
      serverLog,
      events,
    });
    return { ...verdict, wholeMs, chain, load };
  } finally {
    key.close();
    await writers.stop();
  }
}
