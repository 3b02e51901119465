import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

export interface Memory {
  readonly rssMiB: number;
  /** Shared pages are counted by their share. */
  readonly pssMiB: number;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time so far; 0 for a process that is gone. */
export async function cpuMs(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  return (ticks * 1_000) / ticksPerSecond;
}

export async function memoryOf(pid: number | undefined): Promise<Memory> {
  const text = pid === undefined ? '' : await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const mib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { rssMiB: mib('Rss'), pssMiB: mib('Pss') };
}

/** Processes whose command line has all of these. */
export async function pidsWith(...parts: readonly string[]): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return parts.every((part) => command.includes(part)) ? pid : undefined;
    }),
  );
  return found.filter((pid) => pid !== undefined && pid !== process.pid) as number[];
}
