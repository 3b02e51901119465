import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly startTicks: number;
  /** Z or X: dead already. */
  readonly dead: boolean;
  /** undefined: not ours to see, or a zombie. */
  readonly workDir: string | undefined;
}

/** undefined: there is no such process. Reads nothing but /proc, so a stalled disk cannot hold it up. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = readProc(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === undefined) return undefined;
  // The name, in parentheses, may itself hold spaces and parentheses; field 3 stands behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = 'X'] = fields;
  return {
    pid,
    parentPid: Number(fields[1]),
    startTicks: Number(fields[19]),
    dead: state === 'Z' || state === 'X',
    workDir: readProc(() => readlinkSync(`/proc/${pid}/cwd`)),
  };
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
  return entry.workDir === dir || entry.workDir === `${dir} (deleted)`;
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
