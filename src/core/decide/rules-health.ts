import type { PrimaryStatus } from '../model/local-postgres.ts';
import type { Memory, Unfit } from '../model/memory.ts';
import type { Context, EventDraft, HeldLease, Rule, Ruling } from './context.ts';
import { isBackground, startJob } from './context.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { betterOff, storageBarsStart, unfitOf, walFreeMiB } from './unfit.ts';

interface Unwell {
  readonly held: HeldLease;
  readonly unfit: Unfit;
  /** Somebody who would do better. */
  readonly other: string;
}

/** This member leads, PostgreSQL is unfit to, and somebody else is better off. Otherwise leadership stays where it is. */
function unwell(ctx: Context): Unwell | undefined {
  const { held, mem } = ctx;
  if (ctx.paused || held === undefined || mem.servingReign !== held.reign || mem.switchover !== undefined)
    return undefined;
  const unfit = unfitOf(ctx);
  const other = unfit === undefined ? undefined : betterOff(ctx, unfit)[0]?.name;
  return unfit === undefined || other === undefined ? undefined : { held, unfit, other };
}

/**
 * Backends notice by themselves that their postmaster has died, and a server that somebody starts has a postmaster soon. Where the
 * lease is lost they must not write meanwhile.
 */
function mayTakeTime({ obs, mem, nowMs }: Context): boolean {
  return obs.lease.kind !== 'lost' && nowMs - (mem.leftoversSinceMs ?? nowMs) < LIMITS.leftoversMs;
}

