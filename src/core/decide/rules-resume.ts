// A pause that has ended: the guard is armed before the mark goes, and what the mark kept from others is held anew first.
import type { Context, Rule, Ruling } from './context.ts';
import { UNKNOWN_MAP } from './failsafe.ts';
import { LIMITS } from './limits.ts';
import { isReignOfStandby } from './remote.ts';
import { needsLease } from './rules-busy.ts';
import { syncOfPrimary } from './rules-paused.ts';
import { isSystemId, localSystemId } from './rules-identity.ts';
import { takeOverOf } from './take-over.ts';
import { surelyWritesNothing } from './writes-nothing.ts';

/** The mark says that something here may write, and nothing does. */
function clearIdle(ctx: Context): Ruling | undefined {
  if (ctx.mark === undefined || !surelyWritesNothing(ctx)) return undefined;
  if (ctx.held?.unguarded === true && (ctx.paused || ctx.config.standbyCluster === undefined)) return undefined;
  if (ctx.obs.job !== undefined && needsLease(ctx.obs.job.job)) return undefined;
  return {
    why: 'nothing here accepts writes: the mark of an unguarded PostgreSQL goes',
    steps: [{ kind: 'clearUnguarded', revision: ctx.mark.revision }],
    wakeInMs: LIMITS.paceMs,
  };
}

function armAgain(ctx: Context): Ruling | undefined {
  if (ctx.paused || ctx.held?.unguarded !== true) return undefined;
  // What leads a standby cluster, or led it, needs no guard: it is promoted in another reign.
  const isOfStandby = isReignOfStandby(ctx);
  if (isOfStandby && surelyWritesNothing(ctx)) return undefined;
  const over = isOfStandby ? 'PostgreSQL was promoted by hand' : 'the pause is over';
  return {
    why: `${over}: the lease is held anew and the guard armed`,
    steps: [{ kind: 'armGuard', reign: ctx.held.reign }],
    wakeInMs: LIMITS.paceMs,
  };
}

function clearGuarded(ctx: Context): Ruling | undefined {
  const { guard } = ctx.obs;
  if (ctx.paused || ctx.mark === undefined || ctx.held === undefined || ctx.held.unguarded) return undefined;
  if (guard.kind !== 'armed' || guard.reign !== ctx.held.reign) return undefined;
  return {
    why: 'the guard is armed: the mark of an unguarded PostgreSQL goes',
    steps: [{ kind: 'clearUnguarded', revision: ctx.mark.revision }],
    events: [{ kind: 'cluster.resumed', text: `${ctx.me} leads under its guard again` }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** A primary that the pause left without a lease, and that nobody has followed: its mark kept everybody else from the key. */
function returning(ctx: Context): boolean {
  const { view, obs } = ctx;
  if (ctx.paused || view === undefined || ctx.primary === undefined || ctx.mark === undefined) return false;
  return obs.lease.kind === 'none' && obs.guard.kind !== 'armed' && view.reign.value?.name === ctx.me;
}

function adoptAgain(ctx: Context): Ruling | undefined {
  const { leader } = ctx;
  if (!returning(ctx) || leader?.name !== ctx.me || leader.leaseId === undefined) return undefined;
  const { reign, leaseId } = leader;
  const ttlMs = ctx.config.leaderTtlMs;
  return {
    why: 'the pause is over, and the leader key bears our name: carried on, to be guarded again',
    steps: [{ kind: 'adoptKey', reign, leaseId, ttlMs, deadlineMs: ctx.nowMs + ttlMs, unguarded: true }],
    memory: { failsafe: UNKNOWN_MAP },
    wakeInMs: LIMITS.paceMs,
  };
}

function takeAgain(ctx: Context): Ruling | undefined {
  const { view } = ctx;
  if (!returning(ctx) || view === undefined || ctx.leader !== undefined) return undefined;
  const theirs = view.initialize.value;
  if (isSystemId(theirs) && theirs !== localSystemId(ctx)) return undefined;
  return {
    why: 'the pause is over, and nobody has led since: the leader key is taken under the guard',
    steps: [{ kind: 'takeKey', takeOver: { ...takeOverOf(ctx, view), sync: syncOfPrimary(ctx, view) } }],
    events: [{ kind: 'leader.acquired', text: `${ctx.me} leads on after the pause` }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** The mark stood when the store was last heard, and only this member takes it away. */
function awaitStore(ctx: Context): Ruling | undefined {
  const { lease, guard, postgres } = ctx.obs;
  if (ctx.paused || ctx.view !== undefined || !ctx.mayWrite || !postgres.pauseNoted) return undefined;
  if (lease.kind !== 'none' || guard.kind === 'armed') return undefined;
  return { why: 'the store does not answer; a mark there keeps others from the key', wakeInMs: LIMITS.primaryQuietMs };
}

/** Asked of every observation, paused or not, before anything is fenced. */
export const RESUME_RULES: readonly Rule[] = [
  { id: 'Y05', title: 'clear the mark where nothing writes', match: clearIdle },
  { id: 'Y85', title: 'arm the guard when a pause ends', match: armAgain },
  { id: 'Y86', title: 'clear the mark once the guard is armed', match: clearGuarded },
  { id: 'Y87', title: 'carry on the own reign when a pause ends', match: adoptAgain },
  { id: 'Y88', title: 'take the key again when a pause ends', match: takeAgain },
  { id: 'Y89', title: 'wait for the store when a pause ends', match: awaitStore },
];

/** Not while a primary here is unguarded: then the note says so to an agent that starts while the store is silent. */
function forgetPause(ctx: Context): Ruling | undefined {
  if (ctx.paused || ctx.view === undefined || !ctx.obs.postgres.pauseNoted || ctx.mark !== undefined) return undefined;
  return {
    why: 'the pause is over: its note goes',
    steps: [{ kind: 'notePause', paused: false }],
    wakeInMs: LIMITS.paceMs,
  };
}

export const FORGET_PAUSE_RULES: readonly Rule[] = [
  { id: 'Y95', title: 'take away the note of a pause', match: forgetPause },
];
