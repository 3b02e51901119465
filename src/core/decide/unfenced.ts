import type { Context } from './context.ts';
import { LIMITS } from './limits.ts';

/** How many processes of PostgreSQL have outlived SIGKILL: in state D no signal is taken before the disk answers. 0: none. */
export function unfencedCount({ obs, mem, nowMs }: Pick<Context, 'obs' | 'mem' | 'nowMs'>): number {
  const { guard, postgres } = obs;
  const { leftovers } = postgres.health;
  const fired = guard.kind === 'fired' ? guard.left : 0;
  const killedMs = mem.fencingSinceMs === undefined ? 0 : nowMs - mem.fencingSinceMs;
  if (killedMs <= LIMITS.killedByMs) return fired;
  return Math.max(fired, leftovers, postgres.postmaster === undefined ? 0 : 1);
}
