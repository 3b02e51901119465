import type { LocalHealth } from './health.ts';
import type { Lsn } from './lsn.ts';
import type { ServerTrouble } from './healing.ts';
import type { StartupParameter } from './restart.ts';
import type { Seen } from './seen.ts';

/** pg_control's view of how the server last stopped. */
export type ControlState =
  | 'starting up'
  | 'shut down'
  | 'shut down in recovery'
  | 'shutting down'
  | 'in crash recovery'
  | 'in archive recovery'
  | 'in production';

export interface ControlData {
  readonly state: ControlState;
  readonly systemId: string;
  readonly checkpointLsn: Lsn;
  readonly checkpointTimeline: number;
  /** Behind the record of a shutdown checkpoint, by its WAL; undefined: no such record, or it cannot be read. */
  readonly checkpointEndLsn?: Lsn | undefined;
  readonly minRecoveryEndLsn: Lsn;
  readonly minRecoveryEndTimeline: number;
  /** Data checksums or wal_log_hints, without which pg_rewind refuses. */
  readonly rewindable: boolean;
}

/** An operation that leaves the directory unusable if it is interrupted; noted beside the directory first. */
export type UnfinishedWork = 'bootstrap' | 'clone' | 'rewind';

export type DataDirectory =
  | { readonly kind: 'empty' }
  /** Not empty, yet no cluster of PostgreSQL's. */
  | { readonly kind: 'foreign'; readonly what: string }
  /** Never started, pledged or voted with. */
  | { readonly kind: 'unfinished'; readonly work: UnfinishedWork }
  | { readonly kind: 'unreadable'; readonly why: string }
  | {
      readonly kind: 'cluster';
      readonly control: ControlData;
      readonly standbySignal: boolean;
      /** A copy that was never started: crash recovery from its pg_control would make nonsense of it. */
      readonly backupLabel?: boolean;
    };

export interface PostmasterId {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: a pid that came back has another. */
  readonly startTicks: number;
}

/** A walsender as the primary sees it. */
export interface Sender {
  readonly name: string;
  readonly user: string;
  readonly clientAddress: string | null;
  readonly state: string;
  readonly syncState: string;
  readonly syncPriority: number;
  readonly writeLsn: Lsn | undefined;
  readonly flushLsn: Lsn | undefined;
  readonly replayLsn: Lsn | undefined;
  /** The physical slot this very connection streams through, if any. */
  readonly slot: string | undefined;
  /**
   * It was seen to have read the last configuration load: whatever is acknowledged to it from now on counts by that. Never told
   * where it releases nobody: on a standby, or while the setting names nobody.
   */
  readonly hasReadSettings: boolean;
}

export interface Slot {
  readonly name: string;
  readonly kind: 'physical' | 'logical';
  readonly active: boolean;
  /** undefined: it keeps no WAL. */
  readonly restartLsn: Lsn | undefined;
  /** Of logical slots. */
  readonly plugin?: string | undefined;
  readonly database?: string | undefined;
  readonly confirmedFlushLsn?: Lsn | undefined;
  /** It keeps vacuum from removing rows, for its standby or for decoding. */
  readonly hasXmin?: boolean;
  /** The oldest transaction whose effects on the catalog are kept for it; undefined: none are. */
  readonly catalogXmin?: number;
  /** The WAL that it needs is gone, or it was invalidated otherwise: nobody can use it any more. */
  readonly isLost?: boolean;
  /** PostgreSQL 17 keeps it on standbys by itself. */
  readonly isFailover?: boolean;
  /** On a standby: it came from the primary and may be used after a failover. */
  readonly isSynced?: boolean;
}

/** What commits wait for, as the running server has it. */
export interface SyncInForce {
  /** `synchronous_standby_names` as SHOW tells it. */
  readonly names: string;
  readonly synchronousCommit: string;
  /**
   * The checkpointer was seen idle, by its wait event, after the last configuration load: only then does the setting decide
   * whether commits wait at all (safety-findings F3).
   */
  readonly checkpointerIdleSinceReload: boolean;
}

export interface PrimaryStatus {
  readonly kind: 'primary';
  readonly timeline: number;
  readonly flushLsn: Lsn;
  readonly senders: readonly Sender[];
  readonly slots: readonly Slot[];
  readonly sync: SyncInForce;
  readonly serverVersion: number;
  readonly startedAt: string;
  /** Parameters that only a restart changes, as far as one may be due; undefined: not known. */
  readonly startup?: readonly StartupParameter[] | undefined;
}

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

export interface StandbyStatus {
  readonly kind: 'standby';
  /** Timeline of the last WAL record held, not of the upstream or of pg_control. */
  readonly timeline: number;
  /** max(received and flushed, replayed): how far the WAL held on disk reaches. */
  readonly receivedLsn: Lsn;
  readonly replayedLsn: Lsn;
  readonly replayedAt: string | null;
  readonly replayPaused: boolean;
  /** Replay reached the end of the WAL on disk since this start, so that receivedLsn is the whole truth. */
  readonly replayedAll: boolean;
  /** A walreceiver *process* exists, be it connecting, streaming or waiting. */
  readonly receiverRuns: boolean;
  readonly receiver:
    | {
        readonly status: string;
        readonly upstream: Upstream | undefined;
        readonly slot: string | undefined;
        readonly timeline: number;
        /** Age of the last message of any kind, when looked at; undefined: not known. */
        readonly lastMessageAgeMs?: number | undefined;
        /** How far the sender's WAL reached when it last said so. */
        readonly latestEndLsn?: Lsn | undefined;
      }
    | undefined;
  /** Upstream in force by the configuration; undefined: primary_conninfo is empty. */
  readonly upstream: Upstream | undefined;
  /** There is a restore_command, so WAL comes from an archive too. */
  readonly hasArchive?: boolean;
  readonly slots: readonly Slot[];
  readonly senders: readonly Sender[];
  readonly serverVersion: number;
  readonly startedAt: string;
  /** Parameters that only a restart changes, as far as one may be due; undefined: not known. */
  readonly startup?: readonly StartupParameter[] | undefined;
}

export type SqlStatus = PrimaryStatus | StandbyStatus;

/** Everything known about the PostgreSQL beside this agent. */
export interface LocalPostgres {
  readonly data: DataDirectory;
  /** undefined: no live postmaster works in the data directory (a zombie is dead). */
  readonly postmaster: PostmasterId | undefined;
  /** The postmaster runs but does not accept connections yet. */
  readonly starting: boolean;
  /** What this very postmaster answered: unknown where none runs, whatever an earlier one said last. */
  readonly sql: Seen<SqlStatus>;
  /** Where start-up was last asked for and failed: the last lines the server wrote. */
  readonly lastError: string | undefined;
  /** A note beside the data directory, left by an agent that knew of a pause: it stands as long as nobody knows better. */
  readonly pauseNoted: boolean;
  /** The server runs and refuses our superuser: why, and what to do about it. */
  readonly loginRefused: string | undefined;
  readonly health: LocalHealth;
  /** Logical slots that could not be used when they were last tended, with the reason: only a new copy helps. */
  readonly brokenSlots?: Readonly<Record<string, string>>;
  /** What its log last said about why it does not follow, or does not come up. */
  readonly trouble?: ServerTrouble | undefined;
}
