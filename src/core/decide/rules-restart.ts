// Restarts that people ask for: now, or at a time. The leader restarts under its lease, and nobody else gets to lead meanwhile.
import type { Memory } from '../model/memory.ts';
import type { OperatorRequest } from '../model/observation.ts';
import type { RestartWish, ScheduledRestart } from '../model/restart.ts';
import { serverVersionFrom } from '../settings/server-version.ts';
import type { Context, EventDraft, Rule, Ruling } from './context.ts';
import { isBackground, settingsGiven, settingsWith, startJob } from './context.ts';
import { isLeavingSync, leaveSyncFirst } from './leave-sync.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { leadsStandby, remoteText } from './remote.ts';
import { leaderToStartWith, syncNamesOfReign } from './rules-down.ts';
import { betterOff } from './unfit.ts';

type RestartRequest = Extract<OperatorRequest, { kind: 'restart' }>;

function askedNow(ctx: Context): RestartRequest | undefined {
  return ctx.obs.requests.find((request): request is RestartRequest => request.kind === 'restart');
}

function answer(requestId: number, ok: boolean, text: string, memory: Partial<Memory> = {}): Ruling {
  return { why: text, steps: [{ kind: 'answer', requestId, ok, text }], memory, wakeInMs: 0 };
}

function roleNow(ctx: Context): RestartWish['role'] {
  if (ctx.primary !== undefined) return 'primary';
  return leadsStandby(ctx) ? 'standby_leader' : 'replica';
}

/** The first condition that does not hold; undefined: all do. */
function unmet(ctx: Context, wish: RestartWish): string | undefined {
  const sql = ctx.primary ?? ctx.standby;
  const role = roleNow(ctx);
  if (wish.role !== undefined && (sql === undefined || wish.role !== role)) return `it is not a ${wish.role}`;
  if (wish.postgresVersion !== undefined) {
    const below = serverVersionFrom(wish.postgresVersion) ?? 0;
    if (sql === undefined || sql.serverVersion >= below) return `its version is not below ${wish.postgresVersion}`;
  }
  return wish.restartPending === true && ctx.mem.pendingRestart === undefined ? 'no parameter waits for it' : undefined;
}

/** Whoever asked for a restart is told what came of it, whatever has become of the lock meanwhile. */
export function tellOutcome(ctx: Context): Ruling | undefined {
  const told = ctx.mem.restart;
  if (told?.outcome === undefined) return undefined;
  const { ok, text } = told.outcome;
  if (told.requestId === undefined) return { why: text, memory: { restart: undefined }, wakeInMs: 0 };
  return answer(told.requestId, ok, text, { restart: undefined });
}

function schedule(ctx: Context): Ruling | undefined {
  const request = ctx.obs.requests.find(({ kind }) => kind === 'scheduleRestart');
  if (request?.kind !== 'scheduleRestart') return undefined;
  if (ctx.config.paused) return answer(request.id, false, "Can't schedule restart in the paused state");
  if (ctx.mem.scheduledRestart !== undefined) return answer(request.id, false, 'Another restart is already scheduled');
  const { wish, at, atMs } = request;
  const serverStartedAt = (ctx.primary ?? ctx.standby)?.startedAt;
  const scheduledRestart: ScheduledRestart = { wish, at, atMs, serverStartedAt };
  return answer(request.id, true, 'Restart scheduled', { scheduledRestart });
}

function unschedule(ctx: Context): Ruling | undefined {
  const request = ctx.obs.requests.find(({ kind }) => kind === 'cancelRestart');
  if (request === undefined) return undefined;
  return ctx.mem.scheduledRestart === undefined
    ? answer(request.id, false, 'no restarts are scheduled')
    : answer(request.id, true, 'scheduled restart deleted', { scheduledRestart: undefined });
}

function objection(ctx: Context, request: RestartRequest): string | undefined {
  const { job, postgres } = ctx.obs;
  if (ctx.mem.restart !== undefined) return 'restart already in progress';
  if (job !== undefined && !isBackground(job.job)) return `${job.job.kind} already in progress`;
  if (postgres.data.kind !== 'cluster') return 'there is no PostgreSQL to restart';
  if (unmet(ctx, request.wish) !== undefined) return 'restart conditions are not satisfied';
  return postgres.postmaster !== undefined && postgres.starting ? 'postgres is still starting' : undefined;
}

function refuse(ctx: Context): Ruling | undefined {
  const request = ctx.obs.requests.filter((each): each is RestartRequest => each.kind === 'restart').at(-1);
  // The one that the running restart belongs to waits for its end.
  if (request === undefined || request.id === ctx.mem.restart?.requestId) return undefined;
  const why = objection(ctx, request);
  return why === undefined ? undefined : answer(request.id, false, why);
}

function startWithinMs(ctx: Context, wish: RestartWish): number {
  return wish.timeoutMs ?? Math.max(ctx.config.primaryStartTimeoutMs, LIMITS.takeUpMs);
}

