import type { ClusterView } from '../model/cluster.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import type { WalPosition } from '../model/lsn.ts';
import type { Context } from './context.ts';

export interface Vacant {
  readonly view: ClusterView;
  readonly standby: StandbyStatus;
  /** Since when the key has been seen gone. */
  readonly sinceMs: number;
  readonly waitedMs: number;
}

/** Nobody leads, and this member runs as a standby of a cluster that the store knows. */
export function vacant(ctx: Context): Vacant | undefined {
  const { view, standby } = ctx;
  if (view === undefined || standby === undefined || ctx.leader !== undefined || ctx.held !== undefined)
    return undefined;
  const sinceMs = ctx.mem.candidateSinceMs ?? ctx.nowMs;
  return { view, standby, sinceMs, waitedMs: ctx.nowMs - sinceMs };
}

export function positionOf(standby: StandbyStatus): WalPosition {
  return { timeline: standby.timeline, lsn: standby.receivedLsn };
}
