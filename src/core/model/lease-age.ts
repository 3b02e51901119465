import type { LeaseAge } from './leader-signs.ts';

/** The store tells the remaining time in whole seconds, rounded down. */
export const LEASE_ROUNDING_MS = 1_000;
/** Between two answers further apart a lease may have been renewed and have aged again unseen. */
const GAP_MS_MAX = 500;

export interface LeaseAnswerSeen {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly grantedMs: number;
  readonly remainingMs: number;
}

export interface LeaseAgeSeen extends LeaseAge {
  readonly answeredMs: number;
}

/**
 * What one more answer tells about the age of the last renewal. A single one is a second coarse; several in a row tell more,
 * because an age only grows, until a renewal sets it back to less than a second, which the next answer shows.
 */
export function leaseAgeAfter(before: LeaseAgeSeen | undefined, answer: LeaseAnswerSeen): LeaseAgeSeen {
  const { askedMs, answeredMs, grantedMs, remainingMs } = answer;
  const told = Math.max(0, grantedMs - remainingMs - LEASE_ROUNDING_MS);
  const isUnbroken =
    before !== undefined &&
    before.minAgeMs >= LEASE_ROUNDING_MS &&
    told > 0 &&
    askedMs - before.answeredMs <= GAP_MS_MAX;
  const grown = isUnbroken ? before.minAgeMs + Math.max(0, askedMs - before.answeredMs) : 0;
  return { askedMs, answeredMs, minAgeMs: Math.max(told, grown) };
}
