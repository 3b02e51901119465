import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lsn } from '../core/model/lsn.ts';
import { lsnFromText, maxLsn, LSN_ZERO } from '../core/model/lsn.ts';
import type { Deadline } from './deadline.ts';
import { beginOf, historyFromText, readHistory } from './history-file.ts';
import { type SqlPlace, withConnection } from './sql-connection.ts';
import type { StatusAnswer } from './status-answer.ts';
import { segmentName } from './wal-segments.ts';

/** Timeline of the last WAL record that a standby holds, and how far it reaches. */
export interface HeldWal {
  readonly timeline: number;
  readonly lsn: Lsn;
  /** False: on which timeline the received, not yet replayed end stands could not be told. */
  readonly isCertain: boolean;
}

interface Identity {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/**
 * The receiver names its timeline before it has received anything on it, pg_control lags, and a history file in pg_wal may
 * belong to somebody else's future. What can be trusted:
 * - the receiver's timeline, once what it flushed lies behind that timeline's beginning;
 * - else the server itself, asked over a replication connection: it tells the timeline of the last record *replayed*, with
 *   the position up to which WAL of that timeline is held.
 */
export class StandbyTimeline {
  readonly #dataDir: string;
  readonly #place: SqlPlace;
  readonly #begins = new Map<number, Lsn>();
  #identified: { readonly at: string; readonly identity: Identity } | undefined;

  constructor(dataDir: string, place: SqlPlace) {
    this.#dataDir = dataDir;
    this.#place = { ...place, replication: 'database' };
  }

  forget(): void {
    this.#begins.clear();
    this.#identified = undefined;
  }

  async held(answer: StatusAnswer, deadline: Deadline): Promise<HeldWal> {
    const received = answer.receivedLsn ?? LSN_ZERO;
    const end = maxLsn(received, answer.replayedLsn ?? LSN_ZERO);
    const receiving = answer.receiver?.timeline ?? 0;
    if (receiving > 0 && (await this.#hasReceivedOn(receiving, received))) {
      return { timeline: receiving, lsn: end, isCertain: true };
    }
    const { timeline, lsn } = await this.#identify(`${answer.startedAt} ${received} ${end}`, deadline);
    if (lsn >= end) return { timeline, lsn, isCertain: true };
    // Something is held beyond, on a timeline that replay has not reached.
    const next = await this.#writtenAfter(timeline, received, BigInt(answer.segmentBytes));
    return next === undefined ? { timeline, lsn, isCertain: false } : { timeline: next, lsn: end, isCertain: true };
  }

  async #hasReceivedOn(timeline: number, received: Lsn): Promise<boolean> {
    const begin = await this.#beginOf(timeline);
    return begin !== undefined && received > begin;
  }

  async #beginOf(timeline: number): Promise<Lsn | undefined> {
    if (timeline === 1) return LSN_ZERO;
    const known = this.#begins.get(timeline);
    if (known !== undefined) return known;
    const text = await readHistory(this.#dataDir, timeline);
    if (text === undefined) return undefined;
    const begin = beginOf(historyFromText(text));
    this.#begins.set(timeline, begin);
    return begin;
  }

  async #identify(at: string, deadline: Deadline): Promise<Identity> {
    if (this.#identified?.at === at) return this.#identified.identity;
    const identity = await withConnection(this.#place, 'timeline', deadline, async (connection) => {
      const row = (await connection.query('IDENTIFY_SYSTEM', deadline))[0];
      return { timeline: Number(row?.['timeline']), lsn: lsnFromText(String(row?.['xlogpos'])) ?? LSN_ZERO };
    });
    this.#identified = { at, identity };
    return identity;
  }

  /** The one timeline that continues `timeline` below `received` and of which the page before `received` was written here. */
  async #writtenAfter(timeline: number, received: Lsn, segmentBytes: bigint): Promise<number | undefined> {
    let found: number | undefined;
    for (let next = timeline + 1; ; next += 1) {
      const text = await readHistory(this.#dataDir, next);
      if (text === undefined) return found;
      const history = historyFromText(text);
      const continues = history.some((entry) => entry.timeline === timeline) && beginOf(history) < received;
      if (continues && (await hasPage(this.#dataDir, next, received, segmentBytes))) found = next;
    }
  }
}

const PAGE_BYTES = 8_192n;

/** Whether the page that ends the WAL at `end` stands in the timeline's segment; a recycled segment holds other addresses. */
async function hasPage(dataDir: string, timeline: number, end: Lsn, segmentBytes: bigint): Promise<boolean> {
  const pageAt = ((end - 1n) / PAGE_BYTES) * PAGE_BYTES;
  const file = join(dataDir, 'pg_wal', segmentName(timeline, pageAt, segmentBytes));
  try {
    const handle = await open(file, 'r');
    try {
      // XLogPageHeaderData: magic (2 bytes), info (2), timeline (4), address of the page (8).
      const { buffer } = await handle.read({ buffer: Buffer.alloc(16), position: Number(pageAt % segmentBytes) });
      return buffer.readBigUInt64LE(8) === pageAt;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}
