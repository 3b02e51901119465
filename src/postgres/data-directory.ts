import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { DataDirectory } from '../core/model/local-postgres.ts';
import { type ControlFile, readControlData } from './control-data.ts';
import type { Deadline } from './deadline.ts';
import { isForeignEntry } from './disk/look.ts';
import type { DirectoryFacts } from './disk/protocol.ts';
import type { PostgresOptions } from './options.ts';
import { unfinishedFrom } from './unfinished-mark.ts';
import { recordEnd } from './wal-segments.ts';
import { exists } from './write-file.ts';

const FILE_CLOCK_TICK_MS = 50;
const ENTRIES_SHOWN = 5;

/** Tells what the data directory holds. pg_controldata is asked only when pg_control was written since, for each asking costs a process. */
export class DataDirectoryReader {
  readonly #options: PostgresOptions;
  #last: { readonly writtenMs: number; readonly askedMs: number; readonly file: ControlFile | string } | undefined;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  /** `freshWithinMs`: how old an answer may be although pg_control was written since; a busy standby writes it all the time. */
  async read(facts: DirectoryFacts, binDir: string, freshWithinMs: number, deadline: Deadline): Promise<DataDirectory> {
    const { entries, unfinished, controlMs, hasSignal, hasBackupLabel } = facts;
    if (entries.length === 0) return { kind: 'empty' };
    if (unfinished !== undefined) return { kind: 'unfinished', work: unfinishedFrom(unfinished) };
    if (controlMs === undefined) return { kind: 'foreign', what: describe(this.#options.dataDir, entries) };
    const file = await this.#controlOf(controlMs, binDir, freshWithinMs, deadline);
    if (typeof file === 'string') return { kind: 'unreadable', why: file };
    return { kind: 'cluster', control: file.control, standbySignal: hasSignal, backupLabel: hasBackupLabel };
  }

  async control(binDir: string, freshWithinMs: number, deadline: Deadline): Promise<ControlFile | string> {
    const { mtimeMs } = await stat(join(this.#options.dataDir, 'global/pg_control'));
    return this.#controlOf(mtimeMs, binDir, freshWithinMs, deadline);
  }

  /** Of a server that has just ended: nobody writes it any more, so what was read now holds, however young the file is. */
  async lastControl(binDir: string, deadline: Deadline): Promise<ControlFile | string> {
    const { mtimeMs } = await stat(join(this.#options.dataDir, 'global/pg_control'));
    const file = await this.#controlOf(mtimeMs, binDir, 0, deadline);
    if (typeof file !== 'string') this.#last = { writtenMs: mtimeMs, askedMs: deadline.clock.bootMs(), file };
    return file;
  }

  async #controlOf(
    mtimeMs: number,
    binDir: string,
    freshWithinMs: number,
    deadline: Deadline,
  ): Promise<ControlFile | string> {
    const nowMs = deadline.clock.bootMs();
    const last = this.#last;
    if (last !== undefined && (last.writtenMs === mtimeMs || nowMs - last.askedMs < freshWithinMs)) return last.file;
    const file = await withCheckpointEnd(await readControlData(binDir, this.#options.dataDir, deadline), this.#options);
    // Another write within the same tick of the file system's clock would leave the same time behind.
    const isSettled = Date.now() - mtimeMs > FILE_CLOCK_TICK_MS || freshWithinMs > 0;
    this.#last = typeof file === 'string' || !isSettled ? undefined : { writtenMs: mtimeMs, askedMs: nowMs, file };
    return file;
  }
}

/** Only a clean shutdown of a primary has a last record to find the end of. */
async function withCheckpointEnd(
  file: ControlFile | string,
  { dataDir }: PostgresOptions,
): Promise<ControlFile | string> {
  if (typeof file === 'string' || file.control.state !== 'shut down') return file;
  const { checkpointTimeline, checkpointLsn } = file.control;
  const checkpointEndLsn = await recordEnd(join(dataDir, 'pg_wal'), checkpointTimeline, checkpointLsn);
  return { ...file, control: { ...file.control, checkpointEndLsn } };
}

export async function isEmptyDirectory(path: string): Promise<boolean> {
  if (!(await exists(path))) return true;
  return (await readdir(path)).every((name) => isForeignEntry(name));
}

/** The major version that the directory was made by. */
export async function directoryVersion(dataDir: string): Promise<number | undefined> {
  try {
    return Math.trunc(Number.parseFloat(await readFile(join(dataDir, 'PG_VERSION'), 'utf8')));
  } catch {
    return undefined;
  }
}

function describe(dataDir: string, entries: readonly string[]): string {
  const some = entries.slice(0, ENTRIES_SHOWN).join(', ');
  const more = entries.length > ENTRIES_SHOWN ? ' and more' : '';
  return `${dataDir} holds ${some}${more}, yet no cluster of PostgreSQL; empty it or name another directory`;
}
