import type { HistoryEntry } from '../model/cluster.ts';
import type { ControlData } from '../model/local-postgres.ts';
import type { Lsn, WalPosition } from '../model/lsn.ts';
import { lsnToText } from '../model/lsn.ts';

/** How far this member's data reach, and whether that end is a clean shutdown of a primary. */
export interface LocalEnd {
  readonly position: WalPosition;
  readonly cleanPrimary: boolean;
  /** Of a clean primary: behind its last record, the shutdown checkpoint that begins at `position`; undefined: unknown. */
  readonly checkpointEnd?: Lsn | undefined;
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

/**
 * It stopped without a shutdown checkpoint: where its WAL ends is known only after crash recovery. So did a primary that was
 * then started as a standby and never came up: nothing tells yet how far it must recover.
 */
export function isCrashed(control: ControlData): boolean {
  if (CRASHED.has(control.state)) return true;
  return control.state === 'in archive recovery' && !hasRecoveryEnd(control);
}

function hasRecoveryEnd({ minRecoveryEndLsn, minRecoveryEndTimeline }: ControlData): boolean {
  return minRecoveryEndLsn !== 0n && minRecoveryEndTimeline !== 0;
}

/** End of a stopped cluster's data by pg_control; undefined where only crash recovery can tell. */
export function localEndOf(control: ControlData): LocalEnd | undefined {
  if (isCrashed(control)) return undefined;
  const checkpoint = { timeline: control.checkpointTimeline, lsn: control.checkpointLsn };
  if (control.state === 'shut down')
    return { position: checkpoint, cleanPrimary: true, checkpointEnd: control.checkpointEndLsn };
  const recovered = { timeline: control.minRecoveryEndTimeline, lsn: control.minRecoveryEndLsn };
  return { position: hasRecoveryEnd(control) ? recovered : checkpoint, cleanPrimary: false };
}

/** Whether the local data have WAL that the leader's line does not have (contract: ha.md 3.3). */
export function judgeDivergence(local: LocalEnd, leader: LeaderLine): Divergence {
  const { timeline } = local.position;
  if (timeline === leader.timeline) return judgeSameNumber(local);
  if (timeline > leader.timeline)
    return diverged(`timeline ${timeline} is newer than the leader's ${leader.timeline}`, undefined);
  const { history } = leader;
  const fork = history.find((entry) => entry.timeline === timeline);
  if (fork !== undefined) return judgeAtFork(local, fork);
  const [oldest] = history;
  if (oldest === undefined)
    return { kind: 'unknown', why: `the history of timeline ${leader.timeline} is not known yet` };
  // max_timelines_history cuts off the oldest rows: what is older than they are tells nothing.
  if (oldest.timeline > timeline)
    return { kind: 'unknown', why: `the history of timeline ${leader.timeline} does not reach back to ${timeline}` };
  return diverged(`timeline ${timeline} is no ancestor of the leader's ${leader.timeline}`, undefined);
}

/**
 * A standby is on the leader's timeline because it follows. A primary got there by itself: its directory is a copy of the leader's,
 * or the number was taken twice, by a promotion by hand and by a reign that did not know of it. Only the WAL itself tells.
 */
function judgeSameNumber({ position, cleanPrimary }: LocalEnd): Divergence {
  if (!cleanPrimary) return { kind: 'none' };
  return {
    kind: 'unknown',
    why: `it was a primary on timeline ${position.timeline}, which is the leader's number too`,
  };
}

function judgeAtFork(local: LocalEnd, fork: HistoryEntry): Divergence {
  const { timeline, lsn } = local.position;
  const left = `but the leader left timeline ${timeline} at ${lsnToText(fork.lsn)}`;
  if (!local.cleanPrimary) {
    return lsn > fork.lsn ? diverged(`reaches ${lsnToText(lsn)}, ${left}`, fork.lsn) : { kind: 'none' };
  }
  // A shutdown checkpoint that starts at the fork, or is not the last that was taken over, is a record the leader does not have.
  if (lsn >= fork.lsn) return diverged(`shut down at ${lsnToText(lsn)}, ${left}`, fork.lsn);
  if (local.checkpointEnd === fork.lsn) return { kind: 'none' };
  const end = local.checkpointEnd === undefined ? 'an unknown position' : lsnToText(local.checkpointEnd);
  return diverged(`its shutdown checkpoint ends at ${end}, ${left}`, fork.lsn);
}

function diverged(why: string, forkLsn: Lsn | undefined): Divergence {
  return { kind: 'diverged', why, forkLsn };
}
