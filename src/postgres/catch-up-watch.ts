import type { PostmasterId, SqlStatus } from '../core/model/local-postgres.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import { deadlineIn } from './deadline.ts';
import type { StatusReader } from './status-reader.ts';

const LOOK_EVERY_MS = 200;
const ANSWER_MS = 1_000;
const BEHIND = `SELECT count(*)::text AS behind FROM pg_stat_replication WHERE state IN ('startup', 'catchup')`;

/** Tells when a standby that was catching up streams. The server itself tells nobody, so it is asked while there is one. */
export class CatchUpWatch {
  readonly #clock: Clock;
  readonly #reader: StatusReader;
  readonly #onCaughtUp: () => void;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, reader: StatusReader, onCaughtUp: () => void) {
    this.#clock = clock;
    this.#reader = reader;
    this.#onCaughtUp = onCaughtUp;
  }

  consider(postmaster: PostmasterId, status: SqlStatus): void {
    const behind = status.senders.filter(({ state }) => state === 'startup' || state === 'catchup').length;
    if (behind > 0 && this.#cancelTimer === undefined) this.#lookLater(postmaster, behind);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #lookLater(postmaster: PostmasterId, before: number): void {
    this.#cancelTimer = this.#clock.after(LOOK_EVERY_MS, () => {
      void this.#look(postmaster, before);
    });
  }

  async #look(postmaster: PostmasterId, before: number): Promise<void> {
    const behind = await this.#countBehind(postmaster);
    if (this.#cancelTimer === undefined) return; // Closed meanwhile.
    this.#cancelTimer = undefined;
    if (behind !== undefined && behind > 0) this.#lookLater(postmaster, behind);
    if (behind !== undefined && behind < before) this.#onCaughtUp();
  }

  async #countBehind(postmaster: PostmasterId): Promise<number | undefined> {
    try {
      const deadline = deadlineIn(this.#clock, ANSWER_MS);
      const connection = await this.#reader.connected(postmaster, deadline);
      return Number(await connection.value(BEHIND, 'behind', deadline));
    } catch {
      return undefined; // The next observation finds out more.
    }
  }
}
