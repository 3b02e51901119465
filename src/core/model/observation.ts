import type { LocalOverrides } from '../settings/effective-config.ts';
import type { ClusterView, Tags } from './cluster.ts';
import type { FinishedJob, RunningJob } from './job.ts';
import type { LocalPostgres } from './local-postgres.ts';
import type { LeaderSigns } from './leader-signs.ts';
import type { Lsn } from './lsn.ts';
import type { StepKind } from './plan.ts';
import type { RestartWish } from './restart.ts';
import type { Seen } from './seen.ts';
import type { WatchdogMode, WatchdogState } from './watchdog.ts';

/** Who this agent is. */
export interface Self {
  readonly name: string;
  readonly scope: string;
  readonly connUrl: string;
  readonly apiUrl: string;
  readonly version: string;
  readonly tags: Tags;
  /** The local file has a `bootstrap` section, so this member may initialise a cluster unasked. */
  readonly mayBootstrap: boolean;
  /** Counts the readings of the local file: what it sets for the server is told to it again after each. */
  readonly localRevision: number;
  /** The local file names a `pre_promote`, which is asked before each promotion. */
  readonly hasPrePromote?: boolean;
  /** The local file names a way to fill the data directory from a backup, without a leader. */
  readonly restoresAlone?: boolean;
  /** How the local file wants the watchdog device used; undefined: not at all. */
  readonly watchdog?: { readonly mode: WatchdogMode; readonly safetyMarginS: number };
  /** What the local file sets over the shared configuration. */
  readonly overrides: LocalOverrides;
  /** Raw dynamic configuration to begin with (bootstrap.dcs), written to /config by the first leader. */
  readonly initialConfig: Readonly<Record<string, unknown>>;
}

/** The leader lease as the lease keeper holds it. Deadlines are boot-clock times already shortened by the margin. */
export type LeaseState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'held';
      readonly reign: number;
      readonly leaseId: string;
      readonly deadlineMs: number;
      readonly ttlMs: number;
      readonly takenMs: number;
      /** Since when the deadline rests on the promises of all members in /failsafe, and not on the store. */
      readonly carriedSinceMs?: number | undefined;
      /** How far those members' WAL reached when they promised. */
      readonly reached?: ReadonlyMap<string, Lsn>;
      /** Nothing enforces the deadline: a mark in the store keeps everybody else from the key (docs/adr/0012). */
      readonly unguarded: boolean;
    }
  /** The store refused a renewal or the deadline passed: PostgreSQL must not accept a write any more. */
  | { readonly kind: 'lost'; readonly reign: number; readonly why: string };

export type GuardView =
  | { readonly kind: 'armed'; readonly reign: number; readonly leaseId: string; readonly deadlineMs: number }
  | { readonly kind: 'disarmed' }
  /** The deadline passed and it killed; `left` processes still live, and it goes on trying. */
  | { readonly kind: 'fired'; readonly reign: number; readonly left: number }
  | { readonly kind: 'unanswered'; readonly why: string };

/** What this member has promised to leaders that carry on without the store: not to lead and not to pledge until then. */
export type PromiseView =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'given';
      readonly leader: string;
      readonly connUrl: string | undefined;
      readonly sinceMs: number;
      /** Boot-clock time. */
      readonly untilMs: number;
      /** Positions of the leader's slots, as it told them with its last question. */
      readonly slots?: Readonly<Record<string, Lsn>>;
    }
  /** Promises of an earlier agent could not be read back: there may be some that were given before this time. */
  | { readonly kind: 'unread'; readonly sinceMs: number };

/** What another member's status document told. */
export interface PeerStatus {
  readonly role: string;
  readonly state: string;
  /** Non-zero only on a primary. */
  readonly location: Lsn | undefined;
  readonly receivedLsn: Lsn | undefined;
  readonly replayedLsn: Lsn | undefined;
  readonly timeline: number | undefined;
  readonly tags: Tags;
  /** Its hardware watchdog does not work, though it must: it cannot be promoted. */
  readonly watchdogFailed: boolean;
}

/** How the leader key went, as far as this member can tell. */
export interface Vacancy {
  readonly sinceMs: number;
  /** The reign that ended and whose it was; undefined where this member never saw a leader. */
  readonly previous: { readonly name: string; readonly reign: number; readonly leaseTtlMs: number } | undefined;
  /**
   * released: PostgreSQL was down first, and its member data say so. expired: its lease was watched running out.
   * vanished: neither was seen; the old leader may still be inside its deadline.
   */
  readonly manner: 'released' | 'expired' | 'vanished';
}

/** Asked for by people or by the service manager; stands until the core says that it is answered. */
export type OperatorRequest =
  | { readonly kind: 'bootstrap'; readonly id: number }
  | { readonly kind: 'shutdown'; readonly id: number }
  | {
      readonly kind: 'reinitialize';
      readonly id: number;
      /** Cancel what is under way. */
      readonly force: boolean;
      readonly fromLeader: boolean;
    }
  | { readonly kind: 'restart'; readonly id: number; readonly wish: RestartWish }
  | {
      readonly kind: 'scheduleRestart';
      readonly id: number;
      readonly wish: RestartWish;
      /** ISO 8601 with offset, and as milliseconds since 1970. */
      readonly at: string;
      readonly atMs: number;
    }
  | { readonly kind: 'cancelRestart'; readonly id: number };

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A request as it is handed in. */
export type Asked = WithoutId<OperatorRequest>;

/** Everything that a decision is made from. */
export interface Observation {
  /** Boot clock, read once. */
  readonly nowMs: number;
  readonly wallAt: string;
  readonly wallMs: number;
  readonly self: Self;
  readonly cluster: Seen<ClusterView>;
  readonly vacancy: Vacancy | undefined;
  /** Of the leader that this member was told to watch; undefined: of none. */
  readonly leaderSigns?: LeaderSigns | undefined;
  readonly postgres: LocalPostgres;
  readonly lease: LeaseState;
  readonly guard: GuardView;
  readonly watchdog: WatchdogState;
  readonly job: RunningJob | undefined;
  /** The last job that ended, until the core has taken note of it. */
  readonly ended: FinishedJob | undefined;
  /** The newest answer of each member that was probed in the last seconds; `seen` at the time of the question. */
  readonly peers: ReadonlyMap<string, Seen<PeerStatus>>;
  /** Writes whose outcome is unknown: settled by writing again, never by reading. */
  readonly unsettled: ReadonlySet<'sync' | 'pledge' | 'failsafe' | 'release'>;
  readonly promise: PromiseView;
  /** The step at which the last plan ended early, if it did. */
  readonly undone: StepKind | undefined;
  readonly requests: readonly OperatorRequest[];
  /** In [0, 1), fresh each cycle. */
  readonly random: number;
}
