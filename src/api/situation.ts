// The facts that answers are made of, from the last snapshot. What is not known is undefined here and never guessed.
import type { ClusterView } from '../core/model/cluster.ts';
import type { JobKind } from '../core/model/job.ts';
import type { SqlStatus } from '../core/model/local-postgres.ts';
import type { Observation } from '../core/model/observation.ts';
import { known } from '../core/model/seen.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { DynamicConfig } from '../core/settings/dynamic-config.ts';

export interface Situation {
  readonly observation: Observation;
  /** undefined: the store does not answer, or the last answer is older than `ttl`. */
  readonly view: ClusterView | undefined;
  readonly config: DynamicConfig | undefined;
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
  readonly lastCycleMs: number;
  readonly storeSeenAtS: number;
}

export const TTL_DEFAULT_MS = 30_000;

export function situationOf(snapshot: Snapshot, nowMs: number): Situation {
  const { observation } = snapshot;
  const { lease, postgres } = observation;
  const view = currentView(observation, nowMs);
  const config = view?.config.value;
  const sql = known(postgres.sql);
  const leads = lease.kind === 'held' && lease.deadlineMs > nowMs;
  const isStandbyCluster = config !== undefined && isStandbyConfig(config.raw['standby_cluster']);
  return {
    observation,
    view,
    config,
    sql,
    leads,
    state: stateOf(observation),
    role: roleOf(observation, view, leads && isStandbyCluster),
    replicationState: sql?.kind === 'standby' && sql.receiver?.status === 'streaming' ? 'streaming' : undefined,
    syncStandby: syncStandbyOf(observation, view, config),
    isStandbyCluster,
    isPaused: config?.paused === true,
    lastCycleMs: snapshot.atMs,
    storeSeenAtS: snapshot.storeSeenAtS,
  };
}

/** Whether clients that write may be sent here. Clients cannot write before promotion has ended: docs/adr/0006. */
export function isServingPrimary({ leads, isStandbyCluster, sql, state, role, observation }: Situation): boolean {
  if (!leads || isStandbyCluster) return false;
  if (sql !== undefined) return sql.kind === 'primary';
  // A primary that is too busy to answer is one still.
  return state === 'unknown' && role === 'primary' && observation.job?.job.kind !== 'promote';
}

function currentView({ cluster }: Observation, nowMs: number): ClusterView | undefined {
  if (cluster.kind === 'unknown') return undefined;
  const ttlMs = cluster.value.config.value?.ttlMs ?? TTL_DEFAULT_MS;
  return nowMs - cluster.atMs < ttlMs ? cluster.value : undefined;
}

const STATE_OF_JOB: Partial<Record<JobKind, string>> = {
  bootstrap: 'initializing new cluster',
  clone: 'creating replica',
  startPrimary: 'starting',
  startStandby: 'starting',
  stop: 'stopping',
};

function stateOf({ job, postgres }: Observation): string {
  const byJob = job === undefined ? undefined : STATE_OF_JOB[job.job.kind];
  if (byJob !== undefined) return byJob;
  if (postgres.sql.kind === 'seen') return 'running';
  if (postgres.postmaster !== undefined) return postgres.starting ? 'starting' : 'unknown';
  return postgres.lastError === undefined ? 'stopped' : 'start failed';
}

/** Without SQL, what this member last published; before it published anything, what its data directory tells. */
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
  config: DynamicConfig | undefined,
): Situation['syncStandby'] {
  if (known(postgres.sql)?.kind !== 'standby' || config === undefined || config.synchronousMode === 'off')
    return undefined;
  const isVoter = view?.sync.value.voters.some((voter) => voter.toLowerCase() === self.name.toLowerCase());
  if (isVoter !== true) return undefined;
  return config.synchronousMode === 'quorum' ? 'quorum_standby' : 'sync_standby';
}

function isStandbyConfig(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