/** Killed, yet something of it is still there: nobody may believe that it is gone, and nothing is started beside it. */
function killLeftovers(ctx: Context): Ruling | undefined {
  const { postmaster, health } = ctx.obs.postgres;
  if (ctx.paused || postmaster !== undefined || health.leftovers === 0) return undefined;
  if (ctx.obs.job !== undefined && !isBackground(ctx.obs.job.job)) return undefined;
  const mayLeave = ctx.held === undefined && ctx.leader?.name !== ctx.me;
  if (mayLeave && ctx.obs.requests.some((request) => request.kind === 'shutdown')) return undefined;
  const why = `${health.leftovers} processes of a PostgreSQL that is gone still work in the data directory`;
  if (mayTakeTime(ctx)) return { why, wakeInMs: LIMITS.leftoversMs / 10 };
  return {
    why,
    steps: [{ kind: 'fence', why: 'left behind by a PostgreSQL that is gone' }],
    memory: { fencingSinceMs: ctx.mem.fencingSinceMs ?? ctx.nowMs },
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

function unfitEvent(ctx: Context, { unfit, other, held }: Unwell): EventDraft {
  return {
    kind: 'member.unfit',
    text: `${ctx.me} gives up leadership: ${unfit.why}; ${other} is better off`,
    evidence: { unfit: unfit.kind, reign: held.reign, walFreeMiB: walFreeMiB(ctx) ?? null },
  };
}

/** What cannot write cannot be asked to stop either; nothing is lost by waiting for whoever is to have it all. */
function killUnfit(ctx: Context): Ruling | undefined {
  const it = unwell(ctx);
  if (it === undefined || it.unfit.kind === 'full' || ctx.obs.postgres.postmaster === undefined) return undefined;
  const { unfit, other, held } = it;
  if (isReachable(unfit) && ctx.primary !== undefined && !hasAll(ctx, ctx.primary)) return undefined;
  const isNew = ctx.mem.yielding?.reign !== held.reign;
  return {
    why: `${unfit.why}, and ${other} is better off: PostgreSQL is killed to let it lead`,
    steps: [{ kind: 'fence', why: unfit.why }],
    memory: { yielding: { ...unfit, reign: held.reign }, fencingSinceMs: ctx.mem.fencingSinceMs ?? ctx.nowMs },
    events: isNew ? [unfitEvent(ctx, it)] : [],
    wakeInMs: LIMITS.paceMs,
  };
}

/** It still answers and sends what it has: there is time to see it arrive. */
function isReachable({ kind }: Unfit): boolean {
  return kind === 'readOnly' || kind === 'failing';
}

function hasAll(ctx: Context, primary: PrimaryStatus): boolean {
  const names = new Set(ctx.view?.members.map(({ name }) => name));
  return primary.senders.some(
    ({ name, flushLsn }) => names.has(name) && flushLsn !== undefined && flushLsn >= primary.flushLsn,
  );
}

/** PostgreSQL is gone for certain: the others need not wait for the lease. */
function yieldKey(ctx: Context): Ruling | undefined {
  const { held, mem, obs } = ctx;
  if (ctx.paused || held === undefined || obs.postgres.postmaster !== undefined || obs.job !== undefined)
    return undefined;
  const isYielding = mem.yielding?.reign === held.reign;
  const bars = isYielding ? mem.yielding : storageBarsStart(ctx);
  const it = isYielding ? undefined : unwellWhileDown(ctx, held, bars);
  if (bars === undefined || (!isYielding && it === undefined)) return undefined;
  return {
    why: `${bars.why}: the key is given up`,
    steps: [releaseStep(ctx, held.reign, undefined)],
    memory: { standAsideUntilMs: ctx.nowMs + LIMITS.unfitAsideMs },
    events: [
      {
        kind: 'leader.released',
        text: `${ctx.me} releases the leader key: ${bars.why}`,
        evidence: { unfit: bars.kind, reign: held.reign },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

function unwellWhileDown(ctx: Context, held: HeldLease, bars: Unfit | undefined): Unwell | undefined {
  const other = bars === undefined ? undefined : betterOff(ctx, bars)[0]?.name;
  if (bars === undefined || other === undefined || ctx.mem.switchover !== undefined || ctx.paused) return undefined;
  return { held, unfit: bars, other };
}

/** There is room for a shutdown checkpoint, so nothing needs to be lost: handed over as in a switchover. */
function handOver(ctx: Context): Ruling | undefined {
  const it = unwell(ctx);
  if (it === undefined || it.unfit.kind !== 'full' || ctx.primary === undefined || ctx.obs.job !== undefined)
    return undefined;
  if (ctx.nowMs < ctx.mem.handOverAgainMs) return undefined;
  const roomy = new Set(betterOff(ctx, it.unfit).map(({ name }) => name));
  const candidate = ctx.primary.senders.find(({ name, state }) => state === 'streaming' && roomy.has(name))?.name;
  if (candidate === undefined) return undefined;
  const why = `${it.unfit.why}; ${candidate} has more room`;
  const switchover: Memory['switchover'] = {
    reign: it.held.reign,
    revision: 0,
    candidate,
    shutdownLsn: undefined,
    stoppedMs: undefined,
    releasedMs: undefined,
  };
  return {
    why: `${why}: handed over`,
    steps: [
      startJob(ctx, { kind: 'stop', mode: 'fast', checkpointFirst: false, leavesArchiver: true, why }, LIMITS.stopMs),
    ],
    memory: { switchover, handOverAgainMs: ctx.nowMs + LIMITS.handOverAgainMs },
    events: [unfitEvent(ctx, { ...it, other: candidate })],
    wakeInMs: LIMITS.paceMs,
  };
}

/** A start would hang in it, and a hung start keeps everything else from being done. */
function awaitStorage(ctx: Context): Ruling | undefined {
  if (ctx.obs.postgres.postmaster !== undefined || ctx.obs.postgres.data.kind === 'empty') return undefined;
  const bars = storageBarsStart(ctx);
  if (bars === undefined) return undefined;
  return { why: `PostgreSQL is not started: ${bars.why}`, wakeInMs: LIMITS.primaryQuietMs };
}

export const HEALTH_RULES: readonly Rule[] = [
  { id: 'H10', title: 'kill what a PostgreSQL that is gone has left', match: killLeftovers },
];

export const UNFIT_RULES: readonly Rule[] = [
  { id: 'H20', title: 'kill a primary that is unfit where another member is better off', match: killUnfit },
  { id: 'H30', title: 'give up the key of a PostgreSQL that is gone and unfit', match: yieldKey },
  { id: 'H40', title: 'hand over to a member with more room', match: handOver },
];

export const STORAGE_RULES: readonly Rule[] = [
  { id: 'H50', title: 'start nothing on storage that takes no writes', match: awaitStorage },
];
