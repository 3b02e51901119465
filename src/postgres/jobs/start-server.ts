import { join } from 'node:path';
import { isLoginRefusal, loginRefusal } from '../login-refusal.ts';
import type { WrittenConfiguration } from '../configuration-files.ts';
import { atMost, isOver, pause, poll, remainingMs } from '../deadline.ts';
import { JobFailure, reasonOf } from '../job-failure.ts';
import { killServer, serverProcesses } from '../kill-server.ts';
import { isAlive } from '../process-table.ts';
import type { StartedServer } from '../postmaster.ts';
import { assertServedBy } from '../served-by.ts';
import { serverLogSince } from '../server-log.ts';
import { isReady } from '../server-phase.ts';
import { SqlConnection, SqlFailure } from '../sql-connection.ts';
import { localPlace } from '../sql-places.ts';
import { readIfPresent } from '../write-file.ts';
import { assertNotCancelled, type JobContext, tool } from './job-context.ts';

const LOOK_EVERY_MS = 5;
/** Each connection that a server refuses is a line in its log: one that says that it is not open yet is asked this often. */
const ASK_EVERY_MS = 200;
/** And one that says that it is. */
const ASK_AGAIN_MS = 25;
/** Backends of a dead postmaster notice its death and end; a busy one may take its time. */
const ORPHANS_END_MS = 1_000;
const CONNECT_MS = 2_000;

/** Starts the server with what was written and waits until it lets us in. At the deadline it is left running. */
export async function startServer(context: JobContext, written: WrittenConfiguration): Promise<void> {
  await endOrphans(context);
  assertNotCancelled(context);
  context.progress('starting PostgreSQL');
  const args = ['-D', context.options.dataDir, `--config-file=${written.confPath}`, ...written.commandLine];
  const started = await context.postmaster.start(tool(context, 'postgres'), args, context.deadline.signal);
  for (;;) {
    const refusal = await connectionRefusal(context, started);
    if (refusal === undefined) return;
    if (!isAlive(started.postmaster)) throw await startFailure(context, started);
    if (refusal.isFinal) throw new JobFailure(refusal.why);
    if (isOver(context.deadline))
      throw new JobFailure(`PostgreSQL still starts and accepts no connections: ${refusal.why}`);
    if (refusal.isRecovering) context.progress('recovering');
    await untilOpen(context, started);
  }
}

/** Its own word for being open comes sooner than connections that are tried could tell, and fills no log. */
async function untilOpen({ options, deadline }: JobContext, { postmaster }: StartedServer): Promise<void> {
  const pidFile = join(options.dataDir, 'postmaster.pid');
  const isOpen = async (): Promise<boolean> => isReady(await readIfPresent(pidFile));
  // Open, and refuses all the same; or its predecessor's word still stands there.
  if (await isOpen()) return pause(ASK_AGAIN_MS, deadline);
  const isWorthAsking = async (): Promise<true | undefined> =>
    !isAlive(postmaster) || (await isOpen()) ? true : undefined;
  await poll(isWorthAsking, LOOK_EVERY_MS, atMost(deadline, ASK_EVERY_MS));
}

interface Refusal {
  readonly why: string;
  /** Waiting does not help. */
  readonly isFinal: boolean;
  readonly isRecovering: boolean;
}

async function connectionRefusal(context: JobContext, started: StartedServer): Promise<Refusal | undefined> {
  try {
    const connection = await SqlConnection.open(
      localPlace(context.options),
      'start',
      atMost(context.deadline, CONNECT_MS),
    );
    assertServedBy(connection, started.postmaster);
    connection.destroy();
    return undefined;
  } catch (error) {
    const code = error instanceof SqlFailure ? error.code : undefined;
    const isFinal = isLoginRefusal(error);
    const why = isFinal ? loginRefusal(context.options, reasonOf(error)) : reasonOf(error);
    return { why, isFinal, isRecovering: code === '57P03' };
  }
}

async function startFailure(context: JobContext, started: StartedServer): Promise<JobFailure> {
  const said = await serverLogSince(started.logPath, started.logOffset);
  const { listenAddresses, port } = context.options;
  const inUse = /could not bind|already in use/i.test(said);
  const remedy = inUse
    ? ` Another server listens on ${listenAddresses}:${port}; stop it or change postgresql.listen.`
    : '';
  return new JobFailure(`PostgreSQL did not start.${remedy} ${started.logPath} says:\n${said}`);
}

/** What a killed postmaster left behind would hold its shared memory and keep a new one from starting. */
async function endOrphans(context: JobContext): Promise<void> {
  const { options, deadline } = context;
  const areGone = (): true | undefined => (serverProcesses(options.dataDir, undefined).length === 0 ? true : undefined);
  if ((await poll(areGone, LOOK_EVERY_MS, atMost(deadline, ORPHANS_END_MS))) === true) return;
  options.note?.(`ended processes that a dead PostgreSQL left in ${options.dataDir}`);
  if (await killServer(options.dataDir, undefined, atMost(deadline, remainingMs(deadline) / 2))) return;
  throw new JobFailure(
    `processes of a former PostgreSQL in ${options.dataDir} do not end, not even by SIGKILL; is its disk stuck?`,
  );
}
