import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { PostmasterId } from '../core/model/local-postgres.ts';
import {
  allProcesses,
  executable,
  isRunning,
  readProcess,
  sharesMounts,
  title,
  workingDirectory,
} from './process-table.ts';

/**
 * The live postmaster that a pid file names, or undefined. The file may be stale and its number taken by somebody else, so the
 * process must be PostgreSQL's and work in this very directory.
 */
export function livePostmaster(pid: number | undefined, dataDir: string): PostmasterId | undefined {
  const found = pid === undefined ? undefined : readProcess(pid);
  if (found === undefined || !isRunning(found) || !worksIn(found.pid, dataDir)) return undefined;
  return { pid: found.pid, startTicks: found.startTicks };
}

/** PostgreSQL titles its children; a server in single-user mode, or making a cluster, is no postmaster. */
const NO_POSTMASTER = /^postgres: | --(single|boot|check)\b/;

/** The postmaster as the process table alone tells it, for as long as nobody could read the pid file. */
export function postmasterAtWork(dataDir: string): PostmasterId | undefined {
  const servers = allProcesses().filter((found) => isRunning(found) && worksIn(found.pid, dataDir));
  const pids = new Set(servers.map(({ pid }) => pid));
  const found = servers.find(({ pid, parentPid }) => !pids.has(parentPid) && !NO_POSTMASTER.test(title(pid)));
  return found === undefined ? undefined : { pid: found.pid, startTicks: found.startTicks };
}

/** The number in postmaster.pid, whoever has it now. A server in single-user mode writes it negative. */
export function pidFrom(pidFile: string | undefined): number | undefined {
  const pid = Number.parseInt(pidFile ?? '', 10);
  return pid > 0 ? pid : undefined;
}

/**
 * One of PostgreSQL's own processes at work in that very directory: not the shell of somebody who is looking around there, and
 * not a server in a container whose directory only has the same name. `dataDir` is a path without links: what the kernel says
 * of a working directory is compared with it, because asking the directory itself would wait for a disk that does not answer.
 */
export function worksIn(pid: number, dataDir: string): boolean {
  if (!basename(executable(pid) ?? '').startsWith('postgres')) return false;
  if (!sharesMounts(pid)) return isSameFile(`/proc/${pid}/cwd`, dataDir);
  const found = workingDirectory(pid);
  return found === dataDir || found === `${dataDir} (deleted)`;
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
