import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerTrouble, ServerTroubleKind } from '../core/model/healing.ts';
import type { PostgresOptions } from './options.ts';

/** Of what was written since the last look, so much of its end is read. */
const READ_BYTES_MAX = 65_536;
const TEXT_MAX = 300;

/** In the order in which they are asked: what names its cause goes before what only names what failed. */
const SIGNS: readonly (readonly [ServerTroubleKind, RegExp])[] = [
  ['walRemoved', /requested WAL segment \S+ has already been removed|can no longer get changes from replication slot/],
  ['walRemoved', /cannot read from (?:physical )?replication slot|this slot has been invalidated/],
  ['diverged', /new timeline \d+ forked off current database system timeline \d+ before current recovery point/],
  ['diverged', /requested timeline \d+ is not a child of this server's history/],
  ['diverged', /highest timeline \d+ of the primary is behind recovery timeline/],
  ['diverged', /requested starting point .* is not in this server's history/],
  ['ahead', /is ahead of the WAL flush position of this server/],
  ['foreign', /database system identifier differs between/],
  ['credentials', /password authentication failed|no password supplied|no pg_hba\.conf entry/],
  ['credentials', /could not connect to the primary server.*role ".*" does not exist/],
  ['credentials', /must be superuser or replication role|permission denied to start WAL sender/],
  ['slotMissing', /replication slot ".*" does not exist/],
  ['slotBusy', /replication slot ".*" is active for PID/],
  ['unreachable', /could not connect to the primary server/],
  ['broken', /could not locate a valid checkpoint record|invalid primary checkpoint record/],
  ['broken', /WAL ends before (?:consistent recovery point|end of online backup)/],
  [
    'settings',
    /configuration file ".*" contains errors|unrecognized configuration parameter|invalid value for parameter/,
  ],
  ['settings', /recovery aborted because of insufficient parameter settings|insufficient parameter settings/],
];

/** What a line of the server's log says about why it does not follow or come up; undefined: nothing of that kind. */
export function troubleFromLine(line: string): ServerTrouble | undefined {
  const match = /^.*?\b(?:LOG|FATAL|ERROR|PANIC|WARNING|DETAIL):\s+(.*)$/.exec(line);
  const text = (match?.[1] ?? '').trim();
  if (text === '') return undefined;
  const kind = SIGNS.find(([, pattern]) => pattern.test(text))?.[0];
  return kind === undefined ? undefined : { kind, text: text.slice(0, TEXT_MAX) };
}

/** Follows the end of the server's log while something is wrong. What was there before the first look is another story. */
export class TroubleReader {
  readonly #path: string;
  #offset: number | undefined;
  #last: ServerTrouble | undefined;

  constructor({ stateDir }: PostgresOptions) {
    this.#path = join(stateDir, 'postgres.log');
  }

  /** What it last said. */
  async look(): Promise<ServerTrouble | undefined> {
    const size = await this.#size();
    const from = this.#offset ?? size;
    this.#offset = size;
    if (from === size) return this.#last;
    // Shorter than before: another file took its place.
    const text = await this.#read(from > size ? 0 : from, size);
    const found = text.split('\n').map(troubleFromLine);
    this.#last = found.findLast((trouble) => trouble !== undefined) ?? this.#last;
    return this.#last;
  }

  /** All is well: what it said counts no more. */
  async forget(): Promise<void> {
    this.#last = undefined;
    this.#offset = await this.#size();
  }

  async #size(): Promise<number> {
    return stat(this.#path).then(
      (found) => found.size,
      () => 0,
    );
  }

  async #read(from: number, to: number): Promise<string> {
    const begin = Math.max(from, to - READ_BYTES_MAX);
    try {
      const file = await open(this.#path, 'r');
      try {
        const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(to - begin), position: begin });
        return buffer.toString('utf8', 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch {
      return '';
    }
  }
}
