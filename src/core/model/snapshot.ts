import type { DynamicConfig } from '../settings/dynamic-config.ts';
import type { ClusterView, MemberData } from './cluster.ts';
import type { ClusterEvent } from './event.ts';
import type { Healing } from './healing.ts';
import type { Observation } from './observation.ts';
import type { RuleId } from './rule.ts';

/** What the loop publishes after each cycle; whoever answers questions answers from it and tells its age. */
export interface Snapshot {
  readonly observation: Observation;
  readonly rule: RuleId;
  readonly why: string;
  /** Boot clock at the end of the cycle. */
  readonly atMs: number;
  /** Count of cycles since the start. */
  readonly cycle: number;
  /** This member's own events, oldest first, at most 200. */
  readonly events: readonly ClusterEvent[];
  /** The dynamic configuration in force: the last good one while the store is silent or /config cannot be used. */
  readonly config: DynamicConfig;
  /** The last reading of the cluster, and the boot-clock time at which the store last answered while it was good. */
  readonly lastCluster: { readonly view: ClusterView; readonly atMs: number } | undefined;
  /** What is being done about this member while it does not follow. */
  readonly healing?: Healing | undefined;
  /** Copied logical slots that are not known to be good for a failover; undefined: there are no copies here. */
  readonly unreadySlots?: readonly string[] | undefined;
  /** Asked for by an operator and not done yet. */
  readonly isReinitializing?: boolean;
  /** Wall-clock epoch seconds of the last good answer from the store, 0 before the first. */
  readonly storeSeenAtS: number;
  /** What this member says of itself in the store; undefined before it has said anything. */
  readonly member?: MemberData | undefined;
}
