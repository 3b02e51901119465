import type { Context, Rule, Ruling } from './context.ts';
import { controlOf, isTagged, settingsWith, startJob } from './context.ts';
import { LIMITS } from './limits.ts';
import { isReignOfStandby } from './remote.ts';
import { watchdogLacks } from './rules-watchdog.ts';
import { announcedSlotChore } from './slot-chores.ts';
import { storageBarsStart } from './unfit.ts';

function lead(ctx: Context): Ruling | undefined {
  if (ctx.view !== undefined || ctx.held === undefined || ctx.primary === undefined) return undefined;
  const why =
    ctx.held.carriedSinceMs === undefined
      ? 'the store does not answer; the lease still runs'
      : 'the store does not answer: leads on, as every member in /failsafe agrees';
  const { steps = [], memory = {} } = announcedSlotChore(ctx) ?? {};
  return { why, steps, memory, wakeInMs: LIMITS.primaryQuietMs };
}

/**
 * It was a standby when it went down, and streamed from whom its files name. Nobody is named there while a pledge may stand: the
 * receiver is cut off before each, and an upstream is written only after the pledge was seen withdrawn (docs/adr/0014).
 */
function wasStandby(ctx: Context): boolean {
  const { data } = ctx.obs.postgres;
  if (data.kind !== 'cluster' || !data.standbySignal || isTagged(ctx, ctx.me, 'nostream')) return false;
  const { state } = data.control;
  return state === 'shut down in recovery' || state === 'in archive recovery';
}

/**
 * Whom commits are to wait for, where /sync cannot be read: whom they last waited for, which goes with /sync as it stands and with
 * any write of it on its way. A hand-over may have named heirs there who need not be among them. null: not known.
 */
function namesInSilence({ config, mem }: Context): string | undefined | null {
  const { syncNamesSeen: seen, switchover } = mem;
  if (seen === undefined || (switchover !== undefined && (seen !== '' || config.synchronousMode !== 'off')))
    return null;
  return seen === '' ? undefined : seen;
}

/** The candidate has the key, may have it, or is given the time to get everything. */
function mayBeHandedOver({ mem: { switchover }, nowMs }: Context): boolean {
  if (switchover === undefined) return false;
  const { releasedMs, stoppedMs } = switchover;
  return releasedMs !== undefined || nowMs - (stoppedMs ?? nowMs) <= LIMITS.handOverMs;
}

/** Nobody else can have the key while the lease runs or the members' promises do; with it, an outage may last for hours. */
function restart(ctx: Context): Ruling | undefined {
  const { held, mem, nowMs } = ctx;
  if (ctx.view !== undefined || held === undefined || mem.servingReign !== held.reign) return undefined;
  if (isReignOfStandby(ctx) || ctx.obs.unsettled.has('release')) return undefined;
  if (watchdogLacks(ctx) !== undefined || storageBarsStart(ctx) !== undefined) return undefined;
  if (controlOf(ctx) === undefined || nowMs < mem.holdOffMs || mayBeHandedOver(ctx)) return undefined;
  const syncNames = namesInSilence(ctx);
  if (syncNames === null) return undefined;
  const job = { kind: 'startPrimary', settings: settingsWith(ctx, syncNames) } as const;
  const why = 'PostgreSQL is down and the store does not answer: started again, as nobody else can lead meanwhile';
  return {
    why,
    steps: [startJob(ctx, job, Math.max(ctx.config.primaryStartTimeoutMs, LIMITS.takeUpMs))],
    memory: { switchover: undefined },
    events: [{ kind: 'postgres.crashed', text: why, evidence: { reign: held.reign } }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Serves reads, and is ready when the store is back. */
function standBy(ctx: Context): Ruling | undefined {
  const { postgres } = ctx.obs;
  if (ctx.view !== undefined || postgres.postmaster !== undefined || postgres.data.kind !== 'cluster') return undefined;
  if (ctx.nowMs < ctx.mem.holdOffMs || ctx.held !== undefined) return undefined;
  // An agent that has just started has not been answered yet.
  if (ctx.nowMs - (ctx.mem.silentSinceMs ?? ctx.nowMs) < LIMITS.silentMs) return undefined;
  const keeps = wasStandby(ctx);
  const how = keeps ? 'following whom it followed before' : 'detached';
  const job = { kind: 'startStandby', follow: undefined, settings: settingsWith(ctx, undefined) } as const;
  return {
    why: `the store does not answer: PostgreSQL is started read-only, ${how}`,
    steps: [startJob(ctx, keeps ? { ...job, keepUpstream: true } : job, LIMITS.startStandbyMs)],
    memory: { role: 'replica', startedFollowing: undefined },
  };
}

function moveSlots(ctx: Context): Ruling | undefined {
  const chore = ctx.view === undefined ? announcedSlotChore(ctx) : undefined;
  if (chore === undefined) return undefined;
  return { why: chore.why, steps: chore.steps, memory: chore.memory, wakeInMs: LIMITS.primaryQuietMs };
}

function wait(ctx: Context): Ruling | undefined {
  if (ctx.view !== undefined) return undefined;
  return { why: 'the store does not answer', wakeInMs: LIMITS.primaryQuietMs };
}

export const SILENT_RULES: readonly Rule[] = [
  { id: 'U10', title: 'lead on while the lease runs', match: lead },
  { id: 'U15', title: 'start a primary again under its lease', match: restart },
  { id: 'U20', title: 'serve reads without the store', match: standBy },
  { id: 'U25', title: 'move slots as the leader tells without the store', match: moveSlots },
  { id: 'U30', title: 'wait for the store', match: wait },
];
