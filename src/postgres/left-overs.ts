import { atMost, type Deadline, isOver, pause } from './deadline.ts';
import { signal } from './kill-server.ts';
import { allProcesses, isRunning, readProcess, sharesMounts, title } from './process-table.ts';

const LOOK_AGAIN_MS = 20;
const END_MS = 2_000;

/**
 * Ends programs that an agent before this one had started on the data directory and left behind when it died: a base backup
 * that goes on would write into a directory that is taken for free.
 */
export async function endLeftOvers(dataDir: string, deadline: Deadline): Promise<readonly string[]> {
  const found = leftOvers(dataDir);
  const limit = atMost(deadline, END_MS);
  for (;;) {
    const alive = found.filter(({ pid, startTicks }) => {
      const now = readProcess(pid);
      return now !== undefined && now.startTicks === startTicks && isRunning(now);
    });
    for (const { pid } of alive) signal(pid, 'SIGKILL');
    if (alive.length === 0 || isOver(limit)) return found.map(({ what }) => what);
    await pause(LOOK_AGAIN_MS, limit);
  }
}

function leftOvers(dataDir: string) {
  return allProcesses()
    .filter((each) => isRunning(each) && each.pid !== process.pid && sharesMounts(each.pid))
    .map((each) => ({ pid: each.pid, startTicks: each.startTicks, what: programOn(title(each.pid), dataDir) }))
    .filter((each): each is typeof each & { what: string } => each.what !== undefined);
}

/** Which of our programs a command line is, if it works on that very directory. */
export function programOn(commandLine: string, dataDir: string): string | undefined {
  const words = commandLine.split(' ');
  const program = words.slice(0, 8).find((word) => /\/(pg_basebackup|pg_rewind|postgres)$/.test(word));
  if (program === undefined) return undefined;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const isOnIt =
    words.includes(`--pgdata=${dataDir}`) ||
    words.includes(`--target-pgdata=${dataDir}`) ||
    (words.includes('--single') && words[words.indexOf('-D') + 1] === dataDir);
  return isOnIt ? name : undefined;
}
