import type { PostmasterId } from '../core/model/local-postgres.ts';
import { type Deadline, isOver, pause } from './deadline.ts';
import { worksIn } from './find-postmaster.ts';
import { allProcesses, isAlive, isRunning, type ProcessStat } from './process-table.ts';

const LOOK_AGAIN_MS = 5;

/**
 * Ends the whole server by SIGKILL: the postmaster is stopped first so that it forks no more, then all of its processes go,
 * then we look again until none works in the data directory. False: some were still there at the deadline.
 */
export async function killServer(
  dataDir: string,
  known: PostmasterId | undefined,
  deadline: Deadline,
): Promise<boolean> {
  const postmaster = known ?? rootOf(serverProcesses(dataDir, undefined));
  if (postmaster !== undefined) freeze(postmaster);
  for (;;) {
    const victims = serverProcesses(dataDir, postmaster);
    if (victims.length === 0) return true;
    for (const victim of victims) signal(victim.pid, 'SIGKILL');
    if (isOver(deadline)) return false;
    await pause(LOOK_AGAIN_MS, deadline);
  }
}

/** The one that the others descend from: a postmaster that nobody knows yet. */
function rootOf(processes: readonly ProcessStat[]): PostmasterId | undefined {
  const pids = new Set(processes.map(({ pid }) => pid));
  return processes.find(({ parentPid }) => !pids.has(parentPid));
}

/** Live processes of the server in the directory, with all their descendants, wherever those work. */
export function serverProcesses(dataDir: string, postmaster: PostmasterId | undefined): readonly ProcessStat[] {
  const all = allProcesses();
  const chosen = new Set(all.filter(({ pid }) => worksIn(pid, dataDir)).map(({ pid }) => pid));
  if (postmaster !== undefined && isAlive(postmaster)) chosen.add(postmaster.pid);
  for (let before = -1; before !== chosen.size;) {
    before = chosen.size;
    for (const { pid, parentPid } of all) if (chosen.has(parentPid)) chosen.add(pid);
  }
  return all.filter((found) => chosen.has(found.pid) && isRunning(found));
}

/** Its number may have been taken by another process between looking and signalling; then that one goes on at once. */
function freeze(postmaster: PostmasterId): void {
  if (!isAlive(postmaster)) return;
  signal(postmaster.pid, 'SIGSTOP');
  if (!isAlive(postmaster)) signal(postmaster.pid, 'SIGCONT');
}

/** False: there is no such process. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
