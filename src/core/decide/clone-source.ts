import type { FollowTarget } from '../model/job.ts';
import type { Context } from './context.ts';
import { followTarget, isTagged, memberOf } from './context.ts';

/** A replica that follows the leader's line now: whatever is copied from it, the leader has. */
export function isCloneSource(ctx: Context, name: string): boolean {
  const data = memberOf(ctx, name)?.data;
  const leaderTimeline = ctx.leader === undefined ? undefined : memberOf(ctx, ctx.leader.name)?.data.timeline;
  if (data === undefined || name === ctx.me || name === ctx.leader?.name) return false;
  const follows = data.state === 'running' && data.role === 'replica' && data.replicationState === 'streaming';
  return follows && (leaderTimeline === undefined || data.timeline === leaderTimeline);
}

/**
 * Whom to clone from: one of those that are tagged clonefrom, by chance, else the leader. The leader too where it is asked for, and
 * every other time after a failure. Our slot is the leader's: through another member the copy goes without one.
 */
export function cloneSource(ctx: Context, leader: string): FollowTarget | undefined {
  const offered = (ctx.view?.members ?? [])
    .map(({ name }) => name)
    .filter((name) => isTagged(ctx, name, 'clonefrom') && isCloneSource(ctx, name));
  const wantsLeader = ctx.mem.reclone?.fromLeader === true || ctx.mem.cloneTries % 2 === 1;
  const chosen = wantsLeader ? undefined : offered[Math.floor(ctx.obs.random * offered.length)];
  const from = chosen === undefined ? undefined : followTarget(ctx, chosen);
  return from === undefined ? followTarget(ctx, leader) : { ...from, slot: undefined };
}
