// Once all is whole again: what was promised to the clients against what the survivor has, and what the members tell of it.
import { until } from '../../test/support/kornak-cluster.ts';
import { asyncLoss, forksOf, type StoreStory } from './async-bound.ts';
import { ALL_ROWS, unequalTo } from './equality.ts';
import { brokenLists } from './list-check.ts';
import { LISTS, type ListWriter } from './list-writer.ts';
import { MAXIMUM_LAG, type NetCluster } from './net-cluster.ts';
import type { NetHost } from './net-host.ts';
import type { NetRoundOrder, NetRoundResult } from './net-result.ts';
import { eventsOf, explainRoles } from './role-changes.ts';
import type { RoleProbe } from './role-probe.ts';
import { changedRounds, checkRows } from './row-check.ts';
import type { RowWriter } from './row-writer.ts';

export const BEGINS_MS = 60_000;
const REPLAYED_MS = 30_000;

export interface Clients {
  readonly rows: readonly RowWriter[];
  readonly lists: readonly ListWriter[];
  readonly probes: readonly RoleProbe[];
}

export const listsOf = (round: number): readonly number[] => Array.from({ length: LISTS }, (_, at) => round * 10 + at);

/** What was so when a round began. */
interface Began {
  /** How long the log of each host was. */
  readonly logs: ReadonlyMap<NetHost, number>;
  readonly timeline: number;
  /** Of the store. */
  readonly revision: number;
}

export async function beginning(cluster: NetCluster): Promise<Began> {
  const logs = new Map(
    await Promise.all(cluster.hosts.map(async (host) => [host, (await host.log()).length] as const)),
  );
  const timeline = await until(
    'a primary',
    async () => {
      const primary = await cluster.whole();
      return primary === undefined ? undefined : await timelineOf(primary);
    },
    BEGINS_MS,
  );
  return { logs, timeline, revision: await cluster.storeRevision() };
}

interface Survivor {
  readonly cluster: NetCluster;
  readonly primary: NetHost;
}

/** Of a whole cluster only: on a machine that is too busy it may break once more meanwhile. */
export async function countAll(
  cluster: NetCluster,
  order: NetRoundOrder,
  clients: Clients,
  began: Began,
): Promise<(Counted & Told) | undefined> {
  const primary = await cluster.whole();
  if (primary === undefined) return undefined;
  const survivor = { cluster, primary };
  return { ...(await countRows(survivor, order, clients, began)), ...(await readLogs(survivor, began)) };
}

type Told = Pick<NetRoundResult, 'roles' | 'hasCloned'>;
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

async function readLogs({ cluster, primary }: Survivor, { logs: from, timeline: before }: Began): Promise<Told> {
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
