import type { FailoverRequest } from '../model/cluster.ts';
import type { Context, HeldLease } from './context.ts';
import { leadsStandby } from './remote.ts';

/** A request to hand the leadership over, as the leader sees it. */
export interface Asked {
  readonly request: FailoverRequest;
  readonly revision: number;
  readonly held: HeldLease;
}

export function asked(ctx: Context): Asked | undefined {
  const request = ctx.view?.failover.value;
  if (request === undefined || ctx.view === undefined || ctx.held === undefined) return undefined;
  return { request, revision: ctx.view.failover.revision, held: ctx.held };
}

/** There is something to hand over. */
export function serves(ctx: Context): boolean {
  return ctx.primary !== undefined || (leadsStandby(ctx) && ctx.standby !== undefined);
}
