import type { FailoverRequest } from '../model/cluster.ts';
import { epochMsOf } from '../model/timestamp.ts';
import type { Context } from './context.ts';
import { LIMITS } from './limits.ts';

/** Whether it is time for what a request asks. */
export function dueOf(ctx: Context, request: FailoverRequest): 'now' | 'later' | 'stale' {
  if (request.scheduledAt === undefined) return 'now';
  // Neither begun nor thrown away: it is looked at again after the pause.
  if (ctx.paused) return 'later';
  const atMs = epochMsOf(request.scheduledAt);
  if (atMs === undefined) return 'stale';
  if (atMs > ctx.obs.wallMs) return 'later';
  // Begun in time, it is not judged again while the checkpoint before the stop runs.
  if (ctx.held !== undefined && ctx.mem.checkpointedFor?.revision === ctx.view?.failover.revision) return 'now';
  return ctx.obs.wallMs - atMs > LIMITS.staleScheduleLoops * ctx.config.loopWaitMs ? 'stale' : 'now';
}
