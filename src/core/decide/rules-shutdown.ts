import type { Context, Rule, Ruling } from './context.ts';
import { startJob } from './context.ts';
import { leaveSyncFirst } from './leave-sync.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';

function asked(ctx: Context): boolean {
  return ctx.obs.requests.some((request) => request.kind === 'shutdown');
}

function busy(ctx: Context): Ruling | undefined {
  const { job } = ctx.obs;
  if (!asked(ctx) || job === undefined) return undefined;
  if (job.job.kind === 'stop' || job.cancelled)
    return { why: `shutting down: waiting for ${job.job.kind}`, wakeInMs: LIMITS.paceMs };
  return {
    why: `shutting down: ${job.job.kind} is cancelled`,
    steps: [{ kind: 'cancelJob', why: 'the agent is shutting down' }],
    wakeInMs: LIMITS.paceMs,
  };
}

function leaveSync(ctx: Context): Ruling | undefined {
  if (!asked(ctx) || ctx.standby === undefined) return undefined;
  return leaveSyncFirst(ctx, 'shutting down');
}

function stop(ctx: Context): Ruling | undefined {
  if (!asked(ctx) || ctx.obs.postgres.postmaster === undefined) return undefined;
  const checkpointFirst = ctx.primary !== undefined;
  return {
    why: 'shutting down: PostgreSQL is stopped',
    steps: [
      startJob(ctx, { kind: 'stop', mode: 'fast', checkpointFirst, why: 'the agent is shutting down' }, LIMITS.stopMs),
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

function leave(ctx: Context): Ruling | undefined {
  if (!asked(ctx)) return undefined;
  const exit = { kind: 'exit', code: 0, why: 'asked to shut down' } as const;
  const put = ctx.obs.watchdog.kind === 'armed' ? [{ kind: 'disarmWatchdog' } as const] : [];
  if (ctx.held === undefined) return { why: 'shut down', steps: [...put, exit] };
  const { control } = ctx.obs.postgres.data.kind === 'cluster' ? ctx.obs.postgres.data : { control: undefined };
  const optime = control?.state === 'shut down' ? control.checkpointLsn : undefined;
  return {
    why: 'shut down: leadership is released',
    steps: [releaseStep(ctx, ctx.held.reign, optime), ...put, exit],
    events: [
      {
        kind: 'leader.released',
        text: `${ctx.me} shuts down and releases the leader key`,
        evidence: { reign: ctx.held.reign },
      },
    ],
  };
}

export const SHUTDOWN_RULES: readonly Rule[] = [
  { id: 'X10', title: 'shutting down: end the running job first', match: busy },
  { id: 'X15', title: 'shutting down: be out of /sync first', match: leaveSync },
  { id: 'X20', title: 'shutting down: stop PostgreSQL', match: stop },
  { id: 'X30', title: 'shutting down: release leadership and leave', match: leave },
];
