import { NO_HEALTH } from '../../src/core/model/health.ts';
import { decodeDynamicConfig } from '../../src/core/settings/dynamic-config.ts';
import type { ClusterView, LeaderKey, Member, MemberData, Pledge, SyncState } from '../../src/core/model/cluster.ts';
import type {
  ControlData,
  LocalPostgres,
  PrimaryStatus,
  Sender,
  Slot,
  StandbyStatus,
} from '../../src/core/model/local-postgres.ts';
import type { Job, RunningJob } from '../../src/core/model/job.ts';
import { lsn, type Lsn } from '../../src/core/model/lsn.ts';
import type { Memory } from '../../src/core/model/memory.ts';
import { initialMemory } from '../../src/core/model/memory.ts';
import type { LeaseState, Observation, PeerStatus, Vacancy } from '../../src/core/model/observation.ts';
import { type Seen, seen, unknown } from '../../src/core/model/seen.ts';

export const SYSTEM_ID = '7711251641445478941';
export const NOW_MS = 1_000_000;

export const at = (value: number): Lsn => lsn(value);

export function memberData(data: Partial<MemberData> = {}): MemberData {
  return {
    connUrl: 'postgres://10.0.0.9:5432/postgres',
    apiUrl: 'http://10.0.0.9:8008/patroni',
    state: 'running',
    role: 'replica',
    version: '4.1.4',
    timeline: 1,
    kornak: { protocol: 1, can: ['pledge', 'guard'] },
    ...data,
  };
}

export function member(name: string, data: Partial<MemberData> = {}): Member {
  return {
    name,
    leaseId: `lease-${name}`,
    modRevision: 2,
    data: memberData({ connUrl: `postgres://${name}:5432/postgres`, apiUrl: `http://${name}:8008/patroni`, ...data }),
  };
}

export const leaderKey = (name: string, reign = 10): LeaderKey => ({ name, reign, leaseId: 'lease-leader' });

export const syncOf = (leader: string | undefined, voters: readonly string[] = [], quorum = 0): SyncState => ({
  leader,
  voters,
  quorum,
});

export function pledgeOf(name: string, position: number, more: Partial<Pledge> & { timeline?: number } = {}): Pledge {
  return {
    name,
    reign: more.reign ?? 10,
    position: { timeline: more.timeline ?? 1, lsn: at(position) },
    revision: more.revision ?? 50,
  };
}

export function view(more: Partial<ClusterView> = {}): ClusterView {
  return {
    revision: 100,
    initialize: { value: SYSTEM_ID, revision: 3 },
    bootstrapper: undefined,
    config: configKey(),
    leader: undefined,
    members: [member('a'), member('b'), member('c')],
    sync: { value: syncOf(undefined), revision: 0 },
    failover: { value: undefined, revision: 0 },
    history: { value: [], revision: 0 },
    status: { optime: undefined, slots: {}, retainSlots: [] },
    reign: { value: { name: 'a', timeline: 1 }, revision: 10 },
    last: { value: undefined, revision: 0 },
    failsafe: { value: undefined, revision: 0 },
    pledges: [],
    unguarded: [],
    events: { value: '[]', revision: 0 },
    nonsense: [],
    ...more,
  };
}

export function configKey(raw: Record<string, unknown> = {}, revision = 4): ClusterView['config'] {
  return { value: config(raw), raw, revision };
}

export function config(raw: Record<string, unknown> = {}): ReturnType<typeof decodeDynamicConfig>['config'] {
  return decodeDynamicConfig(raw).config;
}

export function control(more: Partial<ControlData> = {}): ControlData {
  return {
    state: 'in production',
    systemId: SYSTEM_ID,
    checkpointLsn: at(900),
    checkpointTimeline: 1,
    minRecoveryEndLsn: at(0),
    minRecoveryEndTimeline: 0,
    rewindable: true,
    ...more,
  };
}

export function sender(name: string, more: Partial<Sender> = {}): Sender {
  return {
    name,
    user: 'replicator',
    clientAddress: '10.0.0.9',
    state: 'streaming',
    syncState: 'async',
    syncPriority: 0,
    writeLsn: at(1000),
    flushLsn: at(1000),
    replayLsn: at(1000),
    slot: name,
    hasReadSettings: true,
    ...more,
  };
}

export const physicalSlot = (name: string, more: Partial<Slot> = {}): Slot => ({
  name,
  kind: 'physical',
  active: false,
  restartLsn: at(900),
  ...more,
});

