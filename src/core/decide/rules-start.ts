import type { Context, Rule, Ruling } from './context.ts';
import { isFailoverPossible } from './failover-possible.ts';

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
    events: [
      { kind: 'postgres.fenced', text: `PostgreSQL killed: ${why}`, evidence: { reign: ctx.held?.reign ?? null } },
    ],
    wakeInMs: 0,
  };
}

export const START_RULES: readonly Rule[] = [
  { id: 'D15', title: 'end a start that takes too long where somebody else can lead', match: endRecovery },
];
