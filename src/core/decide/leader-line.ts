import type { LeaderLine } from '../recovery/divergence.ts';
import type { Context } from './context.ts';
import { leaderServes, memberOf } from './context.ts';

/**
 * The leader's timeline and where it comes from; undefined while its history cannot be trusted to be of this reign: a reign that
 * begins with a promotion writes /history anew.
 */
export function leaderLine(ctx: Context): LeaderLine | undefined {
  const { leader, view } = ctx;
  if (leader === undefined || view === undefined || !leaderServes(ctx)) return undefined;
  const { timeline, role } = memberOf(ctx, leader.name)?.data ?? {};
  // Those of a standby cluster's leader come and go with the other cluster's, and /history tells nothing of them.
  if (timeline === undefined || role === 'standby_leader') return undefined;
  const current = timeline === 1 || view.history.revision > leader.reign;
  return current ? { timeline, history: view.history.value ?? [] } : undefined;
}

/** What leads is itself a standby: where its timelines come from only its server can tell. */
export function isLeaderStandby(ctx: Context): boolean {
  return ctx.leader !== undefined && memberOf(ctx, ctx.leader.name)?.data.role === 'standby_leader';
}

/** pg_rewind reads the source's pg_control, which names the new timeline only after the checkpoint that follows a promotion. */
export function rewindSourceReady(ctx: Context): boolean {
  if (ctx.leader === undefined || !leaderServes(ctx)) return false;
  return memberOf(ctx, ctx.leader.name)?.data.checkpointAfterPromote !== false;
}