export function primaryStatus(more: Partial<PrimaryStatus> = {}): PrimaryStatus {
  return {
    kind: 'primary',
    timeline: 1,
    flushLsn: at(1000),
    senders: [],
    slots: ['b', 'c'].map((name) => physicalSlot(name, { active: true })),
    sync: { names: '', synchronousCommit: 'on', checkpointerIdleSinceReload: true },
    serverVersion: 150_018,
    startedAt: '2026-11-23 06:34:44.230980+00:00',
    ...more,
  };
}

export function standbyStatus(more: Partial<StandbyStatus> = {}): StandbyStatus {
  return {
    kind: 'standby',
    timeline: 1,
    receivedLsn: at(1000),
    replayedLsn: at(1000),
    replayedAt: null,
    replayPaused: false,
    replayedAll: true,
    receiverRuns: false,
    receiver: undefined,
    upstream: undefined,
    slots: ['b', 'c'].map((name) => physicalSlot(name)),
    senders: [],
    serverVersion: 150_018,
    startedAt: '2026-11-23 06:34:44.230980+00:00',
    ...more,
  };
}

export function postgres(more: Partial<LocalPostgres> = {}): LocalPostgres {
  return {
    data: { kind: 'cluster', control: control(), standbySignal: false },
    postmaster: { pid: 42, startTicks: 4242 },
    starting: false,
    sql: unknown('not asked'),
    lastError: undefined,
    loginRefused: undefined,
    health: NO_HEALTH,
    pauseNoted: false,
    ...more,
  };
}

export const primary = (more: Partial<PrimaryStatus> = {}): LocalPostgres =>
  postgres({ sql: seen(primaryStatus(more), NOW_MS) });

export function standby(more: Partial<StandbyStatus> = {}): LocalPostgres {
  const data = { kind: 'cluster', control: control({ state: 'in archive recovery' }), standbySignal: true } as const;
  return postgres({ data, sql: seen(standbyStatus(more), NOW_MS) });
}

export const down = (more: Partial<ControlData> = {}, standbySignal = false): LocalPostgres =>
  postgres({ postmaster: undefined, data: { kind: 'cluster', control: control(more), standbySignal } });

export function held(
  reign = 10,
  more: { deadlineMs?: number; takenMs?: number; unguarded?: boolean } = {},
): LeaseState {
  return {
    kind: 'held',
    reign,
    leaseId: 'lease-leader',
    deadlineMs: more.deadlineMs ?? NOW_MS + 4_000,
    ttlMs: 6_000,
    takenMs: more.takenMs ?? NOW_MS - 500,
    unguarded: more.unguarded ?? false,
  };
}

export function observation(
  more: Partial<Omit<Observation, 'cluster'>> & { cluster?: Seen<ClusterView> | ClusterView } = {},
): Observation {
  const { cluster, ...rest } = more;
  const given = cluster ?? view();
  return {
    nowMs: NOW_MS,
    wallAt: '2026-11-24T00:00:00.000+00:00',
    wallMs: 1_795_478_400_000,
    self: {
      name: 'a',
      scope: 'demo',
      connUrl: 'postgres://a:5432/postgres',
      apiUrl: 'http://a:8008/patroni',
      version: '4.1.4',
      tags: {},
      mayBootstrap: true,
      localRevision: 0,
      overrides: { usePgRewind: true },
      initialConfig: {},
    },
    cluster: 'kind' in given ? given : seen(given, NOW_MS),
    vacancy: undefined,
    postgres: postgres(),
    lease: { kind: 'none' },
    guard: { kind: 'disarmed' },
    watchdog: { kind: 'idle' },
    job: undefined,
    ended: undefined,
    peers: new Map(),
    unsettled: new Set(),
    promise: { kind: 'none' },
    undone: undefined,
    requests: [],
    random: 0.5,
    ...rest,
  };
}

export const memory = (more: Partial<Memory> = {}): Memory => ({
  ...initialMemory(NOW_MS),
  appliedConfig: 4,
  appliedLocal: 0,
  hasStreamed: true,
  isCutOff: true,
  ...more,
});

/** What another member answers for itself. */
export function peerStatus(more: Partial<PeerStatus> = {}): PeerStatus {
  return {
    role: 'replica',
    state: 'running',
    location: undefined,
    receivedLsn: at(1000),
    replayedLsn: at(1000),
    timeline: 1,
    tags: {},
    watchdogFailed: false,
    ...more,
  };
}

/** The leader key has been gone for a moment, given back by b in good order. */
export const RELEASED: Vacancy = {
  sinceMs: NOW_MS - 20,
  previous: { name: 'b', reign: 10, leaseTtlMs: 6_000 },
  manner: 'released',
};

export const runningJob = (job: Job): RunningJob => ({
  job,
  startedMs: NOW_MS - 10,
  deadlineMs: NOW_MS + 60_000,
  progress: undefined,
  cancelled: false,
});
