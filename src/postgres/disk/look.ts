import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryFacts } from './protocol.ts';

/** What a file system puts into a fresh mount, and what may stand beside an empty cluster. */
const IGNORED = /^(\..*|lost\+found)$/;
const ENTRIES_MAX = 6;

/** What may stand there beside an empty cluster, and is not ours. */
export function isForeignEntry(name: string): boolean {
  return IGNORED.test(name);
}

/** Throws what the system says where the directory is there and cannot be read. */
export async function look(dataDir: string, stateDir: string): Promise<DirectoryFacts> {
  const entries = (await ifPresent(() => readdir(dataDir)))?.filter((name) => !isForeignEntry(name)) ?? [];
  const unfinished = await ifPresent(() => readFile(join(stateDir, 'unfinished'), 'utf8'));
  const control = await ifPresent(() => stat(join(dataDir, 'global/pg_control')));
  const pidFile = await ifPresent(() => readFile(join(dataDir, 'postmaster.pid'), 'latin1'));
  const isThere = async (name: string): Promise<boolean> =>
    (await ifPresent(() => stat(join(dataDir, name)))) !== undefined;
  return {
    entries: entries.slice(0, ENTRIES_MAX),
    hasSignal: (await isThere('standby.signal')) || (await isThere('recovery.signal')),
    hasBackupLabel: await isThere('backup_label'),
    ...(unfinished === undefined ? {} : { unfinished }),
    ...(control === undefined ? {} : { controlMs: control.mtimeMs }),
    ...(pidFile === undefined ? {} : { pidFile }),
  };
}

async function ifPresent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
}
