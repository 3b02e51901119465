import type { DivergenceCause } from './divergence-record.ts';
import type { Lsn } from './lsn.ts';
import type { UnfinishedWork, Upstream } from './local-postgres.ts';
import type { LogicalSlotCopy } from './logical-slot.ts';

export type StopMode = 'fast' | 'immediate';

/** Where to stream from: the member's address and the slot (own name in slot form) to use there. */
export interface FollowTarget {
  readonly member: string;
  readonly upstream: Upstream;
  /** undefined: without a slot. */
  readonly slot: string | undefined;
  /** Another cluster's server: it knows this member under this name, and nobody's word but its own is to be had about it. */
  readonly remote?: { readonly applicationName: string };
}

/** What the server is to run with, beyond the local configuration. All of it is written before a start. */
export interface ServerSettings {
  /** Dynamic configuration's `postgresql.parameters`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly pgHba: readonly string[] | undefined;
  readonly pgIdent: readonly string[] | undefined;
  /** `synchronous_standby_names`; undefined: none, or the user's own where we do not manage it. */
  readonly syncNames: string | undefined;
  /** Synchronous replication is ours to manage: without `syncNames` nobody is waited for, whatever the user's setting says. */
  readonly managesSync: boolean;
  /** The standby tells which rows it still needs, whatever the user's setting says. */
  readonly hotStandbyFeedback?: boolean;
  /** Settings of recovery, as long as it is a standby; they go before those of the local file. */
  readonly recovery?: Readonly<Record<string, string>>;
}

/** Long work on the local PostgreSQL. One at a time; each ends by its deadline, done or not. */
export type Job =
  /** initdb, roles, stopped again: leaves a cleanly shut down primary that never accepted a TCP connection. */
  | { readonly kind: 'bootstrap'; readonly settings: ServerSettings }
  /** A copy of a member into an empty data directory; `settings` are written, nothing is started. */
  | {
      readonly kind: 'clone';
      /** undefined: from a backup, by the configured ways that need no member. */
      readonly from: FollowTarget | undefined;
      readonly settings: ServerSettings;
      /** By pg_basebackup, whatever other ways are configured. */
      readonly byBasebackup?: boolean;
      /** Names of the ways to make it, instead of those that the local file lists. */
      readonly methods?: readonly string[];
    }
  | { readonly kind: 'startPrimary'; readonly settings: ServerSettings }
  /** Starts read-only; with an upstream it streams from there. Done once connections are accepted. */
  | {
      readonly kind: 'startStandby';
      readonly follow: FollowTarget | undefined;
      readonly settings: ServerSettings;
      /** Streams from whom its files name, where they name anybody: who was cut off since has nobody there. */
      readonly keepUpstream?: true;
    }
  /** Another upstream, or none, for a running standby; by reload. */
  | { readonly kind: 'follow'; readonly follow: FollowTarget | undefined; readonly settings: ServerSettings }
  /** Empties the upstream, reloads, then ends the receiver and sees its process gone. */
  | { readonly kind: 'cutOff'; readonly settings: ServerSettings }
  /**
   * The receiver is off. Makes the server choose a timeline above `aboveTimeline`, re-checks leadership through
   * JobControl.mayPromote right before the signal, waits until it is out of recovery.
   */
  | {
      readonly kind: 'promote';
      readonly reign: number;
      readonly aboveTimeline: number;
      readonly settings: ServerSettings;
    }
  /** The user's `pre_promote`; failed: it refuses, or did not end in time. */
  | { readonly kind: 'prePromote' }
  /** `checkpointFirst`: run CHECKPOINT while clients are still served, so that the shutdown is short. */
  | {
      readonly kind: 'stop';
      readonly mode: StopMode;
      readonly checkpointFirst: boolean;
      /**
       * Done once the shutdown checkpoint is written and only the archiver is left, which goes on: a slow archive holds nobody
       * up. The server counts as gone from then on; who works on its directory next lets it end.
       */
      readonly leavesArchiver?: boolean;
      readonly why: string;
      /** The primary is not to come back as one: it gets a standby.signal, and the archive the end of its WAL. */
      readonly asStandby?: true;
    }
  /** Stops and starts in the role it has: as primary under the lease, or as standby of `follow`. */
  | {
      readonly kind: 'restart';
      readonly role: 'primary' | 'standby';
      readonly follow: FollowTarget | undefined;
      readonly settings: ServerSettings;
      readonly stopWithinMs: number;
      /** What is not up by then counts as not restarted; it is left to come up. */
      readonly startWithinMs: number;
    }
  /** Single-user crash recovery, so that pg_control tells where a crashed primary ended. */
  | { readonly kind: 'recoverCrash' }
  /**
   * Writes down what is about to be given up, and keeps its WAL where there is room. Asks the leader's server itself where the
   * histories part. Repeated, it finds its own record again.
   */
  | {
      readonly kind: 'recordDivergence';
      readonly from: FollowTarget;
      readonly cause: DivergenceCause;
      readonly reason: string;
      /** What does not fit is not given up before people discard the record. */
      readonly hold: boolean;
      readonly mayBeAcknowledged: boolean;
    }
  /** pg_rewind against the primary; `record`: where is written what it throws away. */
  | {
      readonly kind: 'rewind';
      readonly from: FollowTarget;
      readonly settings: ServerSettings;
      readonly record: string;
      /** The source is a standby itself. */
      readonly fromStandby?: true;
    }
  | { readonly kind: 'checkpoint' }
  /** Stops a standby for a moment, puts logical slots of the leader into its directory, and starts it following `follow`. */
  | {
      readonly kind: 'copySlots';
      readonly from: FollowTarget;
      readonly slots: readonly LogicalSlotCopy[];
      readonly follow: FollowTarget | undefined;
      readonly settings: ServerSettings;
    }
  /** Moves aside what an interrupted bootstrap, clone or rewind left; never deletes the only copy of a cluster. */
  | {
      readonly kind: 'setAside';
      readonly work: UnfinishedWork | 'diverged';
      /** The record that tells what is in it. */
      readonly record?: string | undefined;
    };

export type JobKind = Job['kind'];

export interface JobProgress {
  /** What it is doing, for people. */
  readonly text: string;
  /** 0..100 where known. */
  readonly percent?: number;
}

export interface RunningJob {
  readonly job: Job;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly progress: JobProgress | undefined;
  readonly cancelled: boolean;
}

export type JobOutcome =
  { readonly kind: 'done'; readonly facts: JobFacts } | { readonly kind: 'failed'; readonly why: string };

/** What a job learnt that its successor needs. */
export interface JobFacts {
  /** stop: position of the shutdown checkpoint, if it was a clean one of a primary. */
  readonly shutdownLsn?: Lsn;
  readonly timeline?: number;
  /** promote: when the server was told, and when it was seen out of recovery. */
  readonly promotion?: { readonly sentMs: number; readonly openMs: number };
  /** recordDivergence: what came of it. */
  readonly recorded?: { readonly id: string; readonly verdict: 'none' | 'diverged'; readonly isHeld: boolean };
}

export interface FinishedJob {
  readonly job: Job;
  readonly outcome: JobOutcome;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly wasCancelled?: boolean;
}
