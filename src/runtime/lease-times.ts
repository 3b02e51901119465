/** Time it takes from the decision to kill until no process of PostgreSQL works. */
const KILL_MS = 200;

/** Two time daemons may each slew their clock by a twelfth. */
const CLOCK_ERROR = 1 / 6;

/**
 * Boot-clock time past which PostgreSQL must not accept a write under this lease: counted from the sending of the request that
 * granted or renewed it, and early by what clocks may err and a kill takes.
 */
export function deadlineMs(sentAtMs: number, ttlMs: number): number {
  return sentAtMs + ttlMs - ttlMs * CLOCK_ERROR - KILL_MS;
}

export interface RenewalPace {
  /** From the sending of one renewal to the next. */
  readonly intervalMs: number;
  /** For each of a renewal's two requests, so that two tries fit before the deadline. */
  readonly requestMs: number;
  /** Between a failed try and the next. */
  readonly pauseMs: number;
  /** A verdict older than this says that the loop hangs. */
  readonly verdictAgeMaxMs: number;
}

export function renewalPace(ttlMs: number): RenewalPace {
  return { intervalMs: ttlMs / 3, requestMs: ttlMs / 6, pauseMs: ttlMs / 30, verdictAgeMaxMs: (ttlMs * 2) / 3 };
}
