import { closeSync, openSync, readSync, readdirSync, readlinkSync, statSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly startTicks: number;
  /** Z or X: dead already. */
  readonly dead: boolean;
}

/** One for all: a buffer of its own for each file of /proc costs 64 KiB a process, and the guard is to stay small. */
const statBytes = Buffer.alloc(1_024);

/** undefined: there is no such process. Reads nothing but /proc, so a stalled disk cannot hold it up. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = readProc(() => readStat(pid));
  if (stat === undefined) return undefined;
  // The name, in parentheses, may itself hold spaces and parentheses; field 3 stands behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = 'X'] = fields;
  return {
    pid,
    parentPid: Number(fields[1]),
    startTicks: Number(fields[19]),
    dead: state === 'Z' || state === 'X',
  };
}

function readStat(pid: number): string {
  const fd = openSync(`/proc/${pid}/stat`, 'r');
  try {
    return statBytes.toString('latin1', 0, readSync(fd, statBytes, 0, statBytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

export function readProcesses(): readonly ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readProcess(Number(pid))).filter((entry) => entry !== undefined);
}

/**
 * Whether the process is one of PostgreSQL's at work in that directory: not the shell of somebody who looks around there. Where
 * it has mounts of its own, an equal path may be another directory, and another path the same one.
 */
export function isServerIn(entry: ProcessEntry, dir: string): boolean {
  const program = readProc(() => readlinkSync(`/proc/${entry.pid}/exe`));
  if (program !== undefined && !/\/postgres[^/]*$/.test(program)) return false;
  const mounts = readProc(() => readlinkSync(`/proc/${entry.pid}/ns/mnt`));
  if (mounts !== undefined && mounts !== ownMounts()) return isSameDirectory(`/proc/${entry.pid}/cwd`, dir);
  // undefined: not ours to see, or a zombie.
  const workDir = readProc(() => readlinkSync(`/proc/${entry.pid}/cwd`));
  return workDir === dir || workDir === `${dir} (deleted)`;
}

function ownMounts(): string | undefined {
  return readProc(() => readlinkSync('/proc/self/ns/mnt'));
}

function isSameDirectory(path: string, dir: string): boolean {
  const [a, b] = [path, dir].map((name) => readProc(() => statSync(name)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function readProc<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
