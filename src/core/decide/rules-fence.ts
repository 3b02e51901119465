import type { GuardView } from '../model/observation.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { UNKNOWN_MAP } from './failsafe.ts';
import { LIMITS } from './limits.ts';
import { surelyWritesNothing } from './writes-nothing.ts';
import { LEAD_AGAIN } from './rules-failsafe.ts';

type ArmedGuard = Extract<GuardView, { kind: 'armed' }>;

/** The guard of this machine names the reign that the store shows under our name: a lease that may be carried on. */
function adoptable(ctx: Context): ArmedGuard | undefined {
  const { guard } = ctx.obs;
  if (guard.kind !== 'armed' || ctx.obs.lease.kind !== 'none') return undefined;
  if (ctx.leader === undefined || ctx.leader.name !== ctx.me) return undefined;
  const same = guard.reign === ctx.leader.reign && guard.leaseId === ctx.leader.leaseId;
  return same && ctx.nowMs < guard.deadlineMs ? guard : undefined;
}

function adopt(ctx: Context): Ruling | undefined {
  const guard = adoptable(ctx);
  if (guard === undefined || !ctx.mayWrite) return undefined;
  const { reign, leaseId, deadlineMs } = guard;
  return {
    why: 'the guard on this machine names the reign that /leader shows: carried on',
    steps: [{ kind: 'adoptKey', reign, leaseId, deadlineMs, ttlMs: ctx.config.leaderTtlMs, unguarded: false }],
    memory: { failsafe: UNKNOWN_MAP },
    events: [
      {
        kind: 'leader.acquired',
        text: `${ctx.me} carries on its reign after a restart of the agent`,
        evidence: { reign },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** The store has not told yet whose the key is; the guard's deadline stands until it has. */
function waitForStore(ctx: Context): Ruling | undefined {
  const { guard, lease } = ctx.obs;
  if (!ctx.mayWrite || ctx.held !== undefined || ctx.view !== undefined || lease.kind !== 'none') return undefined;
  if (guard.kind !== 'armed' || ctx.nowMs >= guard.deadlineMs) return undefined;
  return {
    why: 'PostgreSQL runs under the guard of an earlier agent; the store has not answered yet',
    wakeInMs: LIMITS.paceMs,
  };
}

function reasonToFence(ctx: Context): string | undefined {
  if (!ctx.mayWrite) return undefined;
  if (ctx.held === undefined) {
    const { lease } = ctx.obs;
    return lease.kind === 'lost'
      ? `the leader lease is lost: ${lease.why}`
      : 'PostgreSQL may accept writes and no leader lease is held';
  }
  if (ctx.view === undefined || ctx.view.revision < ctx.held.reign) return undefined;
  if (ctx.leader?.reign === ctx.held.reign) return undefined;
  return ctx.leader === undefined ? 'the leader key is gone' : `the leader key belongs to ${ctx.leader.name}`;
}

function fence(ctx: Context): Ruling | undefined {
  const why = reasonToFence(ctx);
  if (why === undefined) return undefined;
  return {
    why,
    steps: [{ kind: 'fence', why }],
    memory: { switchover: undefined, fencingSinceMs: ctx.mem.fencingSinceMs ?? ctx.nowMs },
    // One that does not die is killed again and again, and told of once.
    events:
      ctx.mem.fencingSinceMs !== undefined
        ? []
        : [
            {
              kind: 'postgres.fenced',
              text: `PostgreSQL killed: ${why}`,
              evidence: { reign: ctx.obs.lease.kind === 'none' ? null : ctx.obs.lease.reign },
            },
          ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Nothing runs that could write: the lost lease has done its work. */
function forgetLost(ctx: Context): Ruling | undefined {
  // Sessions that outlive their postmaster go on writing: they are killed first.
  const { lease } = ctx.obs;
  if (lease.kind !== 'lost' || ctx.mayWrite || !surelyWritesNothing(ctx)) return undefined;
  const { reign } = lease;
  const text = `${ctx.me} has lost the leader lease: ${lease.why}`;
  return {
    why: 'PostgreSQL accepts no writes: the lost lease is put away',
    steps: [{ kind: 'disarmGuard' }],
    memory: { lossTold: reign },
    // A guard that does not answer is asked again and again.
    events: ctx.mem.lossTold === reign ? [] : [{ kind: 'leader.lost', text, evidence: { reign } }],
    wakeInMs: LIMITS.paceMs,
  };
}

/**
 * Left armed by a release that it did not answer, or by an earlier agent: it would kill a standby for nothing. But the promote
 * signal of an earlier agent may be on its way in that standby, and only its end calls it back.
 */
function standDown(ctx: Context): Ruling | undefined {
  if (ctx.obs.guard.kind !== 'armed' || ctx.obs.lease.kind !== 'none' || ctx.mayWrite) return undefined;
  const disarm = { kind: 'disarmGuard' } as const;
  const why = 'the guard is armed although nothing here accepts writes';
  const { postmaster, health } = ctx.obs.postgres;
  if (postmaster === undefined && health.leftovers === 0) return { why, steps: [disarm], wakeInMs: LIMITS.paceMs };
  const reason = `${why}; an earlier agent may have sent the promote signal`;
  return { why: reason, steps: [{ kind: 'fence', why: reason }, disarm], wakeInMs: LIMITS.paceMs };
}

export const FENCE_RULES: readonly Rule[] = [
  { id: 'F10', title: 'carry on the reign that the local guard names', match: adopt },
  { id: 'F20', title: 'wait for the store under the guard of an earlier agent', match: waitForStore },
  LEAD_AGAIN,
  { id: 'F30', title: 'kill a server that may write without the lease', match: fence },
  { id: 'F40', title: 'put away a lost lease once nothing writes', match: forgetLost },
  { id: 'F50', title: 'let a guard stand down that guards nothing', match: standDown },
];
