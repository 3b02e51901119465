// The facts that answers are made of, from the last snapshot. What is not known is undefined here and never guessed.
import type { ClusterView, MemberData } from '../core/model/cluster.ts';
import type { Healing } from '../core/model/healing.ts';
import type { JobKind } from '../core/model/job.ts';
import type { SqlStatus } from '../core/model/local-postgres.ts';
import type { Observation } from '../core/model/observation.ts';
import { replicationStateOf } from '../core/model/replication-state.ts';
import { known } from '../core/model/seen.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { DynamicConfig } from '../core/settings/dynamic-config.ts';

export interface Situation {
  readonly observation: Observation;
  /** undefined: the store does not answer, or the last answer is older than `ttl`. */
  readonly view: ClusterView | undefined;
  /** What the cluster was when the store last answered; its roles and names, for want of better. */
  readonly lastView: ClusterView | undefined;
  /** In force, whether the store answers or not. */
  readonly config: DynamicConfig;
  /** undefined: SQL does not answer. */
  readonly sql: SqlStatus | undefined;
  /** This member holds the leader lease now. */
  readonly leads: boolean;
  readonly state: string;
  readonly role: string;
  readonly replicationState: string | undefined;
  readonly syncStandby: 'sync_standby' | 'quorum_standby' | undefined;
  readonly isStandbyCluster: boolean;
  readonly isPaused: boolean;
  /** The members' promises carry the lead without the store: this member leads by them, or has given one. */
  readonly isFailsafe: boolean;
  /** Since this was looked at. */
  readonly ageMs: number;
  readonly lastCycleMs: number;
  readonly storeSeenAtS: number;
  /** What is being done about this member while it does not follow. */
  readonly healing: Healing | undefined;
  /** Copied logical slots that are not known to be good for a failover; undefined: there are no copies here. */
  readonly unreadySlots: readonly string[] | undefined;
  /** What this member says of itself in the store. */
  readonly member: MemberData | undefined;
}

export const TTL_DEFAULT_MS = 30_000;

export function situationOf(snapshot: Snapshot, nowMs: number): Situation {
  const { observation, config } = snapshot;
  const { postgres } = observation;
  const view = currentView(snapshot, nowMs);
  const lastView = snapshot.lastCluster?.view;
  const sql = known(postgres.sql);
  const isStandbyCluster = isStandbyConfig(config.raw['standby_cluster']);
  const leads = leadsNow(observation, nowMs) || (view === undefined && ledWhenPaused(snapshot, isStandbyCluster));
  return {
    observation,
    view,
    lastView,
    config,
    sql,
    leads,
    state: stateOf(snapshot),
    role: roleOf(observation, lastView, leads && isStandbyCluster),
    replicationState: replicationStateOf(sql),
    syncStandby: syncStandbyOf(observation, view, config),
    isStandbyCluster,
    isPaused: config.paused,
    isFailsafe: isFailsafe(observation, nowMs),
    ageMs: nowMs - observation.nowMs,
    lastCycleMs: snapshot.atMs,
    storeSeenAtS: snapshot.storeSeenAtS,
    healing: snapshot.healing,
    unreadySlots: snapshot.unreadySlots,
    member: snapshot.member,
  };
}

function leadsNow({ lease }: Observation, nowMs: number): boolean {
  return lease.kind === 'held' && lease.deadlineMs > nowMs;
}

function isFailsafe({ lease, promise }: Observation, nowMs: number): boolean {
  if (lease.kind === 'held') return lease.carriedSinceMs !== undefined && lease.deadlineMs > nowMs;
  return promise.kind === 'given' && promise.untilMs > nowMs;
}

/** In pause a primary stays one while the store is silent: then what PostgreSQL is counts as leading. */
function ledWhenPaused({ observation, config, lastCluster }: Snapshot, isStandbyCluster: boolean): boolean {
  const { lease, postgres, self } = observation;
  if (!config.paused || lastCluster === undefined || lease.kind === 'lost') return false;
  const sql = known(postgres.sql);
  return (
    sql?.kind === 'primary' || (sql !== undefined && isStandbyCluster && lastCluster.view.leader?.name === self.name)
  );
}

/** Whether clients that write may be sent here. Clients cannot write before promotion has ended: docs/adr/0006. */
export function isServingPrimary({ leads, isStandbyCluster, sql, state, role, observation }: Situation): boolean {
  if (!leads || isStandbyCluster) return false;
  if (sql !== undefined) return sql.kind === 'primary';
  // A primary that is too busy to answer is one still.
  return state === 'unknown' && role === 'primary' && observation.job?.job.kind !== 'promote';
}

/** Where /config cannot be used, with what is in force instead. */
function currentView({ observation, lastCluster, config }: Snapshot, nowMs: number): ClusterView | undefined {
  if (observation.cluster.kind === 'unknown' || lastCluster === undefined) return undefined;
  if (nowMs - lastCluster.atMs >= config.ttlMs) return undefined;
  const { view } = lastCluster;
  return view.config.value === undefined ? { ...view, config: { ...view.config, value: config } } : view;
}

/** How far the leader's WAL reaches, as it last published or told this standby; 0 where neither is known. */
export function leaderPosition({ view, sql }: Pick<Situation, 'view' | 'sql'>): bigint {
  const published = view?.status.optime ?? 0n;
  const told = (sql?.kind === 'standby' ? sql.receiver?.latestEndLsn : undefined) ?? 0n;
  return told > published ? told : published;
}

const STATE_OF_JOB: Partial<Record<JobKind, string>> = {
  bootstrap: 'initializing new cluster',
  clone: 'creating replica',
  startPrimary: 'starting',
  startStandby: 'starting',
  stop: 'stopping',
  restart: 'restarting',
};

function stateOf({ observation: { job, postgres }, isReinitializing }: Snapshot): string {
  const byJob = job === undefined ? undefined : STATE_OF_JOB[job.job.kind];
  if (isReinitializing === true) return 'creating replica';
  if (byJob !== undefined) return byJob;
  if (postgres.sql.kind === 'seen') return 'running';
  if (postgres.postmaster !== undefined) return postgres.starting ? 'starting' : 'unknown';
  return postgres.lastError === undefined ? 'stopped' : 'start failed';
}

/** Without SQL, what this member last published, as far as is known; before it published anything, what its data directory tells. */
function roleOf({ postgres, self }: Observation, view: ClusterView | undefined, isStandbyLeader: boolean): string {
  const sql = known(postgres.sql);
  if (sql?.kind === 'primary') return 'primary';
  if (sql !== undefined) return isStandbyLeader ? 'standby_leader' : 'replica';
  if (postgres.data.kind !== 'cluster') return 'uninitialized';
  const published = view?.members.find(({ name }) => name === self.name)?.data.role;
  if (published !== undefined && published !== 'unknown' && published !== 'uninitialized') return published;
  return postgres.data.standbySignal ? 'replica' : 'demoted';
}

function syncStandbyOf(
  { postgres, self }: Observation,
  view: ClusterView | undefined,
  config: DynamicConfig,
): Situation['syncStandby'] {
  if (known(postgres.sql)?.kind !== 'standby' || config.synchronousMode === 'off') return undefined;
  const isVoter = view?.sync.value.voters.some((voter) => voter.toLowerCase() === self.name.toLowerCase());
  if (isVoter !== true) return undefined;
  return config.synchronousMode === 'quorum' ? 'quorum_standby' : 'sync_standby';
}

function isStandbyConfig(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
