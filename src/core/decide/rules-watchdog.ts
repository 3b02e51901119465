// The watchdog device: armed before this member can accept writes, kept alive by the lease keeper, disarmed once nothing writes.
import { watchdogTimeout } from '../settings/watchdog-timeout.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { startJob } from './context.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { surelyWritesNothing } from './writes-nothing.ts';

function isWanted(ctx: Context): boolean {
  return (ctx.obs.self.watchdog?.mode ?? 'off') !== 'off' && !ctx.paused && !isIdle(ctx);
}

/** In a standby cluster only what was a primary before needs one, until it is down. */
function isIdle(ctx: Context): boolean {
  return ctx.config.standbyCluster !== undefined && surelyWritesNothing(ctx);
}

function timeoutNow({ obs, config, held }: Context): ReturnType<typeof watchdogTimeout> {
  const safetyMarginS = obs.self.watchdog?.safetyMarginS ?? 0;
  return watchdogTimeout({ ttlMs: config.ttlMs, leaderTtlMs: held?.ttlMs ?? config.leaderTtlMs, safetyMarginS });
}

/** Why this member may not lead for want of its watchdog; undefined: it has one, or may do without. */
export function watchdogLacks(ctx: Context): string | undefined {
  if (ctx.obs.self.watchdog?.mode !== 'required' || ctx.paused || isIdle(ctx)) return undefined;
  const timeout = timeoutNow(ctx);
  if (timeout.kind === 'unfit') return timeout.why;
  return ctx.obs.watchdog.kind === 'unusable' ? ctx.obs.watchdog.why : undefined;
}

/** Not one process of PostgreSQL may be left: clients that still end could be told of commits (known failure 2). */
function isQuiet({ obs, held, mayWrite }: Context): boolean {
  const { postmaster, health } = obs.postgres;
  const isStandby = postmaster !== undefined && !mayWrite;
  return held === undefined && (isStandby || (postmaster === undefined && health.leftovers === 0));
}

function disarm(ctx: Context): Ruling | undefined {
  if (ctx.obs.watchdog.kind !== 'armed' || (isWanted(ctx) && !isQuiet(ctx))) return undefined;
  const why = !isWanted(ctx) ? 'the watchdog is not wanted now' : 'nothing here accepts writes';
  return {
    why: `${why}: the watchdog is disarmed`,
    steps: [{ kind: 'disarmWatchdog' }],
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

function arm(ctx: Context): Ruling | undefined {
  const { watchdog } = ctx.obs;
  const timeout = timeoutNow(ctx);
  if (ctx.held === undefined || !isWanted(ctx) || timeout.kind === 'unfit' || watchdog.kind === 'unusable')
    return undefined;
  if (watchdog.kind === 'armed' && watchdog.timeoutS === timeout.timeoutS) return undefined;
  if (ctx.mem.watchdogSetS === timeout.timeoutS && watchdog.kind === 'armed') return undefined;
  return {
    why: `the watchdog is armed with ${timeout.timeoutS} s`,
    steps: [{ kind: 'armWatchdog', timeoutS: timeout.timeoutS }],
    memory: { watchdogSetS: timeout.timeoutS },
    wakeInMs: LIMITS.paceMs,
  };
}

function giveUp(ctx: Context): Ruling | undefined {
  const { held, obs } = ctx;
  const lack = watchdogLacks(ctx);
  if (held === undefined || lack === undefined || obs.job !== undefined) return undefined;
  const why = `the watchdog is required and cannot be used: ${lack}`;
  if (ctx.mayWrite) {
    const job = { kind: 'stop', mode: 'immediate', checkpointFirst: false, why } as const;
    return { why, steps: [startJob(ctx, job, LIMITS.stopMs)], wakeInMs: LIMITS.paceMs };
  }
  return {
    why,
    steps: [releaseStep(ctx, held.reign, undefined)],
    events: [
      { kind: 'leader.released', text: `${ctx.me} gives up leadership: ${why}`, evidence: { reign: held.reign } },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Asked before everything that a pause leaves as it is: a watchdog that nobody keeps alive would reset the machine. */
export const WATCHDOG_REST_RULES: readonly Rule[] = [
  { id: 'W10', title: 'disarm the watchdog where nothing writes, or while it is not wanted', match: disarm },
];

/** Asked before anything that makes this member a primary. */
export const WATCHDOG_RULES: readonly Rule[] = [
  { id: 'W20', title: 'arm the watchdog', match: arm },
  { id: 'W30', title: 'do not lead without a watchdog that is required', match: giveUp },
];
