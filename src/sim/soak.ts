import type { Options } from './options.ts';
import { Chance } from './time/chance.ts';

/** A run of a soak lasts this long, and then heals. */
const HOURS = 2;
const HOUR_MS = 3_600_000;

/**
 * Longer and calmer than a run of the checks, and of every pace: one fault every forty seconds, or one an hour. What needs
 * time to go wrong (leases of quiet hours, long outages, slow leaks of state) is looked for here.
 */
export function soakOptionsOf(options: Options): Options {
  const chance = new Chance(options.seed ^ 0x510e527f);
  return {
    ...options,
    faultEveryMs: 40_000 * 90 ** chance.next(),
    faultLengthMs: 3_000 * 100 ** chance.next(),
    thinkMs: chance.oneOf(500, 2_000, 5_000),
    faultyMs: HOURS * HOUR_MS,
  };
}
