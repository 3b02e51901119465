import type { CallbackCall } from './callback.ts';
import type { ClusterEvent } from './event.ts';
import type { FailoverRequest, FailsafeMembers, HistoryEntry, MemberData, Pledge, SyncState } from './cluster.ts';
import type { BeatState, LeaderToWatch } from './leader-signs.ts';
import type { Job, ServerSettings } from './job.ts';
import type { LogicalSlotWork } from './logical-slot.ts';
import type { Lsn, WalPosition } from './lsn.ts';
import type { Memory } from './memory.ts';
import type { RuleId } from './rule.ts';
import type { Situation } from './situation.ts';

/**
 * Takes the leader key, which must not exist or be that of the reign that is revoked, in one transaction that compares
 * everything the decision rests on: the reign record, /sync, /config, /failover, /initialize and every pledge counted.
 */
export interface TakeOver {
  /** The reign that the key still shows, and that ends with this; undefined: there is no key. */
  readonly revokes?: number | undefined;
  readonly reignRevision: number;
  readonly syncRevision: number;
  readonly configRevision: number;
  readonly failoverRevision: number;
  readonly initializeRevision: number;
  /** Of `kornak/last`: how far behind this member is was judged by it. */
  readonly lastRevision: number;
  readonly pledges: readonly Pledge[];
  /** Written to /sync with it; undefined: /sync stays as it is. */
  readonly sync: SyncState | undefined;
  /** The timeline number claimed for this reign: above every number used or claimed before. */
  readonly timeline: number;
  readonly leaderTtlMs: number;
  /** Written to the reign record, so that others can tell why it was not them. */
  readonly from: WalPosition | undefined;
  readonly priority: number;
  /** The key ran out while the members' promises carried our reign: PostgreSQL serves on. */
  readonly goesOn?: true;
  /** The mark of who led last, as it was seen; revision 0: none. */
  readonly lastLeaderMark: { readonly name: string; readonly revision: number } | undefined;
  /** In pause, our mark stands already: the guard is not armed. */
  readonly unguarded: boolean;
}

/** How the leader asks the members in /failsafe to let it go on without the store. */
export interface FailsafeCall {
  /** All of them must agree. */
  readonly members: readonly FailsafePeer[];
  /** What each is asked to promise, from its receipt. */
  readonly promiseMs: number;
  readonly connUrl: string;
  readonly apiUrl: string;
  readonly slots: Readonly<Record<string, Lsn>>;
  /** The key may be created again when the store turns out to have let it run out. */
  readonly mayLeadAgain: boolean;
}

export interface FailsafePeer {
  readonly name: string;
  readonly apiUrl: string;
}

/** What to answer a leader that asks for a promise. `status` and `why` are the answer to HTTP. */
export type PromiseVerdict =
  | { readonly kind: 'give'; /** Where the request names no length. */ readonly promiseMs: number }
  | { readonly kind: 'refuse'; readonly status: 500 | 502 | 503; readonly why: string };

