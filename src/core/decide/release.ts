import type { MemberData } from '../model/cluster.ts';
import type { Lsn } from '../model/lsn.ts';
import type { Step } from '../model/plan.ts';
import type { Context } from './context.ts';
import { memberDataNow } from './member-data.ts';

/** What the member key says with a release: nothing here accepts writes. */
function steppedDown(ctx: Context): MemberData {
  const { checkpointAfterPromote: _, ...data } = memberDataNow(ctx);
  return {
    ...data,
    role: ctx.standby === undefined ? 'demoted' : 'replica',
    state: ctx.standby === undefined ? 'stopped' : 'running',
  };
}

export function releaseStep(ctx: Context, reign: number, optime: Lsn | undefined): Step {
  const { data } = ctx.obs.postgres;
  const isClean = data.kind === 'cluster' && data.control.state === 'shut down';
  const timeline = isClean ? data.control.checkpointTimeline : undefined;
  return { kind: 'releaseKey', reign, optime, timeline, member: steppedDown(ctx) };
}
