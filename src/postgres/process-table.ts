/** What /proc tells about processes. Reading it never blocks, so it is read at once. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { PostmasterId } from '../core/model/local-postgres.ts';

export interface ProcessStat extends PostmasterId {
  readonly parentPid: number;
  /** One letter; Z: dead, though nobody has taken note of it yet. */
  readonly state: string;
}

/** Far more than the line takes. */
const STAT = Buffer.alloc(1_024);

/** Undefined: there is no such process. In three calls: the whole table is read while a failover waits for it. */
export function readProcess(pid: number): ProcessStat | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/stat`, 'r');
    return processStatFromText(STAT.toString('latin1', 0, readSync(file, STAT, 0, STAT.length, 0)));
  } catch {
    return undefined; // It ended meanwhile.
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Reads a line of /proc/PID/stat. The name in parentheses may hold anything, parentheses too. */
export function processStatFromText(text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const [state, parentPid, ...rest] = text.slice(nameEnd + 2).split(' ');
  const startTicks = Number(rest[17]);
  if (nameEnd < 0 || state === undefined || !Number.isInteger(pid) || !Number.isFinite(startTicks)) return undefined;
  return { pid, startTicks, state, parentPid: Number(parentPid) };
}

export function allProcesses(): readonly ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((found) => found !== undefined);
}

export function isSameProcess(one: PostmasterId | undefined, other: PostmasterId | undefined): boolean {
  return one?.pid === other?.pid && one?.startTicks === other?.startTicks;
}

/** Those that live. */
export function childrenOf(parent: PostmasterId): readonly ProcessStat[] {
  return allProcesses().filter((found) => found.parentPid === parent.pid && isRunning(found));
}

/** Time that it has had a processor for, in ticks of some 10 ms. */
export function cpuTicks(pid: number): number | undefined {
  const text = readProc(`${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : Number(fields[11]) + Number(fields[12]);
}

/** The very same process, not another that got its number; a zombie is dead. */
export function isAlive(id: PostmasterId): boolean {
  const found = readProcess(id.pid);
  return found !== undefined && isSameProcess(found, id) && isRunning(found);
}

export function isRunning(found: ProcessStat): boolean {
  return found.state !== 'Z' && found.state !== 'X';
}

export function workingDirectory(pid: number): string | undefined {
  return readLink(`/proc/${pid}/cwd`);
}

/** Also of a program that an upgrade has replaced meanwhile. */
export function executable(pid: number): string | undefined {
  return readLink(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '');
}

/** Sees the file system as we do: elsewhere an equal path may be another directory. */
export function sharesMounts(pid: number): boolean {
  const theirs = readLink(`/proc/${pid}/ns/mnt`);
  return theirs === undefined || theirs === readLink('/proc/self/ns/mnt');
}

/** What ps shows: PostgreSQL writes there what each process is. */
export function title(pid: number): string {
  return readProc(`${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
}

/** Whether a signal was sent that the process has not taken yet, for all that can be read. */
export function hasPendingSignal(pid: number, signalNumber: number): boolean {
  const masks = [...(readProc(`${pid}/status`)?.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm) ?? [])];
  return (
    masks.length === 0 || masks.some(([, mask]) => (BigInt(`0x${mask}`) & (1n << BigInt(signalNumber - 1))) !== 0n)
  );
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return undefined; // It ended meanwhile.
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