/** The server goes down, and comes up as what it was: as primary under the lease, else as a standby. */
function begin(ctx: Context, wish: RestartWish, requestId: number | undefined): Ruling | undefined {
  const isPrimary = ctx.primary !== undefined;
  // A primary without the key is fenced, and a standby with it is promoted.
  if (isPrimary !== (ctx.held !== undefined) && !leadsStandby(ctx)) return undefined;
  if (ctx.obs.job !== undefined) {
    const why = 'restart: the running work is ended first';
    return { why, steps: [{ kind: 'cancelJob', why: 'a restart begins' }], wakeInMs: LIMITS.paceMs };
  }
  const leaving = isPrimary ? undefined : leaveSyncFirst(ctx, 'restart');
  if (leaving !== undefined) return leaving;
  const syncNames = isPrimary ? syncNamesOfReign(ctx) : undefined;
  const follow = isPrimary ? undefined : leaderToStartWith(ctx);
  const withinMs = startWithinMs(ctx, wish);
  const settings = settingsWith(ctx, syncNames);
  const job = { kind: 'restart', role: isPrimary ? 'primary' : 'standby', follow, settings } as const;
  const text = `PostgreSQL is restarted, as ${requestId === undefined ? 'scheduled' : 'asked for'}`;
  const events: readonly EventDraft[] = [{ kind: 'restart.started', text, evidence: { startWithinMs: withinMs } }];
  return {
    why: text,
    steps: [startJob(ctx, { ...job, stopWithinMs: LIMITS.stopMs, startWithinMs: withinMs }, LIMITS.stopMs + withinMs)],
    memory: {
      ...settingsGiven(ctx),
      ...(isPrimary
        ? { syncNamesSet: syncNames, syncMark: undefined }
        : { startedFollowing: follow?.member, remoteGiven: remoteText(follow) }),
      restart: { requestId, outcome: undefined },
      scheduledRestart: undefined,
      restartFailedReign: undefined,
    },
    events,
    wakeInMs: LIMITS.paceMs,
  };
}

function restartNow(ctx: Context): Ruling | undefined {
  const request = askedNow(ctx);
  return request === undefined || ctx.mem.restart !== undefined ? undefined : begin(ctx, request.wish, request.id);
}

function dropped(planned: ScheduledRestart, why: string): Ruling {
  const text = `the restart scheduled for ${planned.at} is dropped: ${why}`;
  return {
    why: text,
    memory: { scheduledRestart: undefined },
    events: [{ kind: 'restart.dropped', text }],
    wakeInMs: 0,
  };
}

function restartWhenDue(ctx: Context): Ruling | undefined {
  const planned = ctx.mem.scheduledRestart;
  const sql = ctx.primary ?? ctx.standby;
  if (planned === undefined || sql === undefined || ctx.mem.restart !== undefined) return undefined;
  const { serverStartedAt } = planned;
  if (serverStartedAt !== undefined && serverStartedAt !== sql.startedAt)
    return dropped(planned, 'PostgreSQL has been started anew since');
  const lateMs = ctx.obs.wallMs - planned.atMs;
  if (ctx.config.paused || lateMs < 0) return undefined;
  const loops = LIMITS.staleScheduleLoops + (isLeavingSync(ctx) ? LIMITS.leaveSyncLoops : 0);
  if (lateMs > loops * ctx.config.loopWaitMs) return dropped(planned, 'its time has passed');
  const why = unmet(ctx, planned.wish);
  return why === undefined ? begin(ctx, planned.wish, undefined) : dropped(planned, why);
}

/** A restart of the leader that did not come to its end in time: whoever can serve now goes before who may serve some time. */
function giveUp(ctx: Context): Ruling | undefined {
  const { held, mem, obs } = ctx;
  if (held === undefined || ctx.primary !== undefined || mem.restartFailedReign !== held.reign) return undefined;
  if (obs.job !== undefined) return undefined;
  const other = betterOff(ctx, { kind: 'hung', why: 'its restart failed' })[0]?.name;
  if (other === undefined) return undefined;
  if (obs.postgres.postmaster !== undefined) {
    const why = `PostgreSQL did not come back in time and ${other} could lead: it is stopped`;
    return {
      why,
      steps: [{ kind: 'fence', why }],
      memory: { fencingSinceMs: mem.fencingSinceMs ?? ctx.nowMs },
      wakeInMs: LIMITS.paceMs,
    };
  }
  const text = `${ctx.me} gives up leadership: PostgreSQL did not come back from a restart, and ${other} could lead`;
  return {
    why: text,
    steps: [releaseStep(ctx, held.reign, undefined)],
    memory: { standAsideUntilMs: ctx.nowMs + LIMITS.othersFirstMs },
    events: [{ kind: 'leader.released', text, evidence: { reign: held.reign } }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Milliseconds until a scheduled restart is due; undefined: none is. */
export function untilRestartMs({ mem, obs, config }: Context): number | undefined {
  const dueMs = mem.scheduledRestart?.atMs;
  return dueMs === undefined || config.paused || dueMs <= obs.wallMs ? undefined : dueMs - obs.wallMs;
}

/** Asked before work under way is waited for: who asks is answered meanwhile. */
export const RESTART_REQUEST_RULES: readonly Rule[] = [
  { id: 'T10', title: 'tell what came of a restart', match: tellOutcome },
  { id: 'T20', title: 'schedule a restart', match: schedule },
  { id: 'T30', title: 'take a scheduled restart back', match: unschedule },
  { id: 'T40', title: 'refuse a restart that cannot be done', match: refuse },
];

export const RESTART_RULES: readonly Rule[] = [
  { id: 'T50', title: 'restart PostgreSQL as asked', match: restartNow },
  { id: 'T60', title: 'restart PostgreSQL as scheduled', match: restartWhenDue },
  { id: 'T70', title: 'give up leadership after a restart that failed', match: giveUp },
];
