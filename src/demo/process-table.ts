// What runs on this machine, read from /proc. A process is known by its pid and the time at which it started, because
// pids are used again.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  readonly startTicks: number;
}

export interface ProcessEntry extends ProcessId {
  readonly parentPid: number;
  readonly name: string;
}

/** undefined: there is no such process, or it is dead and only waits for its parent. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = readProc(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === undefined) return undefined;
  // The name, in parentheses, may itself hold spaces and parentheses.
  const nameEnd = stat.lastIndexOf(')');
  const [state = 'X', parentPid, ...rest] = stat.slice(nameEnd + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const name = stat.slice(stat.indexOf('(') + 1, nameEnd);
  return { pid, startTicks: Number(rest[17]), parentPid: Number(parentPid), name };
}

export function readProcesses(): readonly ProcessEntry[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readProcess(Number(pid))).filter((entry) => entry !== undefined);
}

export function workDirectory(pid: number): string | undefined {
  return readProc(() => readlinkSync(`/proc/${pid}/cwd`));
}

export function argumentsOf(pid: number): readonly string[] {
  return readProc(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')) ?? [];
}

export function isAlive({ pid, startTicks }: ProcessId): boolean {
  return readProcess(pid)?.startTicks === startTicks;
}

/** Nothing happens to another process that got the same pid. */
export function signalProcess(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch {
    // Gone meanwhile.
  }
}

/** The roots and all that descends from them. */
export function withDescendants(roots: readonly ProcessEntry[], all: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const family = new Map(roots.map((entry) => [entry.pid, entry]));
  // A map hands out what is added to it while it is being walked.
  for (const parent of family.values()) {
    for (const entry of all) if (entry.parentPid === parent.pid) family.set(entry.pid, entry);
  }
  return [...family.values()];
}

function readProc<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
