import type { Context } from './context.ts';

/** For certain, not only as far as is known: nobody of a server is left, or it says that it is a standby, or was started as one. */
export function surelyWritesNothing({ obs, standby, mayWrite }: Context): boolean {
  const { postmaster, health, data } = obs.postgres;
  if (postmaster === undefined) return health.leftovers === 0;
  return standby !== undefined || (!mayWrite && data.kind !== 'unreadable');
}
