import type { PostmasterId } from '../core/model/local-postgres.ts';
import type { Clock } from '../ports/clock.ts';
import { childrenOf, isAlive, title } from './process-table.ts';
import { ProcessWatch } from './process-watch.ts';

/**
 * Receivers of the postmaster, be they connecting, streaming or waiting. pg_stat_wal_receiver hides one that is still
 * connecting, which streams as soon as a frozen upstream thaws.
 */
export function receiverProcesses(postmaster: PostmasterId): readonly PostmasterId[] {
  return childrenOf(postmaster).filter(({ pid }) => isReceiverTitle(title(pid)));
}

/** Children of which nothing tells yet, or any more, what they are: just forked, or about to be gone. */
export function namelessChildren(postmaster: PostmasterId): readonly PostmasterId[] {
  return childrenOf(postmaster).filter(({ pid }) => !title(pid).startsWith('postgres: '));
}

/** Reads `postgres: walreceiver …`, with the cluster's name before it where there is one. */
export function isReceiverTitle(text: string): boolean {
  return /^postgres: (?:.*: )?walreceiver(?: +(?:idle|restarting|streaming|waiting).*)?$/.test(text);
}

const WATCH_EVERY_MS = 50;

/** Remembers the receiver, because looking for one costs a reading of the whole process table, and tells when it ends. */
export class ReceiverWatch {
  readonly #watch: ProcessWatch;
  #known: PostmasterId | undefined;

  constructor(clock: Clock, onEnded: () => void) {
    this.#watch = new ProcessWatch(clock, WATCH_EVERY_MS, () => {
      this.#known = undefined;
      onEnded();
    });
  }

  isRunning(postmaster: PostmasterId): boolean {
    if (this.#known !== undefined && isAlive(this.#known)) return true;
    const found = receiverProcesses(postmaster)[0];
    if (found !== undefined) this.#watch.watch(found);
    this.#known = found;
    return found !== undefined;
  }

  close(): void {
    this.#watch.close();
  }
}
