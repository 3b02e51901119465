import { join } from 'node:path';
import { atMost, deadlineIn, poll } from '../deadline.ts';
import { JobFailure } from '../job-failure.ts';
import { killServer, signal } from '../kill-server.ts';
import { isAlive } from '../process-table.ts';
import type { StartedServer } from '../postmaster.ts';
import { serverLogSince } from '../server-log.ts';
import { isReady } from '../server-phase.ts';
import { readIfPresent } from '../write-file.ts';
import { type JobContext, tool } from './job-context.ts';

const LOOK_EVERY_MS = 200;
const STOP_MS = 60_000;
const KILL_MS = 10_000;

export interface Apart {
  /** Beyond the data directory; they must leave it no port, and no socket but in a directory of our own. */
  readonly args: readonly string[];
  /** What it means where the server ends by itself. */
  readonly endedMeans: string;
}

/** Settings with which nobody but the account that it runs as reaches the server. */
export function reachedByNobody({ options }: JobContext, hbaFile: string): Readonly<Record<string, string>> {
  return {
    listen_addresses: '',
    port: String(options.port),
    unix_socket_directories: options.stateDir,
    unix_socket_permissions: '0700',
    hba_file: hbaFile,
    logging_collector: 'off',
    log_destination: 'stderr',
  };
}

/** Starts the server of a cluster that is being made, does the work once it is ready, and shuts it down cleanly whatever comes of that. */
export async function serverApart(
  context: JobContext,
  { args, endedMeans }: Apart,
  work: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { options, deadline } = context;
  const all = ['-D', options.dataDir, ...args];
  const started = await context.postmaster.start(tool(context, 'postgres'), all, deadline.signal);
  const look = async (): Promise<'ready' | 'ended' | undefined> => {
    if (!isAlive(started.postmaster)) return 'ended';
    return isReady(await readIfPresent(join(options.dataDir, 'postmaster.pid'))) ? 'ready' : undefined;
  };
  try {
    if ((await poll(look, LOOK_EVERY_MS, deadline)) !== 'ready')
      throw new JobFailure(
        `${endedMeans}. ${started.logPath} says:\n${await serverLogSince(started.logPath, started.logOffset)}`,
      );
    await work();
  } finally {
    await shutDown(context, started);
  }
}

/** Has its own time: a job that is over must not leave a server behind. */
async function shutDown({ options, deadline }: JobContext, { postmaster }: StartedServer): Promise<void> {
  const isDown = (): true | undefined => (isAlive(postmaster) ? undefined : true);
  if (isDown() === true) return;
  signal(postmaster.pid, 'SIGINT');
  const own = deadlineIn(deadline.clock, STOP_MS + KILL_MS);
  if ((await poll(isDown, LOOK_EVERY_MS, atMost(own, STOP_MS))) === true) return;
  await killServer(options.dataDir, postmaster, own);
  throw new JobFailure(`the server of the new cluster did not shut down within ${STOP_MS / 1000} s and was killed`);
}
