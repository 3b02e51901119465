import type { UnfitKind } from './health.ts';
import type { Healing, Reclone, Recorded } from './healing.ts';
import type { PendingRestart, ScheduledRestart } from './restart.ts';
import type { RuleId } from './rule.ts';
import type { Lsn, WalPosition } from './lsn.ts';
import { type CallbacksTold, NOTHING_TOLD } from './callback.ts';
import type { FailsafeMembers, MemberData } from './cluster.ts';
import type { DynamicConfig } from '../settings/dynamic-config.ts';
import { NO_SLOT_MEMORY, type SlotMemory } from '../slots/slot-memory.ts';

/** WAL position taken after a setting of `synchronous_standby_names` was in force; who flushed it holds every commit before. */
export interface SyncMark {
  readonly names: string;
  readonly lsn: Lsn;
}

/** A standby that commits wait for and that stands still. */
export interface SyncStall {
  /** Where it stands. */
  readonly lsn: Lsn;
  readonly sinceMs: number;
  /** Its agent did not answer either. */
  readonly dead: boolean;
}

export interface SyncWatch {
  /** By name. */
  readonly stalls: ReadonlyMap<string, SyncStall>;
  /** Strict mode has nobody to wait for, and has said so. */
  readonly strictHeld: boolean;
  /** A process of the server has not read whom commits wait for: which, since when, and whether that was said. */
  readonly unread?: { readonly why: string; readonly sinceMs: number; readonly isTold: boolean } | undefined;
  /** This member asks the leader to count on others: since when, and when it last did. */
  readonly leaving: { readonly sinceMs: number; readonly atMs: number } | undefined;
}

export interface Switchover {
  /** The reign that is handed over; in another one it means nothing. */
  readonly reign: number;
  /** Revision of the /failover that asked for it. */
  readonly revision: number;
  readonly candidate: string;
  /** Position of the shutdown checkpoint that the candidate must have received. */
  readonly shutdownLsn: Lsn | undefined;
  readonly stoppedMs: number | undefined;
  readonly releasedMs: number | undefined;
}

/** Why this member gives up a reign of its own accord, or will not take one. */
export interface Unfit {
  readonly kind: UnfitKind;
  readonly why: string;
}

export type RoleSeen = 'primary' | 'replica' | 'none';

/** What counts while the cluster is paused. */
export interface PauseMemory {
  /** PostgreSQL is down because this agent stopped it, or works on its data: it is for this agent to start it, also in pause. */
  readonly downByUs: boolean;
  /** A primary beside this leader: told once. */
  readonly parallelOf: string | undefined;
}

/** The leader gives no sign of life: its voters may take its power away. */
export interface Suspicion {
  readonly leader: string;
  readonly reign: number;
  readonly sinceMs: number;
  /** When the last sign of life came. */
  readonly heardMs: number;
  /** By the word of its machine, before the age of its lease could tell anything. */
  readonly isAtOnce: boolean;
  readonly why: string;
}

