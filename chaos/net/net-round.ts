// One round on three hosts: clients at each of them, faults by their times, everything undone, whole again, and what was promised
// is counted.
import { until } from '../../test/support/kornak-cluster.ts';
import { logTime, type RoundResult } from '../round.ts';
import { faultToText } from '../schedule.ts';
import type { Mode } from '../strike.ts';
import { longestSilenceMs, overlapsOf } from '../verdict.ts';
import { brokenLists } from './list-check.ts';
import { LISTS, ListWriter } from './list-writer.ts';
import type { NetCluster } from './net-cluster.ts';
import type { NetHost } from './net-host.ts';
import { type NetFault, type NetFaultKind, netScheduleOf } from './net-schedule.ts';
import { type Arena, prepareFor, repairNet, strikeNet, tidyUpAfter } from './net-strike.ts';
import { eventsOf, explainRoles, type RoleStory } from './role-changes.ts';
import { RoleProbe } from './role-probe.ts';
import { RowWriter } from './row-writer.ts';
import { bothAcceptMs } from './two-primaries.ts';

const WHOLE_MS_MAX = 120_000;
const BEGINS_MS = 60_000;
const REPLAYED_MS = 30_000;
const CALM_MS = 400;

export interface NetRoundResult extends RoundResult {
  /** Deleted, acknowledged, and on the primary once all is whole. */
  readonly resurrected: readonly number[];
  /** What the lists do not tell alike. */
  readonly lists: readonly string[];
  /** Two hosts took writes at once for that long; with synchronous replication the older one can acknowledge nothing new. */
  readonly bothAcceptMs: number;
  readonly roles: RoleStory;
  /** Whether a fault struck that may well cost the leader its role. */
  readonly mayMove: boolean;
  /** Rows of earlier rounds that came or went. */
  readonly changedSince: readonly string[];
}

export interface NetRoundOrder {
  readonly seed: number;
  readonly only: NetFaultKind | undefined;
  /** Counts the rounds of this cluster. */
  readonly round: number;
  readonly mode: Mode;
  /** Numbers that no round before has used. */
  readonly ids: () => number;
  /** What each round before came to. */
  readonly settled: Map<number, string>;
}

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, Math.max(0, ms)));

interface Clients {
  readonly rows: readonly RowWriter[];
  readonly lists: readonly ListWriter[];
  readonly probes: readonly RoleProbe[];
}

function newClients({ hosts }: NetCluster, { round, ids }: NetRoundOrder): Clients {
  const keys = listsOf(round);
  return {
    rows: hosts.map((host) => new RowWriter(host, round, ids)),
    lists: hosts.map((host) => new ListWriter(host, keys, ids)),
    probes: hosts.map((host) => new RoleProbe(host)),
  };
}

const everybody = ({ rows, lists, probes }: Clients) => [...rows, ...lists, ...probes];
const listsOf = (round: number): readonly number[] => Array.from({ length: LISTS }, (_, at) => round * 10 + at);

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
  const before = await until('the round can begin', () => cluster.whole(), BEGINS_MS);
  if (order.mode !== 'off') await cluster.synchronous(BEGINS_MS);
  await before.sql('insert into lists select unnest($1::int[]), array[]::int[]', [listsOf(order.round)]);
  try {
    return await underFaults(arena, order, faults);
  } finally {
    await tidyUpAfter(arena, faults);
  }
}

async function underFaults(arena: Arena, order: NetRoundOrder, faults: readonly NetFault[]): Promise<NetRoundResult> {
  const { cluster } = arena;
  const logs = new Map(
    await Promise.all(cluster.hosts.map(async (host) => [host, (await host.log()).length] as const)),
  );
  const timeline = await timelineOf(await until('a primary', () => cluster.whole(), BEGINS_MS));
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
    const primary = await until('whole again', () => cluster.whole(), WHOLE_MS_MAX);
    const wholeMs = performance.now() - healedMs;
    await pause(CALM_MS);
    await Promise.all(everybody(clients).map((client) => client.stop()));
    const all = answers();
    return {
      ...(await countRows(cluster, primary, order, clients)),
      seed: order.seed,
      faults: told.map(({ text }) => text),
      mayMove: told.some(({ mayMove }) => mayMove),
      acknowledged: all.length,
      outageMs: longestSilenceMs(all, beganMs, performance.now()),
      healedAt,
      wholeMs,
      bothAcceptMs: bothAcceptMs(clients.probes.flatMap((probe) => probe.samples)),
      ...(await readLogs(cluster, primary, logs, timeline)),
    };
  } finally {
    await Promise.all(everybody(clients).map((client) => client.stop()));
  }
}

