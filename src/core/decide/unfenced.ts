import type { Observation } from '../model/observation.ts';
import type { Context } from './context.ts';
import { LIMITS } from './limits.ts';

/** How many the guard has sent SIGKILL to and still sees. In its first look these are all that it has just killed. */
export function guardKills({ guard }: Observation): number {
  return guard.kind === 'fired' ? guard.left : 0;
}

/** How many processes of PostgreSQL have outlived SIGKILL: in state D no signal is taken before the disk answers. 0: none. */
export function unfencedCount({ obs, mem, nowMs }: Pick<Context, 'obs' | 'mem' | 'nowMs'>): number {
  const { postgres } = obs;
  const isOverdue = (sinceMs: number | undefined): boolean =>
    sinceMs !== undefined && nowMs - sinceMs > LIMITS.killedByMs;
  const byGuard = isOverdue(mem.guardKillsSinceMs) ? guardKills(obs) : 0;
  if (!isOverdue(mem.fencingSinceMs)) return byGuard;
  return Math.max(byGuard, guardKills(obs), postgres.health.leftovers, postgres.postmaster === undefined ? 0 : 1);
}
