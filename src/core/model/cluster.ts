import type { DynamicConfig } from '../settings/dynamic-config.ts';
import type { UnfitKind } from './health.ts';
import type { Lsn } from './lsn.ts';
import type { WalPosition } from './lsn.ts';

/** Values of `state` in member data and REST answers (contract). */
export type MemberState =
  | 'initializing new cluster'
  | 'initdb failed'
  | 'running custom bootstrap script'
  | 'custom bootstrap failed'
  | 'creating replica'
  | 'running'
  | 'starting'
  | 'starting after custom bootstrap'
  | 'start failed'
  | 'restarting'
  | 'restart failed'
  | 'stopping'
  | 'stopped'
  | 'stop failed'
  | 'crashed';

export type TagValue = string | number | boolean | null | readonly TagValue[] | { readonly [key: string]: TagValue };
export type Tags = Readonly<Record<string, TagValue>>;

/** What Kornak's members say beside Patroni's fields; what a member does not name, it cannot do. */
export interface KornakCapabilities {
  readonly protocol: number;
  readonly can: readonly string[];
  /** Why this member would be no good primary; absent: nothing is known against it. */
  readonly unfit?: UnfitKind;
  /** Free space for WAL, in MiB, rounded down. */
  readonly walFreeMiB?: number;
  /** So many processes of its PostgreSQL outlived SIGKILL: it is not fenced. */
  readonly unfenced?: number;
  /** Of a leader that keeps logical slots: `catalog_xmin` of its slots, by slot. */
  readonly catalogXmins?: Readonly<Record<string, number>>;
  /** Of a primary: `synchronous_commit` as the server has it for everybody; absent: not known. */
  readonly synchronousCommit?: string;
  /** What is being done about a member that does not follow, and why. */
  readonly healing?: { readonly rung: string; readonly tries: number; readonly why: string };
}

/** The value of `members/NAME`. Fields that a reader cannot rely on are undefined. */
export interface MemberData {
  readonly connUrl: string | undefined;
  readonly apiUrl: string | undefined;
  readonly state: string;
  /** primary, replica, standby_leader, promoted, demoted or uninitialized (contract); `master` is read as `primary`. */
  readonly role: string;
  readonly version: string | undefined;
  readonly xlogLocation?: Lsn;
  readonly replayLsn?: Lsn;
  readonly receiveLsn?: Lsn;
  readonly replicationState?: string;
  readonly timeline?: number;
  readonly checkpointAfterPromote?: false;
  readonly tags?: Tags;
  /** Where clients are to connect instead of `connUrl`, such as a pooler. */
  readonly proxyUrl?: string;
  readonly pendingRestart?: true;
  /** As written: `{parameter: {old_value, new_value}}`. */
  readonly pendingRestartReason?: Readonly<Record<string, TagValue>>;
  /** As written, with `schedule` as ISO 8601. */
  readonly scheduledRestart?: Readonly<Record<string, TagValue>>;
  readonly pause?: true;
  readonly kornak?: KornakCapabilities;
}

export interface Member {
  readonly name: string;
  readonly data: MemberData;
  readonly leaseId: string | undefined;
  readonly modRevision: number;
}

/** Holder of the leader key. The reign is the modification revision: nobody writes the key while it lasts. */
export interface LeaderKey {
  readonly name: string;
  readonly reign: number;
  readonly leaseId: string | undefined;
}

/** A key's decoded value with the revision that a guarded write compares; revision 0: the key is absent. */
export interface Keyed<T> {
  readonly value: T;
  readonly revision: number;
}

/** `/config`: what it comes to, and the document itself, which people see and change also where it cannot be used. */
export interface ConfigKey extends Keyed<DynamicConfig | undefined> {
  /** The JSON object as it stands; undefined: absent, or no JSON object. */
  readonly raw: Readonly<Record<string, unknown>> | undefined;
}

