import type { ClusterView } from '../model/cluster.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { boundMs, failsafeListed, wasKornaks, whyNotAgain } from './failsafe.ts';
import { LIMITS } from './limits.ts';
import { takeOverAgain } from './take-over.ts';
import { vacant } from './vacant.ts';

/** The store is back, the key ran out meanwhile, and nobody else could have taken it: the promises still run. */
function leadAgain(ctx: Context): Ruling | undefined {
  const { held, view } = ctx;
  if (held?.carriedSinceMs === undefined || ctx.primary === undefined || view === undefined) return undefined;
  if (ctx.leader !== undefined || view.revision < held.reign) return undefined;
  if (!ctx.config.failsafeMode || whyNotAgain(ctx, held, view) !== undefined) return undefined;
  return {
    why: 'the leader key ran out while the members carried the lead: created again, PostgreSQL serves on',
    steps: [{ kind: 'takeKey', takeOver: takeOverAgain(ctx, view) }],
    events: [
      {
        kind: 'leader.acquired',
        text: `${ctx.me} creates its leader key again after the store was away`,
        evidence: { reign: held.reign, carriedMs: ctx.nowMs - held.carriedSinceMs },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

export const LEAD_AGAIN: Rule = { id: 'F25', title: 'create the key again while promises run', match: leadAgain };

/** The leader may be alive and counts on it: its stream is left alone, too. */
function keepPromise(ctx: Context): Ruling | undefined {
  if (ctx.view === undefined || ctx.leader !== undefined || ctx.held !== undefined || ctx.standby === undefined)
    return undefined;
  const leftMs = boundMs(ctx);
  if (leftMs === 0) return undefined;
  const { promise } = ctx.obs;
  const whom = promise.kind === 'given' ? `${promise.leader} has our promise` : 'an earlier agent may have promised';
  return {
    why: `nobody holds the key, but ${whom} not to lead for ${Math.ceil(leftMs / 1000)} s more`,
    wakeInMs: Math.min(leftMs, LIMITS.primaryQuietMs),
  };
}

export const KEEP_PROMISE: Rule = { id: 'V02', title: 'keep a promise not to lead', match: keepPromise };

/** Whom the last leader did not ask must not lead: it may be leading still. */
function notListed(ctx: Context): Ruling | undefined {
  if (ctx.view === undefined || vacant(ctx) === undefined) return undefined;
  // The only one that could be carried by promises now is this member itself.
  if (ctx.view.reign.value?.name === ctx.me && wasKornaks(ctx)) return undefined;
  if (ctx.view.nonsense.some(({ key }) => key.endsWith('/failsafe'))) return unreadableMap(ctx, ctx.view);
  const listed = failsafeListed(ctx);
  if (listed === undefined || listed.has(ctx.me)) return undefined;
  return {
    why: `not in /failsafe (${[...listed].join(', ')}): may not lead`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** A leader without the store may go on by the leave of members that nobody else knows; only that leader itself is not bound. */
function unreadableMap(ctx: Context, { reign }: ClusterView): Ruling | undefined {
  const last = reign.value?.name;
  if (!ctx.config.failsafeMode) return undefined;
  return {
    why: `/failsafe cannot be read: ${last ?? 'the last leader'}, who led last, may lead on by it; start that member, or delete /failsafe once it is surely down`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

export const NOT_LISTED: Rule = { id: 'V47', title: 'leave the lead to the members in /failsafe', match: notListed };
