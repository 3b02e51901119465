import { readdir, readFile, readlink } from 'node:fs/promises';

/** Field 22 of /proc/PID/stat; undefined for a process that is gone or a zombie. */
async function startTicksOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : Number(fields[19]);
}

/** Live processes whose working directory is this one. */
export async function processesIn(dir: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return cwd === dir && (await startTicksOf(pid)) !== undefined ? pid : undefined;
    }),
  );
  return found.filter((pid) => pid !== undefined);
}
