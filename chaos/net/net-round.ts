// One round on three hosts: clients at each of them, faults by their times, everything undone, whole again, and what was promised
// is counted.
import { until } from '../../test/support/kornak-cluster.ts';
import { logTime } from '../round.ts';
import { faultToText } from '../schedule.ts';
import { longestSilence } from '../verdict.ts';
import { ListWriter } from './list-writer.ts';
import type { NetCluster } from './net-cluster.ts';
import { BEGINS_MS, beginning, type Clients, countAll, listsOf } from './net-count.ts';
import type { NetRoundOrder, NetRoundResult } from './net-result.ts';
import { type NetFault, netScheduleOf } from './net-schedule.ts';
import { type Arena, prepareFor, repairNet, strikeNet, tidyUpAfter } from './net-strike.ts';
import { RoleProbe } from './role-probe.ts';
import { RowWriter } from './row-writer.ts';
import { bothAcceptMs } from './two-primaries.ts';

const WHOLE_MS_MAX = 120_000;
const CALM_MS = 400;
const EMPTY_LISTS = 'insert into lists select unnest($1::int[]), array[]::int[] on conflict do nothing';

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, Math.max(0, ms)));

function newClients({ hosts }: NetCluster, { round, ids }: NetRoundOrder): Clients {
  const keys = listsOf(round);
  return {
    rows: hosts.map((host) => new RowWriter(host, round, ids)),
    lists: hosts.map((host) => new ListWriter(host, keys, ids)),
    probes: hosts.map((host) => new RoleProbe(host)),
  };
}

const everybody = ({ rows, lists, probes }: Clients) => [...rows, ...lists, ...probes];

async function inject(
  arena: Arena,
  fault: NetFault,
  beganMs: number,
): Promise<{ readonly text: string; readonly mayMove: boolean }> {
  await pause(beganMs + fault.atMs - performance.now());
  const { told, undo, mayMove } = await strikeNet(arena, fault);
  await pause(fault.lengthMs);
  await undo();
  return { text: `${faultToText(fault)} (${told})`, mayMove };
}

export async function runNetRound(arena: Arena, order: NetRoundOrder): Promise<NetRoundResult> {
  const { cluster } = arena;
  const faults = netScheduleOf(order.seed, order.only);
  await prepareFor(arena, faults);
  if (order.mode !== 'off') await cluster.synchronous(BEGINS_MS);
  await until(
    'the round can begin',
    async () => (await cluster.whole())?.sql(EMPTY_LISTS, [listsOf(order.round)]),
    BEGINS_MS,
  );
  try {
    return await underFaults(arena, order, faults);
  } finally {
    await tidyUpAfter(arena, faults);
  }
}

async function underFaults(arena: Arena, order: NetRoundOrder, faults: readonly NetFault[]): Promise<NetRoundResult> {
  const { cluster } = arena;
  const began = await beginning(cluster);
  const clients = newClients(cluster, order);
  const beganMs = performance.now();
  const answers = () => clients.rows.flatMap((writer) => writer.acknowledged);
  for (const client of everybody(clients)) client.start();
  try {
    await until('a first insert is answered', () => answers().length > 0, BEGINS_MS);
    const told = await Promise.all(faults.map((fault) => inject(arena, fault, beganMs)));
    await repairNet(arena);
    const healedMs = performance.now();
    const healedAt = logTime(new Date());
    await until('whole again', () => cluster.whole(), WHOLE_MS_MAX);
    const wholeMs = performance.now() - healedMs;
    await pause(CALM_MS);
    await Promise.all(everybody(clients).map((client) => client.stop()));
    const all = answers();
    const silence = longestSilence(all, beganMs, performance.now());
    const counted = await until('all is counted', () => countAll(cluster, order, clients, began), WHOLE_MS_MAX);
    return {
      ...counted,
      seed: order.seed,
      faults: told.map(({ text }) => text),
      mayMove: told.some(({ mayMove }) => mayMove),
      acknowledged: all.length,
      outageMs: silence.ms,
      silentSince: logTime(new Date(Date.now() - (performance.now() - silence.fromMs))),
      healedAt,
      wholeMs,
      bothAcceptMs: bothAcceptMs(clients.probes.flatMap((probe) => probe.samples)),
    };
  } finally {
    await Promise.all(everybody(clients).map((client) => client.stop()));
  }
}