/** What the core remembers between cycles. Only the core writes it; the runtime carries it. */
export interface Memory {
  /** Last role that PostgreSQL was seen in by this agent: tells a crash of a primary from a stopped standby. */
  readonly role: RoleSeen;
  /** A `kornakctl bootstrap` is under way; its request is answered at the end. */
  readonly bootstrapRequest: number | undefined;
  /** Reign under which PostgreSQL was promoted or started as primary; undefined: not by this agent's leave. */
  readonly servingReign: number | undefined;
  readonly syncMark: SyncMark | undefined;
  /** What the core last had written to `synchronous_standby_names`. */
  readonly syncNamesSet: string | undefined;
  /** What the primary of the lease held now last told of it; undefined: it has told nothing yet. */
  readonly syncNamesSeen: string | undefined;
  readonly syncWatch: SyncWatch;
  /** Our pledge may stand in the store, whatever the view shows. */
  readonly pledge: { readonly reign: number; readonly position: WalPosition } | undefined;
  /** Tries of the present recovery, so that it climbs to the next rung after a bounded number. */
  readonly rewindTries: number;
  readonly cloneTries: number;
  readonly crashRecovered: boolean;
  readonly startTries: number;
  /** Do not try the failed work again before this boot-clock time. */
  readonly holdOffMs: number;
  /** Since when PostgreSQL has been starting or recovering under our lease. */
  readonly startingSinceMs: number | undefined;
  /** Since when the postmaster has been gone. */
  readonly goneMs: number | undefined;
  /** `synchronous_commit` as the primary here last told it. */
  readonly synchronousCommit: string | undefined;
  /** PostgreSQL has let this agent in at least once. */
  readonly wasLetIn: boolean;
  /** Why PostgreSQL refuses an agent that it has never let in. */
  readonly loginRefused: string | undefined;
  /** Since when the store has not answered. */
  readonly silentSinceMs: number | undefined;
  /** Boot-clock time at which PostgreSQL last answered. */
  readonly answeredMs: number;
  /** When the WAL's end was last seen elsewhere than before: a slow disk moves, a stalled one does not. */
  readonly walMoved: { readonly flushLsn: Lsn; readonly atMs: number } | undefined;
  /** What is wrong with server and storage, as last told to people; '' where nothing is. */
  readonly healthTold: string;
  /** The reign that is being given up because PostgreSQL is unfit to lead. */
  readonly yielding: (Unfit & { readonly reign: number }) | undefined;
  /** Since when PostgreSQL, or what is left of it, has been killed and is not gone. */
  readonly fencingSinceMs: number | undefined;
  /** Since when the guard has been killing and sees something alive. */
  readonly guardKillsSinceMs: number | undefined;
  /** Since when a PostgreSQL that is gone has left processes. */
  readonly leftoversSinceMs: number | undefined;
  /** The reign whose release has been told of. */
  readonly releaseTold: number | undefined;
  /** The reign whose loss has been told of. */
  readonly lossTold: number | undefined;
  /** A hand-over for want of space failed: not tried again before this time. */
  readonly handOverAgainMs: number;
  /** The switchover under way: asked for by /failover of this revision; what is done of it. */
  readonly switchover: Switchover | undefined;
  /** Since when the candidates of the request of that revision have been asked whether they are there. */
  readonly switchoverAsked: { readonly revision: number; readonly sinceMs: number } | undefined;
  /** A checkpoint was begun for the switchover that is asked for by /failover of that revision. */
  readonly checkpointedFor: { readonly revision: number; readonly sinceMs: number } | undefined;
  /** A promotion failed: until then the key is left to whoever else can lead. */
  readonly standAsideUntilMs: number;
  /** The bootstrap that this agent ran has failed, and is to be given up. */
  readonly bootstrapFailed: boolean;
  /** Whom the standby was to stream from when this agent last started it; undefined: nobody, or an earlier agent started it. */
  readonly startedFollowing: string | undefined;
  /** Its receiver was cut off by this agent and nothing has been followed since: its files, too, name nobody to stream from. */
  readonly isCutOff: boolean;
  readonly pause: PauseMemory;
  /** Failed promotions under the lease held now. */
  readonly promoteTries: number;
  /** The leader key was gone at this time while we looked on as a candidate. */
  readonly candidateSinceMs: number | undefined;
  /** Ends with the first sign of life, and with the reign. */
  readonly suspicion: Suspicion | undefined;
  /** This agent has seen its standby stream from a leader: one that was alive, not just a key. */
  readonly hasStreamed: boolean;
  /** The better candidate that this member leaves the key to, and since when; of this vacancy. */
  readonly better: { readonly name: string; readonly sinceMs: number } | undefined;
  /** How far this standby had received, and when that last changed: tells a leader that still writes. */
  readonly received: { readonly lsn: Lsn; readonly movedMs: number } | undefined;
  /** When this member last asked its peers what they are. */
  readonly probedMs: number;
  /** The newest reign record seen, and since when: a reign may have come and gone while the store could not be reached. */
  readonly reignSeen: { readonly revision: number; readonly sinceMs: number } | undefined;
  /** The last good /config: stays in force while the key is absent or nonsense. */
  readonly lastConfig: DynamicConfig | undefined;
  /** /failsafe as last read, and everybody whom it may name by a write of ours that was not answered. */
  readonly failsafe: { readonly stored: FailsafeMembers | undefined; readonly asked: FailsafeMembers };
  /** Revision of /config whose settings the server was last told, and which reading of the local file was in force then. */
  readonly appliedConfig: number | undefined;
  readonly appliedLocal: number | undefined;
  /** Whether the server was last told to give hot_standby_feedback, whatever its configuration says. */
  readonly appliedFeedback: boolean;
  readonly slots: SlotMemory;
  readonly published: { readonly data: MemberData; readonly atMs: number } | undefined;
  readonly statusAtMs: number;
  /** When this standby was last asked to connect again at once. */
  readonly nudgedMs: number;
  /** Since when this standby has wanted its slot on the leader before cloning. */
  readonly cloneWantedMs: number | undefined;
  /** /history was brought up to date for this reign. */
  readonly historyReign: number | undefined;
  /** The post-promotion checkpoint has been seen done for this reign. */
  readonly checkpointReign: number | undefined;
  /** What is being done about this member while it does not follow; undefined: it follows, or leads. */
  readonly healing: Healing | undefined;
  readonly reclone: Reclone | undefined;
  /** Of the present recovery: what is to be given up is written down. */
  readonly recorded: Recorded | undefined;
  /** Of a standby cluster's leader: the other cluster could not be asked where the histories part. */
  readonly remoteUnasked: boolean;
  /** The place in the other cluster that this server was last told to follow. */
  readonly remoteGiven: string | undefined;
  /** When the lease that is held was last that of a standby cluster's leader; undefined: it never was. */
  readonly standbyLedMs: number | undefined;
  /** Why the data could not be moved aside when that was last tried. */
  readonly asideRefused: string | undefined;
  /** Since when this standby has not been streaming from a leader that serves. */
  readonly notStreamingSinceMs: number | undefined;
  /** How far its WAL and its replay had come when one of them last moved, and when that was. */
  readonly progress: { readonly receivedLsn: Lsn; readonly replayedLsn: Lsn; readonly atMs: number } | undefined;
  /** The rule that started the work under way: what comes of it is that rule's doing. */
  readonly jobRule: RuleId | undefined;
  readonly callbacks: CallbacksTold;
  /** The restart under way, and what came of it until that is told. Without a request it was scheduled. */
  readonly restart:
    | {
        readonly requestId: number | undefined;
        readonly outcome: { readonly ok: boolean; readonly text: string } | undefined;
      }
    | undefined;
  readonly scheduledRestart: ScheduledRestart | undefined;
  /** As last told by the server itself: while it does not answer nothing new is known. */
  readonly pendingRestart: PendingRestart | undefined;
  /** The timeout that the watchdog was last asked for: a device may have made a shorter one of it. */
  readonly watchdogSetS: number | undefined;
  /** The reign under which a restart of the primary did not come to its end in time. */
  readonly restartFailedReign: number | undefined;
  /** The reign under which `pre_promote` has agreed to a promotion. */
  readonly prePromotedReign: number | undefined;
  /** The reign under which it has refused one. */
  readonly prePromoteRefused: number | undefined;
}

