import type { JobKind } from '../model/job.ts';
import type { Plan, Step } from '../model/plan.ts';
import type { Context } from './context.ts';

/** Work at whose end the server is down, or was for a while, on purpose. */
const STOPS: ReadonlySet<JobKind> = new Set(['stop', 'restart']);

function stops(step: Step): boolean {
  return step.kind === 'releaseKey' || (step.kind === 'startJob' && STOPS.has(step.job.kind));
}

/** What the heartbeat says: a stop on purpose looks like a death to everybody who streams from here. */
export function pulseOf({ obs, mem }: Context, steps: readonly Step[]): Plan['pulse'] {
  const isAsked = obs.requests.some(({ kind }) => kind === 'shutdown') || mem.switchover !== undefined;
  const isAtIt = obs.job !== undefined && STOPS.has(obs.job.job.kind);
  return isAsked || isAtIt || steps.some(stops) ? 'stopping' : 'leads';
}
