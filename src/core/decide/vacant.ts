import { rememberedOf } from '../election/remembered.ts';
import type { ClusterView } from '../model/cluster.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import type { WalPosition } from '../model/lsn.ts';
import { epochMsOf } from '../model/timestamp.ts';
import type { Suspicion } from '../model/memory.ts';
import type { Context } from './context.ts';
import { suspected } from './suspicion.ts';

export interface Vacant {
  readonly view: ClusterView;
  readonly standby: StandbyStatus;
  /** Since when the key has been seen gone, or its holder been suspected. */
  readonly sinceMs: number;
  /** The key is still there; the pledges of the voters end the reign that it stands for. */
  readonly suspicion: Suspicion | undefined;
  readonly waitedMs: number;
}

/** Nobody leads that lives, and this member runs as a standby of a cluster that the store knows. */
export function vacant(ctx: Context): Vacant | undefined {
  const { view, standby } = ctx;
  const suspicion = suspected(ctx);
  if (view === undefined || standby === undefined || ctx.held !== undefined) return undefined;
  if (ctx.leader !== undefined && suspicion === undefined) return undefined;
  const sinceMs = suspicion?.sinceMs ?? ctx.mem.candidateSinceMs ?? ctx.nowMs;
  const asked = withoutFutureRequest(ctx, withoutPledgeOf(suspicion?.leader, view));
  return { view: withoutLossyRequest(ctx, asked, standby), standby, suspicion, sinceMs, waitedMs: ctx.nowMs - sinceMs };
}

/** Whose reign is to end has no say in it. */
function withoutPledgeOf(leader: string | undefined, view: ClusterView): ClusterView {
  if (leader === undefined) return view;
  return { ...view, pledges: view.pledges.filter(({ name }) => name !== leader) };
}

/** Who led last, as far as this member saw it. */
export function formerLeader({ obs }: Context, { suspicion }: Vacant): string | undefined {
  return suspicion?.leader ?? obs.vacancy?.previous?.name;
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
