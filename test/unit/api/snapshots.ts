// Builders of snapshots for the tests of the API.
import { NO_HEALTH } from '../../../src/core/model/health.ts';
import { decodeCluster, type StoredKey } from '../../../src/core/layout/decode-cluster.ts';
import { keysFor } from '../../../src/core/layout/keys.ts';
import type { ClusterView, Tags } from '../../../src/core/model/cluster.ts';
import type { LocalPostgres, PrimaryStatus, SqlStatus, StandbyStatus } from '../../../src/core/model/local-postgres.ts';
import { lsn } from '../../../src/core/model/lsn.ts';
import type { LeaseState, Observation } from '../../../src/core/model/observation.ts';
import { seen, unknown } from '../../../src/core/model/seen.ts';
import type { Snapshot } from '../../../src/core/model/snapshot.ts';
import { decodeDynamicConfig } from '../../../src/core/settings/dynamic-config.ts';
import { primaryStatus, standbyStatus } from '../../support/core-builders.ts';

export const NOW_MS = 1_000_000;
export const KEYS = keysFor('service', 'batman');

export function aView(values: Readonly<Record<string, string>>): ClusterView {
  const stored: readonly StoredKey[] = Object.entries(values).map(([name, value], index) => ({
    key: KEYS.prefix + name,
    value,
    modRevision: index + 10,
    leaseId: undefined,
  }));
  return decodeCluster(stored, 100, KEYS);
}

export function aPrimary(change: Partial<PrimaryStatus> = {}): PrimaryStatus {
  const startedAt = '2026-11-23T06:34:44.230980+00:00';
  return primaryStatus({ flushLsn: lsn(67393056), slots: [], startedAt, ...change });
}

export function aStandby(change: Partial<StandbyStatus> = {}): StandbyStatus {
  const upstream = { host: '127.0.0.1', port: 5432 };
  return standbyStatus({
    receivedLsn: lsn(67393056),
    replayedLsn: lsn(67393056),
    replayedAt: '2026-11-23T06:36:14.369565+00:00',
    receiverRuns: true,
    receiver: { status: 'streaming', upstream, slot: undefined, timeline: 1 },
    upstream,
    slots: [],
    startedAt: '2026-11-23 06:35:21.788241+00:00',
    ...change,
  });
}

export interface Told {
  readonly name?: string;
  readonly tags?: Tags;
  /** undefined: the store does not answer. */
  readonly view?: ClusterView | undefined;
  readonly sql?: SqlStatus | undefined;
  readonly postgres?: Partial<LocalPostgres>;
  readonly lease?: LeaseState;
  readonly observation?: Partial<Observation>;
  readonly snapshot?: Partial<Snapshot>;
}

export const HELD: LeaseState = {
  kind: 'held',
  reign: 12,
  leaseId: '77',
  deadlineMs: NOW_MS + 4_000,
  ttlMs: 6_000,
  takenMs: NOW_MS - 60_000,
  unguarded: false,
};

export function aSnapshot(told: Told): Snapshot {
  return {
    observation: {
      nowMs: NOW_MS,
      wallAt: '2026-11-23T12:00:00.000+00:00',
      wallMs: Date.parse('2026-11-23T12:00:00Z'),
      self: {
        name: told.name ?? 'postgresql0',
        scope: 'batman',
        connUrl: 'postgres://127.0.0.1:35430/postgres',
        apiUrl: 'http://127.0.0.1:38008/patroni',
        version: '4.1.4',
        tags: told.tags ?? {},
        mayBootstrap: true,
        localRevision: 0,
        overrides: {},
        initialConfig: {},
      },
      cluster: told.view === undefined ? unknown('no answer') : seen(told.view, NOW_MS),
      vacancy: undefined,
      postgres: aLocalPostgres(told),
      lease: told.lease ?? { kind: 'none' },
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
      ...told.observation,
    },
    rule: 'L01',
    why: 'all is well',
    atMs: NOW_MS,
    cycle: 7,
    events: [],
    config: told.view?.config.value ?? decodeDynamicConfig({}).config,
    lastCluster: told.view && { view: told.view, atMs: NOW_MS },
    storeSeenAtS: 1795415784,
    ...told.snapshot,
  };
}

function aLocalPostgres({ sql, postgres }: Told): LocalPostgres {
  return {
    data: {
      kind: 'cluster',
      standbySignal: sql?.kind === 'standby',
      control: {
        state: 'in production',
        systemId: '7711251641445478941',
        checkpointLsn: lsn(0),
        checkpointTimeline: 1,
        minRecoveryEndLsn: lsn(0),
        minRecoveryEndTimeline: 0,
        rewindable: true,
      },
    },
    postmaster: sql === undefined ? undefined : { pid: 1, startTicks: 2 },
    starting: false,
    sql: sql === undefined ? unknown('no answer') : seen(sql, NOW_MS),
    lastError: undefined,
    loginRefused: undefined,
    health: NO_HEALTH,
    pauseNoted: false,
    ...postgres,
  };
}

/** The two members of the contract's example. */
export const TWO: Readonly<Record<string, string>> = {
  config: '{"ttl":30}',
  leader: 'postgresql0',
  'members/postgresql0':
    '{"conn_url":"postgres://127.0.0.1:35430/postgres","api_url":"http://127.0.0.1:38008/patroni","state":"running","role":"primary","version":"4.1.4","xlog_location":67393056,"timeline":1}',
  'members/postgresql1':
    '{"conn_url":"postgres://127.0.0.1:35431/postgres","api_url":"http://127.0.0.1:38009/patroni","state":"running","role":"replica","version":"4.1.4","xlog_location":67393056,"replay_lsn":67393056,"receive_lsn":67393056,"replication_state":"streaming","timeline":1}',
  status: '{"optime":67393056}',
};
