import type { LeadSituation, ModeSituation, ServerSituation, Situation } from '../model/situation.ts';
import type { Context } from './context.ts';

function serverSituation({ obs, primary, standby }: Context): ServerSituation {
  const { data, postmaster, starting } = obs.postgres;
  if (primary !== undefined) return 'primary';
  if (standby !== undefined) return 'standby';
  if (postmaster !== undefined) return starting ? 'starting' : 'silent';
  return data.kind === 'cluster' ? 'down' : data.kind;
}

function leadSituation({ held, view, leader, me }: Context): LeadSituation {
  if (held !== undefined) return 'held';
  if (view === undefined) return 'unknown';
  if (leader === undefined) return 'nobody';
  return leader.name === me ? 'named' : 'other';
}

function modeSituation({ paused, config }: Context): ModeSituation {
  if (paused) return 'paused';
  return config.standbyCluster === undefined ? 'automatic' : 'standby cluster';
}

/** The cell of the table of decisions that an observation falls into. */
export function situationOf(ctx: Context): Situation {
  return { mode: modeSituation(ctx), server: serverSituation(ctx), lead: leadSituation(ctx) };
}
