// One round: writers at every member, faults by their times, everything undone, whole again, and what was promised is counted.
import { type TestCluster, type TestMember, until } from '../test/support/kornak-cluster.ts';
import { faultToText, type PlannedFault, scheduleOf } from './schedule.ts';
import { type Mode, strike } from './strike.ts';
import { longestSilence, type Overlap, overlapsOf } from './verdict.ts';
import { type Acknowledgement, MemberWriter } from './writer.ts';

export interface RoundResult {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly acknowledged: number;
  /** Acknowledged, and not on the primary once all is whole. */
  readonly lost: readonly number[];
  readonly overlaps: readonly Overlap[];
  readonly outageMs: number;
  /** When the last fault was undone, by the clock of the logs. */
  readonly healedAt: string;
  /** From the end of the last fault until three members are one cluster again. */
  readonly wholeMs: number;
  readonly hasCloned: boolean;
  /** What a member lacks of the rows of this round; empty when all are equal. */
  readonly unequal: readonly string[];
}

const WHOLE_MS_MAX = 120_000;
const CALM_MS = 300;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, Math.max(0, ms)));

/** As the agents begin their lines. */
export function logTime(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
    .toISOString()
    .slice(0, 23)
    .replace('T', ' ')
    .replace('.', ',');
}

async function inject(cluster: TestCluster, fault: PlannedFault, mode: Mode, beganMs: number): Promise<string> {
  await pause(beganMs + fault.atMs - performance.now());
  const { victim, undo } = await strike(cluster, fault, mode);
  await pause(fault.lengthMs);
  await undo();
  return `${faultToText(fault)} (${victim})`;
}

/** Whatever a fault has left behind: stopped processes, agents that ended. */
async function repair(cluster: TestCluster): Promise<void> {
  await cluster.etcd.heal();
  for (const member of cluster.members) {
    await member.thaw();
    if (member.exitCode !== undefined) member.start();
  }
}

async function streamsAll(cluster: TestCluster): Promise<TestMember | undefined> {
  const writable: TestMember[] = [];
  for (const member of cluster.members) {
    const rows = await member.sql('select pg_is_in_recovery() as standby');
    if (rows[0]?.['standby'] === false) writable.push(member);
  }
  const [primary] = writable;
  if (primary === undefined || writable.length !== 1) return undefined;
  const rows = await primary.sql(
    "select count(distinct application_name)::int as n from pg_stat_replication where state = 'streaming'",
  );
  if (Number(rows[0]?.['n']) < cluster.members.length - 1) return undefined;
  const { json } = await primary.api('/cluster');
  const members = Array.isArray(json['members']) ? (json['members'] as { role: string; state: string }[]) : [];
  const leads = members.filter((item) => item.role === 'leader').length === 1;
  const stands = members.every((item) => item.state === 'running' || item.state === 'streaming');
  return leads && stands && members.length === cluster.members.length ? primary : undefined;
}

async function idsOf(member: TestMember, round: number): Promise<ReadonlySet<number>> {
  const rows = await member.sql('select id from chaos where round = $1', [round]);
  return new Set(rows.map((row) => Number(row['id'])));
}

async function caughtUp(primary: TestMember, standby: TestMember): Promise<void> {
  const lsn = String((await primary.sql('select pg_current_wal_lsn()::text as lsn'))[0]?.['lsn']);
  await until(
    `${standby.name} has replayed ${lsn}`,
    async () =>
      (await standby.sql('select pg_last_wal_replay_lsn() >= $1::pg_lsn as there', [lsn]))[0]?.['there'] === true,
    30_000,
  );
}

async function unequalMembers(cluster: TestCluster, primary: TestMember): Promise<readonly string[]> {
  const digest =
    'select md5(coalesce(string_agg(id::text, $1 order by id), $1)) as digest, count(*)::int as n from chaos';
  const truth = (await primary.sql(digest, [',']))[0];
  const unequal: string[] = [];
  for (const member of cluster.others(primary)) {
    await caughtUp(primary, member);
    const its = (await member.sql(digest, [',']))[0];
    if (its?.['digest'] !== truth?.['digest'])
      unequal.push(`${member.name} has ${String(its?.['n'])} rows, ${primary.name} ${String(truth?.['n'])}`);
  }
  return unequal;
}

async function logSizes(cluster: TestCluster): Promise<ReadonlyMap<TestMember, number>> {
  return new Map(
    await Promise.all(cluster.members.map(async (member) => [member, (await member.log()).length] as const)),
  );
}

async function hasClonedSince(cluster: TestCluster, sizes: ReadonlyMap<TestMember, number>): Promise<boolean> {
  const logs = await Promise.all(
    cluster.members.map(async (member) => (await member.log()).slice(sizes.get(member) ?? 0)),
  );
  return logs.some((log) => /member\.cloned|cloned from/.test(log));
}

export interface RoundOrder {
  readonly seed: number;
  /** Counts the rounds of this cluster. */
  readonly round: number;
  readonly mode: Mode;
  /** Numbers that no round before has used. */
  readonly ids: () => number;
}

export async function runRound(cluster: TestCluster, how: RoundOrder): Promise<RoundResult> {
  const { seed, round, mode, ids } = how;
  const writers = cluster.members.map((member) => new MemberWriter(member, round, ids));
  const sizes = await logSizes(cluster);
  for (const writer of writers) writer.start();
  const beganMs = performance.now();
  const answers = (): Acknowledgement[] => writers.flatMap((writer) => writer.acknowledged);
  try {
    await until('a first insert is answered', () => answers().length > 0, 30_000);
    const faults = await Promise.all(scheduleOf(seed).map((fault) => inject(cluster, fault, mode, beganMs)));
    await repair(cluster);
    const healedMs = performance.now();
    const healedAt = logTime(new Date());
    const primary = await until('whole again', () => streamsAll(cluster), WHOLE_MS_MAX);
    const wholeMs = performance.now() - healedMs;
    await pause(CALM_MS);
    await Promise.all(writers.map((writer) => writer.stop()));
    const all = answers();
    const held = await idsOf(primary, round);
    return {
      seed,
      faults,
      acknowledged: all.length,
      lost: all.filter(({ id }) => !held.has(id)).map(({ id }) => id),
      overlaps: overlapsOf(all, held),
      outageMs: longestSilence(all, beganMs, performance.now()).ms,
      healedAt,
      wholeMs,
      hasCloned: await hasClonedSince(cluster, sizes),
      unequal: await unequalMembers(cluster, primary),
    };
  } finally {
    await Promise.all(writers.map((writer) => writer.stop()));
  }
}
