import type { ClusterEvent } from './event.ts';
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
  /** Wall-clock epoch seconds of the last good answer from the store, 0 before the first. */
  readonly storeSeenAtS: number;
}
