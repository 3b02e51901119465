import { closeSync, openSync, readSync } from 'node:fs';
import type { PostmasterId } from '../core/model/local-postgres.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import { isRunning, processStatFromText } from './process-table.ts';

const STAT_BYTES = 512;

/**
 * Tells once that a process has ended which is not our child. Its file in /proc is kept open: reading that costs one call, and
 * never shows another process that got the number.
 */
export class ProcessWatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #onEnded: () => void;
  readonly #buffer = Buffer.alloc(STAT_BYTES);
  #file: number | undefined;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, everyMs: number, onEnded: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#onEnded = onEnded;
  }

  /** From now on this one, whatever was watched before. */
  watch(target: PostmasterId): void {
    this.close();
    try {
      this.#file = openSync(`/proc/${target.pid}/stat`, 'r');
    } catch {
      // Gone already; the first look tells.
    }
    this.#lookLater(target);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #lookLater(target: PostmasterId): void {
    this.#cancelTimer = this.#clock.after(this.#everyMs, () => {
      if (this.#runs(target)) {
        this.#lookLater(target);
        return;
      }
      this.close();
      this.#onEnded();
    });
  }

  #runs(target: PostmasterId): boolean {
    if (this.#file === undefined) return false;
    try {
      const bytes = readSync(this.#file, this.#buffer, 0, STAT_BYTES, 0);
      const found = processStatFromText(this.#buffer.toString('latin1', 0, bytes));
      return found !== undefined && found.startTicks === target.startTicks && isRunning(found);
    } catch {
      return false; // ESRCH: it has been waited for.
    }
  }
}