type Counted = Pick<NetRoundResult, 'lost' | 'resurrected' | 'overlaps' | 'lists' | 'unequal' | 'changedSince'>;

async function countRows(
  cluster: NetCluster,
  primary: NetHost,
  { round, settled }: NetRoundOrder,
  { rows, lists }: Clients,
): Promise<Counted> {
  const answers = rows.flatMap((writer) => writer.acknowledged);
  const deleted = rows.flatMap((writer) => writer.deleted.map(({ id }) => id));
  const gone = new Set([...deleted, ...rows.flatMap((writer) => [...writer.doubtful])]);
  const found = await primary.sql('select id from chaos where round = $1', [round]);
  const held = new Set(found.map((row) => Number(row['id'])));
  const changedSince = await changes(primary, settled, round);
  return {
    lost: answers.filter(({ id }) => !held.has(id) && !gone.has(id)).map(({ id }) => id),
    resurrected: deleted.filter((id) => held.has(id)),
    // A row that was deleted since was held as well.
    overlaps: overlapsOf(answers, new Set([...held, ...gone])),
    lists: brokenLists(
      lists.flatMap((writer) => writer.committed),
      await finalLists(primary, round),
    ),
    unequal: await unequalHosts(cluster, primary),
    changedSince,
  };
}

async function finalLists(primary: NetHost, round: number): Promise<ReadonlyMap<number, readonly number[]>> {
  const rows = await primary.sql('select key, items from lists where key = any($1)', [listsOf(round)]);
  return new Map(rows.map((row) => [Number(row['key']), Array.isArray(row['items']) ? row['items'].map(Number) : []]));
}

const DIGESTS = `select round, count(*) || ' rows ' || md5(string_agg(id::text, ',' order by id)) as digest
  from chaos group by round order by round`;

/** What was settled when a round ended stays as it is. */
async function changes(primary: NetHost, settled: Map<number, string>, round: number): Promise<readonly string[]> {
  const rows = await primary.sql(DIGESTS);
  const now = new Map(rows.map((row) => [Number(row['round']), String(row['digest'])]));
  const changed = [...settled].filter(([earlier, digest]) => now.get(earlier) !== digest);
  settled.set(round, now.get(round) ?? '');
  return changed.map(([earlier, digest]) => `round ${earlier} had ${digest}, now ${now.get(earlier) ?? 'nothing'}`);
}

async function unequalHosts(cluster: NetCluster, primary: NetHost): Promise<readonly string[]> {
  const rows = `select md5(coalesce((select string_agg(chaos::text, ',' order by id) from chaos), '')
      || coalesce((select string_agg(lists::text, ',' order by key) from lists), '')) as digest`;
  const lsn = String((await primary.sql('select pg_current_wal_lsn()::text as lsn'))[0]?.['lsn']);
  const truth = (await primary.sql(rows))[0]?.['digest'];
  const unequal: string[] = [];
  for (const host of cluster.others(primary)) {
    const replayed = async () =>
      (await host.sql('select pg_last_wal_replay_lsn() >= $1::pg_lsn as there', [lsn]))[0]?.['there'] === true;
    await until(`${host.name} has replayed ${lsn}`, replayed, REPLAYED_MS);
    if ((await host.sql(rows))[0]?.['digest'] !== truth)
      unequal.push(`${host.name} has other rows than ${primary.name}`);
  }
  return unequal;
}

async function timelineOf(primary: NetHost): Promise<number> {
  const rows = await primary.sql(
    "select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as t",
  );
  return Number(rows[0]?.['t']);
}

async function readLogs(
  cluster: NetCluster,
  primary: NetHost,
  from: ReadonlyMap<NetHost, number>,
  before: number,
): Promise<Pick<NetRoundResult, 'roles' | 'hasCloned'>> {
  const logs = await Promise.all(
    cluster.hosts.map(async (host) => ({ name: host.name, log: (await host.log()).slice(from.get(host) ?? 0) })),
  );
  const now = await timelineOf(primary);
  const told = await toldTimelines(cluster);
  // A row tells where a timeline ended; the one that is being written has none yet.
  const begun = [...told.filter((timeline) => timeline > before), ...(now > before ? [now] : [])];
  const events = logs.flatMap(({ name, log }) => eventsOf(name, log));
  return {
    roles: explainRoles([...new Set(begun)], events),
    hasCloned: logs.some(({ log }) => /member\.cloned|cloned from/.test(log)),
  };
}

async function toldTimelines(cluster: NetCluster): Promise<readonly number[]> {
  const rows: unknown = JSON.parse((await cluster.storeValue('history')) ?? '[]');
  return Array.isArray(rows) ? rows.map((row: unknown) => (Array.isArray(row) ? Number(row[0]) : Number.NaN)) : [];
}
