import type { PostmasterId } from '../core/model/local-postgres.ts';
import type { LogicalSlotWork } from '../core/model/logical-slot.ts';
import { lsnToText } from '../core/model/lsn.ts';
import type { Deadline } from './deadline.ts';
import { reasonOf } from './job-failure.ts';
import type { PostgresOptions } from './options.ts';
import { literal, SqlFailure, withConnection } from './sql-connection.ts';
import { localPlace } from './sql-places.ts';

/** Creating waits for every transaction that runs; then it is tried again. */
const TEND_MS = 60_000;
/** The WAL that the slot needs is not here, or it was invalidated. */
const BROKEN_CODES: ReadonlySet<string | undefined> = new Set(['58P01', '55000']);

/** Creates and advances logical slots beside everything else: both may take long, and nothing may wait for them. */
export class LogicalSlotTender {
  readonly #options: PostgresOptions;
  readonly #onTended: () => void;
  readonly #end = new AbortController();
  #isBusy = false;
  #server = '';
  #broken: Readonly<Record<string, string>> = {};

  constructor(options: PostgresOptions, onTended: () => void) {
    this.#options = options;
    this.#onTended = onTended;
  }

  /** Does nothing while the last work is not done. */
  tend(work: readonly LogicalSlotWork[]): void {
    if (this.#isBusy || this.#end.signal.aborted) return;
    this.#isBusy = true;
    void this.#tendAll(work).finally(() => {
      this.#isBusy = false;
      if (!this.#end.signal.aborted) this.#onTended();
    });
  }

  /** Slots that this very server could not use; one that was started anew may have been given them anew. */
  broken(postmaster: PostmasterId | undefined): Readonly<Record<string, string>> {
    const server = postmaster === undefined ? '' : `${postmaster.pid} ${postmaster.startTicks}`;
    if (server !== this.#server) this.#broken = {};
    this.#server = server;
    return this.#broken;
  }

  close(): void {
    this.#end.abort();
  }

  async #tendAll(work: readonly LogicalSlotWork[]): Promise<void> {
    const { clock } = this.#options;
    const deadline: Deadline = { clock, atMs: clock.bootMs() + TEND_MS, signal: this.#end.signal };
    for (const one of work) {
      try {
        await this.#tendOne(one, deadline);
      } catch (error) {
        this.#noteFailure(one, error);
      }
    }
  }

  async #tendOne({ name, database, plugin, to }: LogicalSlotWork, deadline: Deadline): Promise<void> {
    const place = { ...localPlace(this.#options), database };
    const text =
      to === undefined
        ? `SELECT pg_create_logical_replication_slot(${literal(name)}, ${literal(plugin)})`
        : `SELECT pg_replication_slot_advance(${literal(name)}, ${literal(lsnToText(to))})`;
    await withConnection(place, 'slots', deadline, async (connection) => {
      await connection.query('SET statement_timeout = 0', deadline);
      await connection.query(text, deadline);
    });
  }

  #noteFailure(work: LogicalSlotWork, error: unknown): void {
    if (this.#end.signal.aborted) return;
    const why = reasonOf(error);
    const isBroken = error instanceof SqlFailure && work.to !== undefined && BROKEN_CODES.has(error.code);
    if (isBroken) this.#broken = { ...this.#broken, [work.name]: why };
    const what = work.to === undefined ? 'was not created' : 'was not advanced';
    this.#options.note?.(`the logical slot ${work.name} ${what}: ${why}`);
  }
}
