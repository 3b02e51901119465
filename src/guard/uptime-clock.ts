import { openSync, readSync } from 'node:fs';

/** /proc/uptime is cut off to this; true boot time is at most this much later than what was read. */
export const uptimeStepMs = 10;

/**
 * Reads boot time in milliseconds: it counts while the machine sleeps, which Node's own clock does not.
 * Infinity when it cannot be read: whoever waits for a deadline then takes it as passed.
 */
export function openUptimeClock(path = '/proc/uptime'): () => number {
  const fd = openSync(path, 'r');
  const buffer = Buffer.alloc(64);
  return () => {
    try {
      const length = readSync(fd, buffer, 0, buffer.length, 0);
      const seconds = Number.parseFloat(buffer.toString('latin1', 0, length));
      return Number.isFinite(seconds) ? Math.round(seconds * 1000) : Number.POSITIVE_INFINITY;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  };
}
