import type { Chore, Leading } from './leading.ts';
import { failsafeWanted, sameFailsafe } from './failsafe.ts';

/** A member may lead from the moment on in which it may be in the map: it is asked from then on as well. */
export function failsafeChore({ ctx, held }: Pick<Leading, 'ctx' | 'held'>): Chore | undefined {
  // Whom the promises that carry the lead do not bind must not come to lead meanwhile.
  if (ctx.view === undefined || held.carriedSinceMs !== undefined) return undefined;
  const { value: stored, revision } = ctx.view.failsafe;
  const wanted = ctx.config.failsafeMode ? failsafeWanted(ctx, ctx.view) : undefined;
  const isSettled = !ctx.obs.unsettled.has('failsafe');
  const isAsWanted = wanted === undefined ? revision === 0 : stored !== undefined && sameFailsafe(stored, wanted);
  if (isAsWanted && isSettled) return undefined;
  return {
    why: `/failsafe: ${wanted === undefined ? 'deleted' : Object.keys(wanted).join(', ')}`,
    steps: [{ kind: 'writeFailsafe', reign: held.reign, value: wanted, revision }],
    memory: { failsafe: { ...ctx.mem.failsafe, asked: { ...ctx.mem.failsafe.asked, ...wanted } } },
  };
}
