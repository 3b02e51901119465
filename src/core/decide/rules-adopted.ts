import { type Context, isBackground, type Rule, type Ruling } from './context.ts';
import { LIMITS } from './limits.ts';

/**
 * Who carries on the reign of an earlier agent knows neither what that one last set nor what it had on its way. Until a write of
 * its own is answered, /sync may come to name somebody whom a server that is started now would not wait for.
 */
function settleSync(ctx: Context): Ruling | undefined {
  const { held, mem, obs, view } = ctx;
  if (held === undefined || view === undefined || mem.syncNamesSet !== undefined || !obs.unsettled.has('sync'))
    return undefined;
  if (ctx.leader?.reign !== held.reign || (obs.job !== undefined && !isBackground(obs.job.job))) return undefined;
  const { value, revision } = view.sync;
  if (value.leader !== ctx.me) return undefined;
  return {
    why: 'a write of /sync by an earlier agent may still land: written as it stands before anything else is done',
    steps: [{ kind: 'writeSync', reign: held.reign, value, revision }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Asked before anything is started or restarted under a lease that was adopted. */
export const ADOPTED_RULES: readonly Rule[] = [
  { id: 'P05', title: 'let no write of /sync by an earlier agent land late', match: settleSync },
];
