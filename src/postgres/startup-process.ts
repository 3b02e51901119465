import type { PostmasterId } from '../core/model/local-postgres.ts';
import { type Deadline, poll } from './deadline.ts';
import { childrenOf, cpuTicks, hasPendingSignal, isSameProcess, readProcess, title } from './process-table.ts';

const SIGHUP = 1;
const LOOK_EVERY_MS = 2;
/** Less than one of them may lie between two looks of a clock that counts in ticks. */
const BUSY_TICKS = 2;

/**
 * Waits until the startup process has read the last reload, of which the postmaster must have told it already. Until then it asks
 * for a receiver from whom it followed before, should the one it has end; the setting that others show does not tell.
 *
 * The proof: no SIGHUP waits for it any more, so the note of it is set, and it looks for that between any two tries of a source of
 * WAL; and then it has left the few instructions after its last look: it sleeps, or has worked for longer than they take. True
 * too where there is none, as it is the one who asks.
 */
export async function startupHasRead(postmaster: PostmasterId, deadline: Deadline): Promise<boolean> {
  let first: { readonly startup: PostmasterId; readonly ticks: number } | undefined;
  const hasRead = (): true | undefined => {
    const startup = startupOf(postmaster);
    if (startup === undefined) return true;
    if (hasPendingSignal(startup.pid, SIGHUP)) return undefined;
    const ticks = cpuTicks(startup.pid) ?? 0;
    if (!isSameProcess(first?.startup, startup)) first = { startup, ticks };
    const isAsleep = ['S', 'D'].includes(readProcess(startup.pid)?.state ?? '');
    return isAsleep || ticks - (first?.ticks ?? ticks) >= BUSY_TICKS ? true : undefined;
  };
  return (await poll(hasRead, LOOK_EVERY_MS, deadline)) === true;
}

function startupOf(postmaster: PostmasterId): PostmasterId | undefined {
  return childrenOf(postmaster).find(({ pid }) => /^postgres: (?:.*: )?startup\b/.test(title(pid)));
}
