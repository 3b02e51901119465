import type { Client } from 'pg';
import { isStandby, LocalClient } from './local-session.ts';
import type { ListTransaction } from './list-check.ts';
import type { NetHost } from './net-host.ts';

const PACE_MS = 40;
export const LISTS = 3;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Appends numbers to lists that the others append to as well, and reads another list in the same transaction. */
export class ListWriter extends LocalClient {
  readonly committed: ListTransaction[] = [];
  readonly #keys: readonly number[];
  readonly #nextId: () => number;

  /** `keys`: which lists. */
  constructor(host: NetHost, keys: readonly number[], nextId: () => number) {
    super(host);
    this.#keys = keys;
    this.#nextId = nextId;
  }

  protected async work(client: Client): Promise<void> {
    await pause(PACE_MS);
    if ((await isStandby(client)) !== false) return;
    const item = this.#nextId();
    const key = this.#keys[item % this.#keys.length] ?? 0;
    const other = this.#keys[(item + 1) % this.#keys.length] ?? 0;
    const sentMs = performance.now();
    await client.query('begin');
    const appended = await client.query<{ items: number[] }>(
      'update lists set items = items || $2::int where key = $1 returning items',
      [key, item],
    );
    const read = await client.query<{ items: number[] }>('select items from lists where key = $1', [other]);
    const { command } = await client.query('commit');
    // A transaction that failed is answered by a rollback.
    if (command !== 'COMMIT') return;
    this.committed.push({
      sentMs,
      answeredMs: performance.now(),
      member: this.host.name,
      key,
      item,
      reads: [
        { key, items: appended.rows[0]?.items ?? [] },
        { key: other, items: read.rows[0]?.items ?? [] },
      ],
    });
  }
}
