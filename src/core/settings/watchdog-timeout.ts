export interface WatchdogTimings {
  readonly ttlMs: number;
  /** Of the lease held, else as configured. */
  readonly leaderTtlMs: number;
  /** `watchdog.safety_margin`; -1: half of `ttl`. */
  readonly safetyMarginS: number;
}

/** Between the deadline of the lease and the reset: time to kill PostgreSQL and to put the device away. */
export const RESET_AFTER_DEADLINE_MS = 700;

/** Boot-clock time at which a machine with this lease must be reset if nobody has killed PostgreSQL: no clock error outlasts it. */
export function resetByMs(sentAtMs: number, leaderTtlMs: number): number {
  return sentAtMs + (leaderTtlMs * 5) / 6;
}

/**
 * Timeout for the device in whole seconds: the contract's, but short enough that a keepalive after a renewal never outlasts the
 * leader lease, which is much shorter than `ttl`.
 */
export function watchdogTimeout({
  ttlMs,
  leaderTtlMs,
  safetyMarginS,
}: WatchdogTimings):
  { readonly kind: 'fits'; readonly timeoutS: number } | { readonly kind: 'unfit'; readonly why: string } {
  const wantedS = safetyMarginS === -1 ? Math.floor(ttlMs / 2000) : Math.floor(ttlMs / 1000) - safetyMarginS;
  const timeoutS = Math.min(wantedS, Math.floor((leaderTtlMs * 2) / 3000));
  if (wantedS < 1)
    return { kind: 'unfit', why: `safety_margin ${safetyMarginS} s leaves nothing of ttl ${ttlMs / 1000} s` };
  // One renewal must fit between two of them and the deadline.
  const leftMs = resetByMs(0, leaderTtlMs) - RESET_AFTER_DEADLINE_MS - leaderTtlMs / 3;
  if (leftMs >= leaderTtlMs / 6 && timeoutS >= 1) return { kind: 'fits', timeoutS };
  return { kind: 'unfit', why: `a leader_ttl of ${leaderTtlMs / 1000} s is too short for a watchdog; 3 s is enough` };
}
