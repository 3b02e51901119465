// One round on three hosts: clients at each of them, faults by their times, everything undone, whole again, and what was promised
// is counted.
import { until } from '../../test/support/kornak-cluster.ts';
import { logTime, type RoundResult } from '../round.ts';
import { faultToText } from '../schedule.ts';
import type { Mode } from '../strike.ts';
import { longestSilence } from '../verdict.ts';
import { asyncLoss, type AsyncLoss, forksOf, type StoreStory } from './async-bound.ts';
import { ALL_ROWS, unequalTo } from './equality.ts';
import { brokenLists } from './list-check.ts';
import { LISTS, ListWriter } from './list-writer.ts';
import { MAXIMUM_LAG, type NetCluster } from './net-cluster.ts';
import type { NetHost } from './net-host.ts';
import { type NetFault, type NetFaultKind, netScheduleOf } from './net-schedule.ts';
import { type Arena, prepareFor, repairNet, strikeNet, tidyUpAfter } from './net-strike.ts';
import { eventsOf, explainRoles, type RoleStory } from './role-changes.ts';
import { RoleProbe } from './role-probe.ts';
import { changedRounds, checkRows, type RowFindings } from './row-check.ts';
import { RowWriter } from './row-writer.ts';
import { bothAcceptMs } from './two-primaries.ts';

const WHOLE_MS_MAX = 120_000;
const BEGINS_MS = 60_000;
const REPLAYED_MS = 30_000;
const CALM_MS = 400;

export interface NetRoundResult extends RoundResult {
  readonly resurrected: RowFindings['resurrected'];
  /** What the lists do not tell alike. */
  readonly lists: readonly string[];
  /** When the longest silence began, by the clock of the logs. */
  readonly silentSince: string;
  /** Two hosts took writes at once for that long; with synchronous replication the older one can acknowledge nothing new. */
  readonly bothAcceptMs: number;
  readonly roles: RoleStory;
  /** Whether a fault struck that may well cost the leader its role. */
  readonly mayMove: boolean;
  /** Rows of earlier rounds that came or went. */
  readonly changedSince: readonly string[];
  /** Of what synchronous replication would have kept. */
  readonly loss: AsyncLoss;
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
    const primary = await until('whole again', () => cluster.whole(), WHOLE_MS_MAX);
    const wholeMs = performance.now() - healedMs;
    await pause(CALM_MS);
    await Promise.all(everybody(clients).map((client) => client.stop()));
    const all = answers();
    const silence = longestSilence(all, beganMs, performance.now());
    return {
      ...(await countRows({ cluster, primary }, order, clients, began)),
      seed: order.seed,
      faults: told.map(({ text }) => text),
      mayMove: told.some(({ mayMove }) => mayMove),
      acknowledged: all.length,
      outageMs: silence.ms,
      silentSince: logTime(new Date(Date.now() - (performance.now() - silence.fromMs))),
      healedAt,
      wholeMs,
      bothAcceptMs: bothAcceptMs(clients.probes.flatMap((probe) => probe.samples)),
      ...(await readLogs({ cluster, primary }, began)),
    };
  } finally {
    await Promise.all(everybody(clients).map((client) => client.stop()));
  }
}

/** What was so when a round began. */
interface Began {
  /** How long the log of each host was. */
  readonly logs: ReadonlyMap<NetHost, number>;
  readonly timeline: number;
  /** Of the store. */
  readonly revision: number;
}

async function beginning(cluster: NetCluster): Promise<Began> {
  const logs = new Map(
    await Promise.all(cluster.hosts.map(async (host) => [host, (await host.log()).length] as const)),
  );
  const timeline = await timelineOf(await until('a primary', () => cluster.whole(), BEGINS_MS));
  return { logs, timeline, revision: await cluster.storeRevision() };
}

interface Survivor {
  readonly cluster: NetCluster;
  readonly primary: NetHost;
}

type Counted = Pick<
  NetRoundResult,
  'lost' | 'resurrected' | 'overlaps' | 'lists' | 'unequal' | 'changedSince' | 'loss'
>;

async function countRows(
  { cluster, primary }: Survivor,
  { round, settled }: NetRoundOrder,
  { rows, lists }: Clients,
  began: Began,
): Promise<Counted> {
  const found = await primary.sql('select id from chaos where round = $1', [round]);
  const checked = checkRows(
    {
      inserted: rows.flatMap((writer) => writer.acknowledged),
      deleted: rows.flatMap((writer) => writer.deleted.map(({ id }) => id)),
      doubtful: rows.flatMap((writer) => [...writer.doubtful]),
    },
    new Set(found.map((row) => Number(row['id']))),
  );
  const placed = checked.lost.map((id) => rows.map((writer) => writer.places.get(id)).find(Boolean));
  const digests = await roundDigests(primary);
  const changedSince = changedRounds(settled, digests);
  settled.set(round, digests.get(round) ?? '');
  return {
    ...checked,
    lists: brokenLists(
      lists.flatMap((writer) => writer.committed),
      await finalLists(primary, round),
    ),
    unequal: await unequalHosts(cluster, primary),
    changedSince,
    loss: asyncLoss(
      forksOf(await storeStory(cluster, began.revision), began.timeline),
      placed.filter((row) => row !== undefined),
      MAXIMUM_LAG,
    ),
  };
}

async function storeStory(cluster: NetCluster, since: number): Promise<StoreStory> {
  const [leader, status, history] = await Promise.all(
    (['leader', 'status', 'history'] as const).map((key) => cluster.storeChanges(key, since)),
  );
  return { leader: leader ?? [], status: status ?? [], history: history ?? [] };
}

async function finalLists(primary: NetHost, round: number): Promise<ReadonlyMap<number, readonly number[]>> {
  const rows = await primary.sql('select key, items from lists where key = any($1)', [listsOf(round)]);
  return new Map(rows.map((row) => [Number(row['key']), Array.isArray(row['items']) ? row['items'].map(Number) : []]));
}

const DIGESTS = `select round, count(*) || ' rows ' || md5(string_agg(id::text, ',' order by id)) as digest
  from chaos group by round order by round`;

async function roundDigests(primary: NetHost): Promise<ReadonlyMap<number, string>> {
  const rows = await primary.sql(DIGESTS);
  return new Map(rows.map((row) => [Number(row['round']), String(row['digest'])]));
}

async function unequalHosts(cluster: NetCluster, primary: NetHost): Promise<readonly string[]> {
  const lsn = String((await primary.sql('select pg_current_wal_lsn()::text as lsn'))[0]?.['lsn']);
  const digests = new Map<string, string>();
  for (const host of cluster.others(primary)) {
    const replayed = async () =>
      (await host.sql('select pg_last_wal_replay_lsn() >= $1::pg_lsn as there', [lsn]))[0]?.['there'] === true;
    await until(`${host.name} has replayed ${lsn}`, replayed, REPLAYED_MS);
    digests.set(host.name, await digestOf(host));
  }
  return unequalTo({ name: primary.name, digest: await digestOf(primary) }, digests);
}

async function digestOf(host: NetHost): Promise<string> {
  return String((await host.sql(ALL_ROWS))[0]?.['digest']);
}

async function timelineOf(primary: NetHost): Promise<number> {
  const rows = await primary.sql(
    "select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as t",
  );
  return Number(rows[0]?.['t']);
}

async function readLogs(
  { cluster, primary }: Survivor,
  { logs: from, timeline: before }: Began,
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
