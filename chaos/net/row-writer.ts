import type { Client } from 'pg';
import type { Acknowledgement } from '../writer.ts';
import { lsnOf, type PlacedRow } from './async-bound.ts';
import { isStandby, LocalClient } from './local-session.ts';
import type { NetHost } from './net-host.ts';

const PACE_MS = 5;
const READ_ONLY_PACE_MS = 25;
/** Every so many rows one that was acknowledged is deleted again. */
const DELETE_EVERY = 7;

const INSERT = `insert into chaos (id, round, member) values ($1, $2, $3)
  returning pg_current_wal_insert_lsn()::text as lsn, pg_walfile_name(pg_current_wal_insert_lsn()) as segment`;

const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Inserts rows at one host for as long as it takes them, and deletes some of its own. What was not answered counts as nothing. */
export class RowWriter extends LocalClient {
  readonly acknowledged: Acknowledgement[] = [];
  /** Where each of them stood in the log, by its number. */
  readonly places = new Map<number, PlacedRow>();
  /** Rows whose deletion was acknowledged. */
  readonly deleted: Acknowledgement[] = [];
  /** Rows that were to be deleted, without an answer: there or not. */
  readonly doubtful = new Set<number>();
  readonly #round: number;
  readonly #nextId: () => number;

  constructor(host: NetHost, round: number, nextId: () => number) {
    super(host);
    this.#round = round;
    this.#nextId = nextId;
  }

  protected async work(client: Client): Promise<void> {
    if ((await isStandby(client)) !== false) {
      await pause(READ_ONLY_PACE_MS);
      return;
    }
    const id = this.#nextId();
    const values = [id, this.#round, this.host.name];
    const { rows } = await client.query<{ lsn: string; segment: string }>(INSERT, values);
    this.acknowledged.push(this.#answer(id));
    const [place] = rows;
    if (place !== undefined)
      this.places.set(id, { id, lsn: lsnOf(place.lsn), timeline: Number(`0x${place.segment.slice(0, 8)}`) });
    if (this.acknowledged.length % DELETE_EVERY === 0) await this.#delete(client);
    await pause(PACE_MS);
  }

  async #delete(client: Client): Promise<void> {
    const victim = this.acknowledged[this.acknowledged.length - Math.ceil(DELETE_EVERY / 2)];
    if (victim === undefined) return;
    this.doubtful.add(victim.id);
    await client.query('delete from chaos where id = $1', [victim.id]);
    this.doubtful.delete(victim.id);
    this.deleted.push(this.#answer(victim.id));
  }

  #answer(id: number): Acknowledgement {
    return { id, member: this.host.name, atMs: performance.now() };
  }
}
