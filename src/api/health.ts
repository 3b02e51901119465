// Health checks: which of them are good for this member, by path. Load balancers in the wild ask odd paths, so most are found
// by what they contain, first match wins.
import { lagLimit, type Query, tagsMatch } from './query.ts';
import { isServingPrimary, leaderPosition, type Situation } from './situation.ts';

/** Whether the health check at `path` is good. */
export function isHealthy(path: string, query: Query, situation: Situation): boolean {
  const check = CHECKS.find(({ matches }) => matches(path));
  if (check === undefined) return false;
  if (check.ignoresTags !== true && !tagsMatch(query, situation.observation.self.tags)) return false;
  return check.isGood(situation, query);
}

interface Check {
  readonly matches: (path: string) => boolean;
  readonly ignoresTags?: true;
  readonly isGood: (situation: Situation, query: Query) => boolean;
}

const contains =
  (...parts: readonly string[]) =>
  (path: string): boolean =>
    parts.some((part) => path.includes(part));

const is =
  (...paths: readonly string[]) =>
  (path: string): boolean =>
    paths.includes(path);

const CHECKS: readonly Check[] = [
  { matches: contains('standby_leader', 'standby-leader'), ignoresTags: true, isGood: isStandbyLeader },
  { matches: contains('leader'), ignoresTags: true, isGood: ({ leads }) => leads },
  {
    matches: (path) => path === '/' || contains('primary', 'master', 'read-write')(path),
    ignoresTags: true,
    isGood: isServingPrimary,
  },
  { matches: contains('replica'), isGood: isReplica },
  {
    matches: (path) => path.includes('read-only') && !contains('sync', 'quorum')(path),
    isGood: (situation, query) => isAnyLeader(situation) || isReplica(situation, query),
  },
  { matches: contains('health'), isGood: ({ state }) => state === 'running' },
  { matches: is('/sync', '/synchronous'), isGood: isStandbyOf('sync_standby') },
  { matches: is('/quorum'), isGood: isStandbyOf('quorum_standby') },
  {
    matches: is('/async', '/asynchronous'),
    isGood: (situation, query) =>
      situation.view !== undefined && situation.syncStandby === undefined && isReplica(situation, query),
  },
  { matches: is('/read-only-sync', '/read-only-synchronous'), isGood: isReadOnly('sync_standby') },
  { matches: is('/read-only-quorum'), isGood: isReadOnly('quorum_standby') },
];

function isStandbyLeader({ leads, isStandbyCluster, role }: Situation): boolean {
  return leads && isStandbyCluster && (role === 'replica' || role === 'standby_leader');
}

function isAnyLeader(situation: Situation): boolean {
  return isServingPrimary(situation) || isStandbyLeader(situation);
}

function isReplica(situation: Situation, query: Query): boolean {
  const { role, state, observation, leads, isStandbyCluster, replicationState } = situation;
  if (role !== 'replica' || state !== 'running' || (leads && isStandbyCluster)) return false;
  if (observation.self.tags['noloadbalance']) return false;
  const wanted = query.values.get('replication_state');
  return (wanted === undefined || wanted === replicationState) && !isLagging(situation, query);
}

/** Behind the leader by more than is asked for. */
function isLagging({ view, sql }: Situation, query: Query): boolean {
  const limit = lagLimit(query);
  const reference = leaderPosition({ view, sql });
  if (limit === undefined || reference === 0n || sql?.kind !== 'standby') return false;
  return reference > sql.replayedLsn + limit;
}

function isStandbyOf(kind: 'sync_standby' | 'quorum_standby'): Check['isGood'] {
  return (situation, query) =>
    situation.view !== undefined && situation.syncStandby === kind && isReplica(situation, query);
}

function isReadOnly(kind: 'sync_standby' | 'quorum_standby'): Check['isGood'] {
  return (situation, query) =>
    situation.view !== undefined && (isAnyLeader(situation) || isStandbyOf(kind)(situation, query));
}
