// A cluster in which no member fails, on a machine and a store that behave badly: whoever fails over is wrong.
import { loadavg } from 'node:os';
import { chainOf, keepLogs } from '../../chaos/evidence.ts';
import { logTime } from '../../chaos/round.ts';
import { AS_POSTGRES } from '../../test/support/as-postgres.ts';
import { CountingWriter } from '../../test/support/counting-writer.ts';
import { kornakCommand, prepareCluster, type TestCluster } from '../../test/support/kornak-cluster.ts';
import { Disturber, type Done } from './disturb.ts';
import { disturbancesOf } from './disturbances.ts';
import { failsafeCount, type Incident, incidentsOf, type Sign, signsIn } from './false-failovers.ts';
import { reignIn, storeTerm } from './store-members.ts';

export interface CalmOrder {
  readonly mode: 'on' | 'quorum' | 'off';
  readonly failsafe: boolean;
  readonly seed: number;
  readonly minutes: number;
  /** Ends the soak early; it tells what there was until then. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface CalmResult {
  /** That it went on for. */
  readonly minutes: number;
  readonly done: Done;
  /** Elections that etcd held, by its own count. */
  readonly elections: number;
  readonly falseFailovers: number;
  /** Leader key gone and taken again by its holder, whose PostgreSQL served on. */
  readonly keyGone: number;
  /** Times at which members carried a leader whom etcd did not answer. */
  readonly failsafe: number;
  readonly reigns: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly longestGapMs: number;
  readonly load: number;
  /** One per false failover: what happened, in the words of the agents. */
  readonly told: readonly string[];
  readonly kept?: string;
}

/** Of the chain before a false failover that is shown. */
const BEFORE_MS = 12_000;
const WHOLE_MS = 180_000;
const MINUTE_MS = 60_000;

async function standUp({ mode, failsafe, say }: CalmOrder): Promise<TestCluster> {
  const cluster = await prepareCluster({
    etcdMembers: 3,
    scope: 'calm',
    dcs: { synchronous_mode: mode === 'off' ? false : mode === 'on' ? true : 'quorum', failsafe_mode: failsafe },
    // An ordinary user raises no priority.
    command:
      () =>
      (...args) => [...AS_POSTGRES, ...kornakCommand(...args)],
  });
  try {
    cluster.startAll();
    await cluster.streaming(2, WHOLE_MS);
    if (mode !== 'off') await cluster.synchronous();
    say('three members stream');
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export async function runCalm(order: CalmOrder): Promise<CalmResult> {
  const cluster = await standUp(order);
  try {
    return await disturbed(cluster, order);
  } finally {
    await cluster.stop();
  }
}

async function startsOf(cluster: TestCluster): Promise<ReadonlyMap<string, string>> {
  const starts = await Promise.all(
    cluster.members.map(async (member) => {
      const rows = await member.sql('select pg_postmaster_start_time()::text as at').catch(() => []);
      return [member.name, String(rows[0]?.['at'])] as const;
    }),
  );
  return new Map(starts);
}

async function signsOf(cluster: TestCluster, sinceMs: number): Promise<readonly Sign[]> {
  const signs = await Promise.all(
    cluster.members.map(async (member) => signsIn(member.name, await member.log(), sinceMs)),
  );
  return signs.flat();
}

async function disturbed(cluster: TestCluster, order: CalmOrder): Promise<CalmResult> {
  const { seed, minutes, signal, mode, say } = order;
  const writer = new CountingWriter(cluster);
  await writer.start();
  const [starts, reign, term] = [
    await startsOf(cluster),
    await reignIn(cluster.etcd, cluster.scope),
    await storeTerm(cluster.etcd),
  ];
  const [beganMs, sinceMs] = [performance.now(), Date.now()];
  const disturber = new Disturber(cluster.etcd, signal);
  await disturber.all(disturbancesOf(seed, minutes), minutes * MINUTE_MS);
  const tookMs = performance.now() - beganMs;
  const load = loadavg()[0] ?? 0;
  await cluster.etcd.heal();
  await cluster.streaming(2, WHOLE_MS);
  await writer.acknowledges();
  await writer.stop();
  const logs = await Promise.all(cluster.members.map(async (member) => [member.name, await member.log()] as const));
  const after = await startsOf(cluster);
  const signs = await signsOf(cluster, sinceMs);
  const isTold = (name: string): boolean => signs.some(({ member, hasMoved }) => hasMoved && member === name);
  const restarts = [...starts]
    .filter(([name, at]) => after.get(name) !== at && !isTold(name))
    .map(([member]): Sign => ({ atMs: Date.now(), member, text: 'its PostgreSQL was started again', hasMoved: true }));
  const incidents = incidentsOf([...signs, ...restarts]);
  const failovers = incidents.filter(({ isFailover }) => isFailover);
  for (const incident of incidents) await tell(cluster, incident, say);
  const isBad = failovers.length > 0;
  const last = await reignIn(cluster.etcd, cluster.scope);
  return {
    minutes: Math.round((tookMs / MINUTE_MS) * 10) / 10,
    done: disturber.done,
    elections: (await storeTerm(cluster.etcd)) - term,
    falseFailovers: failovers.length,
    keyGone: incidents.length - failovers.length,
    failsafe: logs.reduce((sum, [name, log]) => sum + failsafeCount(name, log, sinceMs), 0),
    reigns: last?.revision === reign?.revision ? 0 : 1,
    acknowledged: writer.acknowledged.length,
    lost: (await writer.lost()).length,
    longestGapMs: Math.round(writer.outageMs(beganMs)),
    load,
    told: failovers.map(toldOf),
    ...(isBad ? { kept: await keepLogs(`calm-${mode}-seed-${seed}`, cluster.members, {}) } : {}),
  };
}

function toldOf({ atMs, signs }: Incident): string {
  return `${logTime(new Date(atMs))} ${signs.map(({ member, text }) => `${member} ${text}`).join(' / ')}`;
}

async function tell(cluster: TestCluster, incident: Incident, say: (line: string) => void): Promise<void> {
  say(`${incident.isFailover ? 'FALSE FAILOVER' : 'key gone and taken again'}: ${toldOf(incident)}`);
  if (!incident.isFailover) return;
  for (const line of await chainOf(cluster.members, logTime(new Date(incident.atMs - BEFORE_MS)))) say(line);
}
