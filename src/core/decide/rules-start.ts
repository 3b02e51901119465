import { type Context, controlOf, type Rule, type Ruling } from './context.ts';
import { isFailoverPossible, membersToAsk } from './failover-possible.ts';
import { LIMITS } from './limits.ts';

/** Since when the primary of this reign has not been there; undefined: it is, or it is somebody else's to be. */
export function downSinceMs(ctx: Context): number | undefined {
  const { held, mem } = ctx;
  if (held === undefined || mem.servingReign !== held.reign || mem.switchover !== undefined) return undefined;
  return ctx.primary === undefined ? mem.startingSinceMs : undefined;
}

/** It has had its time: `primary_start_timeout` is over, and somebody else could lead. */
export function isStartOverdue(ctx: Context): boolean {
  const sinceMs = downSinceMs(ctx);
  if (sinceMs === undefined) return false;
  const limitMs = ctx.config.primaryStartTimeoutMs;
  return (limitMs === 0 || ctx.nowMs - sinceMs > limitMs) && isFailoverPossible(ctx);
}

/** A recovery without end would keep the lock from everybody (known failure 74). */
function endRecovery(ctx: Context): Ruling | undefined {
  const { postmaster, starting } = ctx.obs.postgres;
  if (postmaster === undefined || !starting || !isStartOverdue(ctx)) return undefined;
  const forS = Math.round((ctx.nowMs - (downSinceMs(ctx) ?? ctx.nowMs)) / 1000);
  const why = `PostgreSQL has been starting for ${forS} s, longer than primary_start_timeout, and another member can lead`;
  return {
    why,
    steps: [{ kind: 'fence', why }],
    memory: { fencingSinceMs: ctx.mem.fencingSinceMs ?? ctx.nowMs },
    // One that does not die is killed again and again, and told of once.
    events:
      ctx.mem.fencingSinceMs === undefined
        ? [{ kind: 'postgres.fenced', text: `PostgreSQL killed: ${why}`, evidence: { reign: ctx.held?.reign ?? null } }]
        : [],
    wakeInMs: 0,
  };
}

/** Of everybody who was asked since. */
function hasAnswer(ctx: Context, sinceMs: number): boolean {
  return membersToAsk(ctx).every((name) => {
    const answer = ctx.obs.peers.get(name);
    return answer !== undefined && (answer.kind === 'unknown' || answer.atMs >= sinceMs);
  });
}

/** How long after it went the others are asked; who has not answered by then cannot help now. */
const ASK_MS = 1_500;

/** Whether somebody else could lead is not guessed from what they last published. */
function askOthers(ctx: Context): Ruling | undefined {
  const sinceMs = downSinceMs(ctx);
  const isAsking = sinceMs !== undefined && ctx.nowMs - sinceMs < ASK_MS && !hasAnswer(ctx, sinceMs);
  if (!isAsking || ctx.config.primaryStartTimeoutMs > 0 || controlOf(ctx) === undefined || isFailoverPossible(ctx))
    return undefined;
  const members = membersToAsk(ctx);
  if (members.length === 0 || ctx.obs.job !== undefined) return undefined;
  return {
    why: 'PostgreSQL is gone and primary_start_timeout is 0: the others are asked how far they are',
    probe: members,
    wakeInMs: LIMITS.paceMs,
  };
}

export const START_RULES: readonly Rule[] = [
  { id: 'D15', title: 'end a start that takes too long where somebody else can lead', match: endRecovery },
  { id: 'D17', title: 'ask whether somebody else could lead', match: askOthers },
];
