import { isServerIn, readProcess, readProcesses } from './process-table.ts';
import type { ProcessEntry } from './process-table.ts';
import type { WatchedPostmaster } from './protocol.ts';

export interface Prey {
  readonly dataDir: string;
  /** undefined: whatever works in the data directory. */
  readonly postmaster: WatchedPostmaster | undefined;
}

/**
 * One round: stops the postmaster, so that it forks no more, then sends SIGKILL to all that works in the data directory and
 * to all that descends from the postmaster. Returns how many lived; the caller looks again until that is 0.
 */
export function killRound(prey: Prey): number {
  const { postmaster } = prey;
  if (postmaster !== undefined) stopIfRight(postmaster, prey.dataDir);
  const found = findPrey(prey);
  for (const entry of found) signal(entry.pid, 'SIGKILL');
  return found.length;
}

/** Who would be killed. Backends are in process groups of their own, so only the working directory shows them all. */
export function findPrey({ dataDir, postmaster }: Prey): readonly ProcessEntry[] {
  const living = readProcesses().filter((entry) => !entry.dead && entry.pid !== process.pid);
  const working = living.filter((entry) => isServerIn(entry, dataDir));
  const roots = postmaster === undefined ? working : working.filter((entry) => isSame(entry, postmaster));
  return [...new Set([...working, ...withDescendants(roots, living)])];
}

function withDescendants(roots: readonly ProcessEntry[], living: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const family = new Set(roots);
  // A set hands out what is added to it while it is being walked.
  for (const parent of family) {
    for (const entry of living) if (entry.parentPid === parent.pid) family.add(entry);
  }
  return [...family];
}

/** A pid that came back as another process is not touched, and let go on if it slipped in between look and signal. */
function stopIfRight(postmaster: WatchedPostmaster, dataDir: string): void {
  const isRight = (): boolean => {
    const entry = readProcess(postmaster.pid);
    return entry !== undefined && !entry.dead && isSame(entry, postmaster) && isServerIn(entry, dataDir);
  };
  if (!isRight()) return;
  signal(postmaster.pid, 'SIGSTOP');
  if (!isRight()) signal(postmaster.pid, 'SIGCONT');
}

function isSame(entry: ProcessEntry, postmaster: WatchedPostmaster): boolean {
  return entry.pid === postmaster.pid && entry.startTicks === postmaster.startTicks;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone meanwhile, or not ours: the next look tells.
  }
}