/** Nothing told, asked for or refused yet. */
const NO_HOOKS = {
  callbacks: NOTHING_TOLD,
  restart: undefined,
  scheduledRestart: undefined,
  pendingRestart: undefined,
  restartFailedReign: undefined,
  watchdogSetS: undefined,
  prePromotedReign: undefined,
  prePromoteRefused: undefined,
} as const;
const NO_REMOTE = { remoteUnasked: false, remoteGiven: undefined, standbyLedMs: undefined } as const;
const NOTHING_KILLED = {
  fencingSinceMs: undefined,
  guardKillsSinceMs: undefined,
  leftoversSinceMs: undefined,
} as const;
const NO_END_TOLD = { releaseTold: undefined, lossTold: undefined } as const;
const NO_SYNC_NAMES = { syncNamesSet: undefined, syncNamesSeen: undefined } as const;
const NO_SWITCHOVER = { switchover: undefined, switchoverAsked: undefined, checkpointedFor: undefined } as const;
const NO_CRASH = { goneMs: undefined, synchronousCommit: undefined } as const;
const NO_CANDIDATE = { candidateSinceMs: undefined, suspicion: undefined, better: undefined } as const;
const NO_TRIES = { rewindTries: 0, cloneTries: 0, startTries: 0 } as const;

export function initialMemory(nowMs: number): Memory {
  return {
    ...NO_TRIES,
    role: 'none',
    bootstrapRequest: undefined,
    servingReign: undefined,
    syncMark: undefined,
    ...NO_SYNC_NAMES,
    syncWatch: { stalls: new Map(), strictHeld: false, leaving: undefined },
    pledge: undefined,
    crashRecovered: false,
    holdOffMs: 0,
    startingSinceMs: undefined,
    ...NO_CRASH,
    wasLetIn: false,
    loginRefused: undefined,
    silentSinceMs: undefined,
    answeredMs: nowMs,
    walMoved: undefined,
    healthTold: '',
    yielding: undefined,
    ...NOTHING_KILLED,
    ...NO_END_TOLD,
    handOverAgainMs: 0,
    ...NO_SWITCHOVER,
    standAsideUntilMs: 0,
    bootstrapFailed: false,
    startedFollowing: undefined,
    isCutOff: false,
    pause: { downByUs: false, parallelOf: undefined },
    promoteTries: 0,
    ...NO_CANDIDATE,
    hasStreamed: false,
    received: undefined,
    probedMs: 0,
    reignSeen: undefined,
    lastConfig: undefined,
    failsafe: { stored: undefined, asked: {} },
    appliedConfig: undefined,
    appliedLocal: undefined,
    appliedFeedback: false,
    slots: NO_SLOT_MEMORY,
    published: undefined,
    statusAtMs: 0,
    nudgedMs: 0,
    cloneWantedMs: undefined,
    historyReign: undefined,
    checkpointReign: undefined,
    healing: undefined,
    reclone: undefined,
    recorded: undefined,
    asideRefused: undefined,
    notStreamingSinceMs: undefined,
    progress: undefined,
    jobRule: undefined,
    ...NO_HOOKS,
    ...NO_REMOTE,
  };
}
