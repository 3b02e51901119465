import type { HistoryEntry } from '../model/cluster.ts';
import type { ControlData } from '../model/local-postgres.ts';
import type { Lsn, WalPosition } from '../model/lsn.ts';
import { lsnToText } from '../model/lsn.ts';

/** How far this member's data reach, and whether that end is a clean shutdown of a primary. */
export interface LocalEnd {
  readonly position: WalPosition;
  readonly cleanPrimary: boolean;
}

export interface LeaderLine {
  readonly timeline: number;
  /** Which timelines the leader's came from, and where each ended. */
  readonly history: readonly HistoryEntry[];
}

export type Divergence =
  | { readonly kind: 'none' }
  | { readonly kind: 'diverged'; readonly why: string; readonly forkLsn: Lsn | undefined }
  | { readonly kind: 'unknown'; readonly why: string };

const CRASHED = new Set<string>(['starting up', 'shutting down', 'in crash recovery', 'in production']);

/** It stopped without a shutdown checkpoint: where its WAL ends is known only after crash recovery. */
export function isCrashed(control: ControlData): boolean {
  return CRASHED.has(control.state);
}

/** End of a stopped cluster's data by pg_control; undefined where only crash recovery can tell. */
export function localEndOf(control: ControlData): LocalEnd | undefined {
  if (isCrashed(control)) return undefined;
  const checkpoint = { timeline: control.checkpointTimeline, lsn: control.checkpointLsn };
  if (control.state === 'shut down') return { position: checkpoint, cleanPrimary: true };
  const recovered = { timeline: control.minRecoveryEndTimeline, lsn: control.minRecoveryEndLsn };
  return { position: recovered.timeline === 0 || recovered.lsn === 0n ? checkpoint : recovered, cleanPrimary: false };
}

/** Whether the local data have WAL that the leader's line does not have (contract: ha.md 3.3). */
export function judgeDivergence(local: LocalEnd, leader: LeaderLine): Divergence {
  const { timeline, lsn } = local.position;
  if (timeline === leader.timeline) return { kind: 'none' };
  if (timeline > leader.timeline) {
    return {
      kind: 'diverged',
      why: `timeline ${timeline} is newer than the leader's ${leader.timeline}`,
      forkLsn: undefined,
    };
  }
  const fork = leader.history.find((entry) => entry.timeline === timeline);
  if (fork === undefined) {
    if (leader.history.length === 0)
      return { kind: 'unknown', why: `the history of timeline ${leader.timeline} is not known yet` };
    return {
      kind: 'diverged',
      why: `timeline ${timeline} is no ancestor of the leader's ${leader.timeline}`,
      forkLsn: undefined,
    };
  }
  // A shutdown checkpoint that starts at the fork is a record the leader does not have.
  const beyond = local.cleanPrimary ? lsn >= fork.lsn : lsn > fork.lsn;
  if (!beyond) return { kind: 'none' };
  return {
    kind: 'diverged',
    why: `reaches ${lsnToText(lsn)}, but the leader left timeline ${timeline} at ${lsnToText(fork.lsn)}`,
    forkLsn: fork.lsn,
  };
}
