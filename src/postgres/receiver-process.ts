import type { PostmasterId } from '../core/model/local-postgres.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import { allProcesses, isAlive, isRunning, title } from './process-table.ts';

/**
 * Receivers of the postmaster, be they connecting, streaming or waiting. pg_stat_wal_receiver hides one that is still
 * connecting, which streams as soon as a frozen upstream thaws.
 */
export function receiverProcesses(postmaster: PostmasterId): readonly PostmasterId[] {
  return allProcesses().filter(
    (found) => found.parentPid === postmaster.pid && isRunning(found) && isReceiverTitle(title(found.pid)),
  );
}

/** Reads `postgres: walreceiver …`, with the cluster's name before it where there is one. */
export function isReceiverTitle(text: string): boolean {
  return /^postgres: (?:.*: )?walreceiver(?: +(?:idle|restarting|streaming|waiting).*)?$/.test(text);
}

const WATCH_EVERY_MS = 50;

/** Remembers the receiver, because looking for one costs a reading of the whole process table, and tells when it ends. */
export class ReceiverWatch {
  readonly #clock: Clock;
  readonly #onEnded: () => void;
  #known: PostmasterId | undefined;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, onEnded: () => void) {
    this.#clock = clock;
    this.#onEnded = onEnded;
  }

  isRunning(postmaster: PostmasterId): boolean {
    if (this.#known === undefined || !isAlive(this.#known)) this.#known = receiverProcesses(postmaster)[0];
    if (this.#known !== undefined && this.#cancelTimer === undefined) this.#watch();
    return this.#known !== undefined;
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #watch(): void {
    this.#cancelTimer = this.#clock.after(WATCH_EVERY_MS, () => {
      this.#cancelTimer = undefined;
      if (this.#known !== undefined && isAlive(this.#known)) {
        this.#watch();
        return;
      }
      this.#known = undefined;
      this.#onEnded();
    });
  }
}
