import { afterReading } from '../api/after-reading.ts';
import { openUptimeClock } from '../guard/uptime-clock.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';

const delayMsMax = 2_147_483_647;

/**
 * Boot time to a fraction of a millisecond. /proc/uptime is cut off to 10 ms; between its steps Node's monotonic clock, which
 * runs at the same rate but stops while the machine sleeps, carries it on. The difference of the two is only ever learnt from
 * below, so the result is never ahead of boot time.
 */
export class SystemClock implements Clock {
  readonly #uptimeMs = openUptimeClock();
  #aheadOfMonotonicMs = Number.NEGATIVE_INFINITY;

  bootMs(): number {
    const uptimeMs = this.#uptimeMs();
    const monotonicMs = performance.now();
    // Without boot time no deadline can be kept: infinity passes them all.
    if (!Number.isFinite(uptimeMs)) return uptimeMs;
    this.#aheadOfMonotonicMs = Math.max(this.#aheadOfMonotonicMs, uptimeMs - monotonicMs);
    return monotonicMs + this.#aheadOfMonotonicMs;
  }

  wallAt(): string {
    return new Date().toISOString().replace('Z', '+00:00');
  }

  after(delayMs: number, fire: () => void): CancelTimer {
    return afterReading(Math.min(Math.max(0, Math.ceil(delayMs)), delayMsMax), fire);
  }
}
