import type { LeaseVerdict } from '../model/plan.ts';
import type { Context } from './context.ts';
import { failsafeCall } from './failsafe.ts';
import { isFailoverPossible } from './failover-possible.ts';
import { LIMITS } from './limits.ts';
import { leadsStandby } from './remote.ts';
import { isRevocable } from './revocable.ts';
import { betterOff, unfitOf } from './unfit.ts';

const RENEW: LeaseVerdict = { kind: 'renew' };

function withhold(why: string): LeaseVerdict {
  return { kind: 'withhold', why };
}

/** Jobs during which the leader keeps its lease: each has a deadline of its own that is short enough. */
const LEADING_JOBS = new Set(['startPrimary', 'prePromote', 'promote', 'stop', 'restart', 'cutOff', 'follow']);

/** Whoever led in its stead would lack the same and copy the same. */
function isCopied(ctx: Context): boolean {
  return leadsStandby(ctx) && ctx.obs.job?.job.kind === 'clone';
}

function whileDown(ctx: Context): LeaseVerdict {
  // A release that does not get through must not keep the others waiting, nor the promises of the members this agent.
  if (ctx.obs.requests.some(({ kind }) => kind === 'shutdown')) return withhold('shut down: PostgreSQL is stopped');
  const since = ctx.mem.startingSinceMs ?? ctx.nowMs;
  if (ctx.mem.switchover !== undefined || isCopied(ctx)) return RENEW;
  if (ctx.nowMs - since <= Math.max(ctx.config.primaryStartTimeoutMs, LIMITS.giveUpMs)) return RENEW;
  // Nobody else could lead: nothing is won by letting the lease run out.
  if (!isFailoverPossible(ctx)) return RENEW;
  return withhold(`PostgreSQL is not back ${Math.round((ctx.nowMs - since) / 1000)} s after it went`);
}

/** Of no use to anybody while another member could serve: a stalled disk keeps even a kill from ending it. */
function unfitWithhold(ctx: Context, reign: number): LeaseVerdict | undefined {
  if (ctx.mem.yielding?.reign === reign) return withhold(ctx.mem.yielding.why);
  const unfit = ctx.config.paused ? undefined : unfitOf(ctx);
  if (unfit === undefined || (unfit.kind !== 'hung' && unfit.kind !== 'stalled')) return undefined;
  const [other] = betterOff(ctx, unfit);
  return other === undefined ? undefined : withhold(`${unfit.why}; ${other.name} is better off`);
}

/** Only promises carry the lead then: they are for a primary that serves, and would keep everybody from leading without end. */
function isKeyGone({ held, view, leader }: Context): boolean {
  if (held === undefined || view === undefined || view.revision < held.reign) return false;
  return leader?.reign !== held.reign;
}

function whileStandby(ctx: Context, takenMs: number): LeaseVerdict {
  if (ctx.config.standbyCluster !== undefined) return RENEW;
  const bound = Math.max(LIMITS.takeUpMs, ctx.config.primaryStartTimeoutMs);
  const sinceMs = Math.max(takenMs, ctx.mem.standbyLedMs ?? 0);
  return ctx.nowMs - sinceMs <= bound ? RENEW : withhold('not promoted in time');
}

function judge(ctx: Context): LeaseVerdict {
  if (ctx.obs.lease.kind !== 'held') return withhold('no lease is held');
  // It says whose the cluster is and fences nobody.
  if (ctx.paused) return RENEW;
  const { postgres } = ctx.obs;
  const unfit = unfitWithhold(ctx, ctx.obs.lease.reign);
  if (unfit !== undefined) return unfit;
  if (ctx.primary !== undefined) return RENEW;
  if (isKeyGone(ctx)) return withhold('the leader key is gone, and PostgreSQL does not serve');
  if (ctx.standby !== undefined) return whileStandby(ctx, ctx.obs.lease.takenMs);
  if (ctx.obs.job !== undefined && LEADING_JOBS.has(ctx.obs.job.job.kind)) return RENEW;
  if (postgres.postmaster === undefined || postgres.starting) return whileDown(ctx);
  const silentMs = ctx.nowMs - ctx.mem.answeredMs;
  if (silentMs <= ctx.config.healthTimeoutMs) return RENEW;
  return withhold(`PostgreSQL has not answered for ${Math.round(silentMs / 1000)} s`);
}

/**
 * Whether the leader lease may be renewed by what is known of the local PostgreSQL (safety.md 1), and how without the store.
 * `after` knows what the steps of this very cycle may do to /failsafe.
 */
export function leaseVerdict(ctx: Context, after: Context): LeaseVerdict {
  const verdict = judge(ctx);
  if (verdict.kind === 'withhold') return verdict;
  const failsafe = failsafeCall(after);
  const pace = isRevocable(ctx) ? { everyMs: LIMITS.revocableRenewMs } : {};
  return { ...verdict, ...pace, ...(failsafe && { failsafe }) };
}
