// When the user's callbacks are due. Derived from what is, not from what was done: a change is told once it is seen, whoever made it.
import { changed } from '../model/changed.ts';
import type { CallbackCall, CallbackRole, CallbacksTold } from '../model/callback.ts';
import type { PostmasterId } from '../model/local-postgres.ts';
import type { Context } from './context.ts';
import { leadsStandby } from './remote.ts';

export interface CallbacksDue {
  readonly calls: readonly CallbackCall[];
  readonly told: CallbacksTold;
}

function isSame(a: PostmasterId | undefined, b: PostmasterId | undefined): boolean {
  return a?.pid === b?.pid && a?.startTicks === b?.startTicks;
}

function leads(role: CallbackRole | undefined): boolean {
  return role === 'primary' || role === 'standby_leader';
}

/** What this member is to the world; undefined while that is about to change or cannot be told. */
function roleNow(ctx: Context): CallbackRole | undefined {
  if (ctx.obs.job?.job.kind === 'bootstrap') return undefined;
  if (ctx.primary !== undefined) return ctx.held !== undefined || ctx.paused ? 'primary' : undefined;
  if (ctx.standby === undefined) return undefined;
  if (ctx.held === undefined) return 'replica';
  // A standby with the key is on its way to be promoted, but in a standby cluster.
  return leadsStandby(ctx) ? 'standby_leader' : undefined;
}

function isShuttingDown(ctx: Context): boolean {
  return ctx.obs.requests.some((request) => request.kind === 'shutdown');
}

/** A server that was told of is gone by our own doing, and not to come back at once. */
function afterStop(ctx: Context, told: CallbacksTold): CallbacksDue | undefined {
  const { ended, postgres } = ctx.obs;
  if (told.server === undefined || postgres.postmaster !== undefined) return undefined;
  const isStopped = ended?.job.kind === 'stop' && ended.outcome.kind === 'done';
  const isFenced = ctx.obs.lease.kind === 'lost';
  if (!isStopped && !isFenced) return undefined;
  const role = leads(told.role) && !isShuttingDown(ctx) ? 'demoted' : (told.role ?? 'replica');
  return { calls: [{ action: 'on_stop', role }], told: { role, server: undefined, restarting: false } };
}

/** Who led cannot any more, and no stop has said so: what follows the leader, such as an address, must let go of this member. */
function afterLoss(ctx: Context, told: CallbacksTold): CallbacksDue | undefined {
  if (!leads(told.role) || ctx.held !== undefined || ctx.paused || ctx.obs.job !== undefined) return undefined;
  if (ctx.obs.postgres.postmaster !== undefined) return undefined;
  return {
    calls: [{ action: 'on_role_change', role: 'demoted' }],
    told: { role: 'demoted', server: undefined, restarting: false },
  };
}

function afterStart(ctx: Context, told: CallbacksTold): CallbacksDue | undefined {
  const server = ctx.obs.postgres.postmaster;
  const role = roleNow(ctx);
  if (role === undefined || server === undefined) return undefined;
  const isNew = !isSame(server, told.server);
  if (!isNew && role === told.role) return undefined;
  const now: CallbacksTold = { role, server, restarting: false };
  if (told.role === undefined) return { calls: [{ action: 'on_start', role }], told: now };
  if (role !== told.role) return { calls: [{ action: 'on_role_change', role }], told: now };
  return { calls: [{ action: told.restarting ? 'on_restart' : 'on_start', role }], told: now };
}

/** A restart is under way or has just succeeded; a failed one is told of like any other end of a server. */
function isRestarting({ obs }: Context, before: boolean): boolean {
  if (obs.job?.job.kind === 'restart') return true;
  if (obs.ended?.job.kind === 'restart') return obs.ended.outcome.kind === 'done';
  return before;
}

/** The table of the contract: on_start, on_restart, on_stop and on_role_change. on_reload belongs to the reload itself. */
export function callbacksDue(ctx: Context): CallbacksDue {
  const before = ctx.mem.callbacks;
  const told = changed(before, { restarting: isRestarting(ctx, before.restarting) });
  if (told.restarting && ctx.obs.job !== undefined) return { calls: [], told };
  const due = afterStop(ctx, told) ?? afterLoss(ctx, told) ?? afterStart(ctx, told);
  if (due !== undefined) return due;
  // Between the server's end and that of the job which stopped it, it is not known yet whose doing that was.
  const isGone = ctx.obs.postgres.postmaster === undefined && ctx.obs.job?.job.kind !== 'stop';
  return { calls: [], told: isGone ? changed(told, { server: undefined }) : told };
}
