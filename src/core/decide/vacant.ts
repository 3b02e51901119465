import { rememberedOf } from '../election/remembered.ts';
import type { ClusterView } from '../model/cluster.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import type { WalPosition } from '../model/lsn.ts';
import { epochMsOf } from '../model/timestamp.ts';
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
  const asked = withoutFutureRequest(ctx, view);
  return { view: withoutLossyRequest(ctx, asked, standby), standby, sinceMs, waitedMs: ctx.nowMs - sinceMs };
}

/**
 * A switchover loses nothing: where its leader stopped and told how far its WAL reaches, whom it names must have all of that. The
 * request may have come while the hand-over to another was under way. A failover that people order may lose what they say.
 */
function withoutLossyRequest(ctx: Context, view: ClusterView, standby: StandbyStatus): ClusterView {
  const { value, revision } = view.failover;
  const end = rememberedOf(view);
  if (value?.leader === undefined || value.candidate !== ctx.me || end?.final !== true) return view;
  const hasAll = standby.timeline === end.timeline && standby.receivedLsn > end.lsn;
  return hasAll ? view : { ...view, failover: { value: undefined, revision } };
}

/** Whom a switchover names that is scheduled for later has nothing to do with an outage now. */
function withoutFutureRequest({ obs }: Context, view: ClusterView): ClusterView {
  const { value, revision } = view.failover;
  const atMs = value?.scheduledAt === undefined ? undefined : epochMsOf(value.scheduledAt);
  return atMs !== undefined && atMs > obs.wallMs ? { ...view, failover: { value: undefined, revision } } : view;
}

export function positionOf(standby: StandbyStatus): WalPosition {
  return { timeline: standby.timeline, lsn: standby.receivedLsn };
}