/** One thing to do, complete: whoever executes it has nothing left to choose. */
export type Step =
  /** Creates an empty /initialize, and with it `kornak/bootstrap` with our name; only where neither /initialize nor a leader exists. */
  | { readonly kind: 'raceInitialize' }
  /** Writes the system identifier and deletes `kornak/bootstrap`. */
  | { readonly kind: 'setInitialize'; readonly systemId: string; readonly revision: number }
  /** Deletes our own empty /initialize, and `kornak/bootstrap`, after a failed bootstrap. */
  | { readonly kind: 'cancelInitialize'; readonly revision: number }
  | { readonly kind: 'writeConfig'; readonly value: Readonly<Record<string, unknown>>; readonly revision: number }
  | { readonly kind: 'takeKey'; readonly takeOver: TakeOver }
  /** Keeps the lease that this machine's guard names for a key that bears our name. */
  | {
      readonly kind: 'adoptKey';
      readonly reign: number;
      readonly leaseId: string;
      readonly deadlineMs: number;
      /** As configured; the first renewal tells what was granted. */
      readonly ttlMs: number;
      /** As in a take-over. */
      readonly unguarded: boolean;
    }
  /**
   * PostgreSQL is down or a standby: publishes `member` (which says so) and deletes the key in one transaction that compares
   * the reign, then revokes the lease. The lease keeper holds nothing afterwards.
   */
  | {
      readonly kind: 'releaseKey';
      readonly reign: number;
      readonly optime: Lsn | undefined;
      /** Of a clean shutdown, whose position `optime` is. */
      readonly timeline: number | undefined;
      readonly member: MemberData;
    }
  /** Writes our own mark, if nobody has led since and /config is as it was read. */
  | {
      readonly kind: 'markUnguarded';
      readonly systemId: string;
      readonly reignRevision: number;
      readonly configRevision: number;
    }
  /** Our mark stands: the guard is disarmed, and the lease, if one is held, is renewed without it. */
  | { readonly kind: 'standDown' }
  /** Renews the lease of the reign and arms the guard with the new deadline. */
  | { readonly kind: 'armGuard'; readonly reign: number }
  /** The guard is armed, or nothing here accepts writes: our mark goes. */
  | { readonly kind: 'clearUnguarded'; readonly revision: number }
  /** Leaves a note beside the data directory for an agent that starts while the store is silent, or takes it away. */
  | { readonly kind: 'notePause'; readonly paused: boolean }
  | { readonly kind: 'resumeReplay' }
  | { readonly kind: 'putPledge'; readonly reign: number; readonly position: WalPosition }
  /** Done only when the deletion is confirmed. */
  | { readonly kind: 'withdrawPledge' }
  /** Compares the leader key (our reign) and the revision of /sync that was read. */
  | { readonly kind: 'writeSync'; readonly reign: number; readonly value: SyncState; readonly revision: number }
  | { readonly kind: 'deleteSync'; readonly reign: number; readonly revision: number }
  /** Compares the leader key (our reign) and the revision read; undefined deletes. */
  | {
      readonly kind: 'writeFailsafe';
      readonly reign: number;
      readonly value: FailsafeMembers | undefined;
      readonly revision: number;
    }
  | { readonly kind: 'writeFailover'; readonly value: FailoverRequest | undefined; readonly revision: number }
  | {
      readonly kind: 'writeStatus';
      readonly reign: number;
      readonly timeline: number;
      readonly optime: Lsn;
      readonly slots: Readonly<Record<string, Lsn>>;
      readonly retainSlots: readonly string[];
    }
  | {
      readonly kind: 'writeHistory';
      readonly reign: number;
      readonly entries: readonly HistoryEntry[];
      readonly revision: number;
    }
  /** Reads the newest history file and writes /history from it, keeping what older entries know. */
  | { readonly kind: 'refreshHistory'; readonly reign: number }
  /** `callback`: to be called once the server has been told. */
  | { readonly kind: 'applySettings'; readonly settings: ServerSettings; readonly callback?: CallbackCall }
  /** A physical slot that keeps WAL from now on. */
  | { readonly kind: 'createSlot'; readonly name: string }
  | { readonly kind: 'dropSlot'; readonly name: string }
  /** Physical slots: WAL before `to` is not kept any more. */
  | { readonly kind: 'advanceSlots'; readonly to: Readonly<Record<string, Lsn>> }
  /** Creating and advancing logical slots may wait for clients' transactions: begun, not waited for. */
  | { readonly kind: 'tendLogicalSlots'; readonly work: readonly LogicalSlotWork[] }
  | { readonly kind: 'startJob'; readonly job: Job; readonly deadlineMs: number }
  | { readonly kind: 'cancelJob'; readonly why: string }
  /** SIGKILL of the whole server, now, whatever job runs (it is cancelled). */
  | { readonly kind: 'fence'; readonly why: string }
  /** PostgreSQL is down or a standby: the guard stands down, and a lost lease is forgotten (`none` in the next observation). */
  | { readonly kind: 'disarmGuard' }
  /** Not before the lease lasts longer than the timeout. */
  | { readonly kind: 'armWatchdog'; readonly timeoutS: number }
  | { readonly kind: 'disarmWatchdog' }
  /** Answers a request of an operator; it is gone from the next observation. */
  | { readonly kind: 'answer'; readonly requestId: number; readonly ok: boolean; readonly text: string }
  | { readonly kind: 'exit'; readonly code: number; readonly why: string };

export interface PeerAddress {
  readonly name: string;
  readonly apiUrl: string;
}

export type StepKind = Step['kind'];

/** Whether the lease keeper may go on renewing, and why (not). */
export type LeaseVerdict =
  /** `failsafe`: what else may carry the lead while the store does not answer. `everyMs`: begin a renewal at least that often. */
  | { readonly kind: 'renew'; readonly failsafe?: FailsafeCall; readonly everyMs?: number }
  | { readonly kind: 'withhold'; readonly why: string };

/** What one cycle came to. Steps are done in order; the first that is not done ends the list. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly verdict: LeaseVerdict;
  readonly promise: PromiseVerdict;
  /** What the heartbeat says while the lease keeper goes on renewing. */
  readonly pulse: Exclude<BeatState, 'withheld'>;
  /** The leader whose signs of life matter; undefined: nobody's do. */
  readonly watch: LeaderToWatch | 'as before' | undefined;
  /** Member data to publish if they differ from what is published. */
  readonly publish: MemberData | undefined;
  /** The user's callbacks that are due, in this order, whatever becomes of the steps. */
  readonly callbacks?: readonly CallbackCall[];
  /** Members whose status is to be asked for beside everything else; the answers stand in later observations. */
  readonly probe: readonly PeerAddress[];
  /** Boot-clock time at which to decide again if no event comes first. */
  readonly wakeMs: number;
}

export interface Decision {
  readonly plan: Plan;
  readonly memory: Memory;
  readonly rule: RuleId;
  readonly why: string;
  readonly situation: Situation;
  readonly events: readonly ClusterEvent[];
}
