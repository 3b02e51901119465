import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataDirectory } from '../core/model/local-postgres.ts';
import { type ControlFile, readControlData } from './control-data.ts';
import type { Deadline } from './deadline.ts';
import { reasonOf } from './job-failure.ts';
import type { PostgresOptions } from './options.ts';
import { unfinishedWork } from './unfinished-mark.ts';
import { recordEnd } from './wal-segments.ts';
import { exists } from './write-file.ts';

/** What a file system puts into a fresh mount, and what may stand beside an empty cluster. */
const IGNORED = /^(\..*|lost\+found)$/;

const FILE_CLOCK_TICK_MS = 50;

/** Tells what the data directory holds. pg_controldata is asked only when pg_control was written since, for each asking costs a process. */
export class DataDirectoryReader {
  readonly #options: PostgresOptions;
  #last: { readonly writtenMs: number; readonly askedMs: number; readonly file: ControlFile | string } | undefined;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  /** `freshWithinMs`: how old an answer may be although pg_control was written since; a busy standby writes it all the time. */
  async read(binDir: string | undefined, freshWithinMs: number, deadline: Deadline): Promise<DataDirectory> {
    try {
      const { dataDir } = this.#options;
      const entries = await entriesOf(dataDir);
      if (entries.length === 0) return { kind: 'empty' };
      const work = await unfinishedWork(this.#options);
      if (work !== undefined) return { kind: 'unfinished', work };
      if (!(await exists(join(dataDir, 'global/pg_control'))))
        return { kind: 'foreign', what: describe(dataDir, entries) };
      if (binDir === undefined) return { kind: 'unreadable', why: 'pg_controldata was not found' };
      const file = await this.control(binDir, freshWithinMs, deadline);
      if (typeof file === 'string') return { kind: 'unreadable', why: file };
      const backupLabel = await exists(join(dataDir, 'backup_label'));
      return { kind: 'cluster', control: file.control, standbySignal: await hasSignal(dataDir), backupLabel };
    } catch (error) {
      return { kind: 'unreadable', why: reasonOf(error) };
    }
  }

  async control(binDir: string, freshWithinMs: number, deadline: Deadline): Promise<ControlFile | string> {
    const { mtimeMs } = await stat(join(this.#options.dataDir, 'global/pg_control'));
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

/** What may stand there beside an empty cluster, and is not ours. */
export function isForeignEntry(name: string): boolean {
  return IGNORED.test(name);
}

export async function isEmptyDirectory(path: string): Promise<boolean> {
  return (await entriesOf(path)).length === 0;
}

/** The major version that the directory was made by. */
export async function directoryVersion(dataDir: string): Promise<number | undefined> {
  try {
    return Math.trunc(Number.parseFloat(await readFile(join(dataDir, 'PG_VERSION'), 'utf8')));
  } catch {
    return undefined;
  }
}

async function hasSignal(dataDir: string): Promise<boolean> {
  return (await exists(join(dataDir, 'standby.signal'))) || (await exists(join(dataDir, 'recovery.signal')));
}

async function entriesOf(path: string): Promise<readonly string[]> {
  if (!(await exists(path))) return [];
  return (await readdir(path)).filter((name) => !isForeignEntry(name));
}

function describe(dataDir: string, entries: readonly string[]): string {
  const some = entries.slice(0, 5).join(', ');
  return `${dataDir} holds ${some}${entries.length > 5 ? ' and more' : ''}, yet no cluster of PostgreSQL; empty it or name another directory`;
}
