import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PostmasterId } from '../core/model/local-postgres.ts';
import { executable, isRunning, readProcess, sharesMounts, workingDirectory } from './process-table.ts';

/**
 * The live postmaster of a data directory, or undefined. A pid file may be stale and its number taken by somebody else,
 * so the process must be PostgreSQL's and work in this very directory.
 */
export function findPostmaster(dataDir: string): PostmasterId | undefined {
  const pid = pidFromFile(dataDir);
  const found = pid === undefined ? undefined : readProcess(pid);
  if (found === undefined || !isRunning(found) || !worksIn(found.pid, dataDir)) return undefined;
  return { pid: found.pid, startTicks: found.startTicks };
}

/** The number in postmaster.pid, whoever has it now. A server in single-user mode writes it negative. */
export function pidFromFile(dataDir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(dataDir, 'postmaster.pid'), 'latin1'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One of PostgreSQL's own processes at work in that very directory: not the shell of somebody who is looking around there, and
 * not a server in a container whose directory only has the same name.
 */
export function worksIn(pid: number, dataDir: string): boolean {
  if (!basename(executable(pid) ?? '').startsWith('postgres')) return false;
  if (isSameFile(`/proc/${pid}/cwd`, dataDir)) return true;
  return workingDirectory(pid) === `${dataDir} (deleted)` && sharesMounts(pid);
}

function isSameFile(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false;
  }
}

export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
