import type { Keyed, SyncState } from '../model/cluster.ts';
import type { PrimaryStatus } from '../model/local-postgres.ts';
import type { SyncMark } from '../model/memory.ts';
import type { SynchronousMode } from '../settings/dynamic-config.ts';
import type { Footing } from './footing.ts';
import type { SyncMember } from './standbys.ts';

export interface SyncInput {
  readonly me: string;
  readonly sync: Keyed<SyncState>;
  readonly primary: PrimaryStatus;
  readonly mode: SynchronousMode;
  readonly strict: boolean;
  /** `synchronous_node_count`. */
  readonly count: number;
  /** `maximum_lag_on_syncnode`; 0 or less: no limit. */
  readonly maximumLagBytes: number;
  readonly members: readonly SyncMember[];
  /** Slot through which a member must stream for its acknowledgement to be its own; undefined where slots are off. */
  readonly slotOf: (name: string) => string | undefined;
  /** Members whose connection looks alive and is not. */
  readonly stalled: ReadonlySet<string>;
  /** Members that a leader which has just been promoted gives time to connect. */
  readonly expected: ReadonlySet<string>;
  /** Members that are not to be counted on any more, even where strict mode keeps who is not there. */
  readonly leaving: ReadonlySet<string>;
  readonly mark: SyncMark | undefined;
  readonly unsettled: boolean;
  /** What the core last had written to the setting: told apart from a setting of the user's own. */
  readonly lastSet: string | undefined;
  /** A forced checkpoint runs or is still to come in this reign: the checkpointer reads no setting meanwhile. */
  readonly checkpointAhead: boolean;
}

/** The next move of synchronous replication: at most one change of /sync, then at most one of the setting. */
export interface SyncMove {
  readonly why: string;
  readonly writeSync?: SyncState;
  readonly deleteSync?: true;
  /** Text for `synchronous_standby_names`; null: none. */
  readonly setNames?: string | null;
  readonly mark?: SyncMark | null;
  /** Strict mode has nobody to wait for: commits wait, and nothing moves before a standby is back. */
  readonly holds?: true;
  /** A process of the server has not read the setting, and nothing moves before it has. */
  readonly isUnread?: true;
}

/** An input with what both modes ask of it, worked out once. Names are spelled as the members spell them. */
export interface SyncScene {
  readonly input: SyncInput;
  readonly footing: Footing;
  /** Who acknowledges, the best first; then voters that are expected back. */
  readonly active: readonly string[];
  readonly nofailover: ReadonlySet<string>;
}