/** Who may be promoted without losing acknowledged commits. `leader` undefined: synchronous mode is not active. */
export interface SyncState {
  readonly leader: string | undefined;
  readonly voters: readonly string[];
  readonly quorum: number;
}

export interface FailoverRequest {
  /** Present: a switchover away from this leader. */
  readonly leader?: string;
  readonly candidate?: string;
  readonly scheduledAt?: string;
}

export interface HistoryEntry {
  /** The timeline that ended. */
  readonly timeline: number;
  readonly lsn: Lsn;
  readonly reason: string;
  readonly at?: string;
  readonly newLeader?: string;
}

/** Own key `kornak/reign`: written in every take-over, so its revision equals that reign. Outlives the leader key. */
export interface ReignRecord {
  readonly name: string;
  /** The highest timeline number that any reign has claimed. */
  readonly timeline: number;
  /** How far the WAL of who took the key reached, and its priority then: why others did not. Absent in records of older versions. */
  readonly from?: WalPosition;
  readonly priority?: number;
}

/**
 * Own key `kornak/last`: how far the leader's WAL reached when it last told, written with /status. It outlives every outage, and
 * tells those who come back first what a member that is still down holds.
 */
export interface LastPosition {
  readonly name: string;
  readonly reign: number;
  readonly timeline: number;
  readonly lsn: Lsn;
  /** Written after a clean shutdown: nothing was written behind it in that reign. */
  readonly final: boolean;
}

/** A member's promise, while it stands, to stream from nobody; with how far its WAL reaches. */
export interface Pledge {
  readonly name: string;
  /** The last reign its owner knew of when it cut its receiver; a pledge counts against no other. */
  readonly reign: number;
  readonly position: WalPosition;
  /** Modification revision of the pledge's key. */
  readonly revision: number;
}

/** Who may lead, and whom a leader that the store does not answer asks: member name to its API's address. */
export type FailsafeMembers = Readonly<Record<string, string>>;

export interface ClusterStatus {
  /** The leader's WAL position as it last published it. */
  readonly optime: Lsn | undefined;
  /** Positions of the leader's slots by name, its own name's among them: who finds its own here may stream through it. */
  readonly slots: Readonly<Record<string, Lsn>>;
  /** Names of the slots of members that are there, or were not long ago; nobody drops them. */
  readonly retainSlots: readonly string[];
}

/** Own key `kornak/unguarded/NAME`: the PostgreSQL of that member may accept writes and nothing fences it. Outlives every lease. */
export interface UnguardedMark {
  readonly name: string;
  /** The newest reign when it was written. */
  readonly reign: number;
  /** Modification revision of the mark's key. */
  readonly revision: number;
}

/** One consistent reading of everything below the cluster's prefix. */
export interface ClusterView {
  readonly revision: number;
  /** undefined: absent; empty: a bootstrap is under way; else the system identifier (or nonsense). */
  readonly initialize: Keyed<string | undefined>;
  /** Own key `kornak/bootstrap`, written with an empty /initialize: the member that is at it. */
  readonly bootstrapper: string | undefined;
  readonly config: ConfigKey;
  readonly leader: LeaderKey | undefined;
  readonly members: readonly Member[];
  readonly sync: Keyed<SyncState>;
  readonly failover: Keyed<FailoverRequest | undefined>;
  readonly history: Keyed<readonly HistoryEntry[] | undefined>;
  readonly status: ClusterStatus;
  readonly reign: Keyed<ReignRecord | undefined>;
  readonly last: Keyed<LastPosition | undefined>;
  readonly failsafe: Keyed<FailsafeMembers | undefined>;
  readonly pledges: readonly Pledge[];
  readonly unguarded: readonly UnguardedMark[];
  /** Own event history, newest last (kornak/events): the JSON array as it stands, which is long and seldom asked for. */
  readonly events: Keyed<string>;
  /** Keys whose value could not be understood, with the reason; they count as absent. */
  readonly nonsense: readonly { readonly key: string; readonly why: string }[];
}
