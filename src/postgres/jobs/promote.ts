import { join } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import type { PostmasterId } from '../../core/model/local-postgres.ts';
import { deadlineIn, isOver, pause, poll } from '../deadline.ts';
import { JobFailure } from '../job-failure.ts';
import { killServer, signal } from '../kill-server.ts';
import { putPlaceholders, removeIdlePlaceholders } from '../placeholders.ts';
import { isAlive } from '../process-table.ts';
import { receiverProcesses } from '../receiver-process.ts';
import { putStandbySignal } from '../signal-files.ts';
import { SqlConnection } from '../sql-connection.ts';
import { localPlace } from '../sql-places.ts';
import { removeFile, writeFileIfChanged } from '../write-file.ts';
import { requestCheckpoint } from './checkpoint.ts';
import { assertNotCancelled, type JobContext, runningPostmaster } from './job-context.ts';
import { reload, upstreamSettings, waitInForce } from './reload.ts';

type Promote = Extract<Job, { kind: 'promote' }>;

const LOOK_EVERY_MS = 4;
/** How long the checkpointer may be busy with a leisurely restartpoint before it is asked to hurry. */
const UNHURRIED_MS = 100;
const KILL_MS = 1_000;
/** Before version 13 the signal alone promotes. */
const FILE_DECIDES_SINCE = 13;

/** Out of recovery, on a timeline number above all that were claimed, with commits waiting for whom the settings name. */
export async function promote(context: JobContext, job: Promote): Promise<JobFacts> {
  const { options, deadline } = context;
  const postmaster = runningPostmaster(context);
  if (receiverProcesses(postmaster).length > 0)
    throw new JobFailure('a WAL receiver runs; cut it off before promoting');
  // Made meanwhile, for every millisecond counts from here on.
  const opening = SqlConnection.open(localPlace(options), 'promotion', deadline);
  opening.catch(() => {}); // Told where it is waited for.
  const request = { isOut: false };
  try {
    await putInForce(context, postmaster, job);
    await putPlaceholders(options, await heldTimeline(context, postmaster), job.aboveTimeline);
    const connection = await opening;
    const sentMs = await sendPromotion(context, postmaster, request);
    // Not reloaded: a primary does not read what this removes, and a reload would make the checkpointer's proof void.
    const written = context.configuration.write({ settings: job.settings, role: { kind: 'primary' } });
    written.catch(() => {}); // Told where it is waited for.
    const timeline = await waitUntilPrimary(context, connection, job.aboveTimeline);
    const promotion = { sentMs, openMs: deadline.clock.bootMs() };
    request.isOut = false;
    await written;
    return { timeline, promotion };
  } catch (error) {
    await takeBack(context, postmaster, request.isOut);
    throw error;
  } finally {
    opening.then(
      (connection) => connection.destroy(),
      () => {},
    );
  }
}

/** Streams from nobody, and commits will wait for whom they are to wait for from the first on. */
async function putInForce(context: JobContext, postmaster: PostmasterId, { settings }: Promote): Promise<void> {
  await context.configuration.write({ settings, role: { kind: 'standby', follow: undefined } });
  reload(postmaster);
  const syncNames = settings.syncNames ?? '';
  const isOurs = settings.managesSync || syncNames !== '';
  const names = isOurs ? { synchronous_standby_names: syncNames } : {};
  await waitInForce(context, { ...upstreamSettings(context, undefined), ...names });
  if (receiverProcesses(postmaster).length > 0)
    throw new JobFailure('a WAL receiver still runs; cut it off before promoting');
  if (syncNames !== '') await waitForCheckpointer(context, postmaster);
}

/**
 * A promotion must not happen later, when nobody asks any more whether it may. One whose file the server has not taken yet is
 * called back by removing that; any other ends with the server alone, which then comes up as a standby.
 */
async function takeBack(context: JobContext, postmaster: PostmasterId, isOut: boolean): Promise<void> {
  const { options, binaries, deadline } = context;
  const { dataDir } = options;
  const wasPending = await removeFile(join(dataDir, 'promote'));
  if (isOut && (!wasPending || binaries.majorVersion < FILE_DECIDES_SINCE)) {
    options.note?.('a promotion that did not end in time is ended with the server');
    await killServer(dataDir, postmaster, deadlineIn(deadline.clock, KILL_MS));
    await putStandbySignal(options);
  }
  await removeIdlePlaceholders(dataDir);
}

/** It decides whether commits wait at all, and a primary must not open before it has read for whom (safety-findings F3, F14). */
async function waitForCheckpointer(context: JobContext, postmaster: PostmasterId): Promise<void> {
  const { deadline, reader } = context;
  const startedMs = deadline.clock.bootMs();
  let hasHurried = false;
  const isProven = async (): Promise<true | undefined> => {
    if (await reader.isCheckpointerIdle(postmaster, deadline)) return true;
    if (!hasHurried && deadline.clock.bootMs() - startedMs > UNHURRIED_MS) {
      hasHurried = true;
      context.progress('waiting for the checkpointer to read the new settings');
      requestCheckpoint(context, deadline).catch(() => {}); // Only to hurry the one that runs.
    }
    return undefined;
  };
  if ((await poll(isProven, LOOK_EVERY_MS, deadline)) === true) return;
  throw new JobFailure('the checkpointer has not read the new synchronous_standby_names: a checkpoint still runs');
}

async function heldTimeline(context: JobContext, postmaster: PostmasterId): Promise<number> {
  const held = await context.reader.held(postmaster, context.deadline);
  if (held === undefined) throw new JobFailure('PostgreSQL is a primary already');
  return held.timeline;
}

/**
 * What `pg_ctl promote` does, after the question whether we may; returns when it was done. The file comes after it too: the postmaster looks for it at
 * every SIGUSR1, and its own children send those.
 */
async function sendPromotion(
  context: JobContext,
  postmaster: PostmasterId,
  request: { isOut: boolean },
): Promise<number> {
  const { options } = context;
  const path = join(options.dataDir, 'promote');
  assertNotCancelled(context);
  if (!(await mayPromoteInTime(context))) {
    throw new JobFailure('leadership could not be confirmed right before promoting; not promoted');
  }
  request.isOut = true;
  await writeFileIfChanged({ path, mode: 0o600, owner: options.runAs }, '');
  assertNotCancelled(context);
  if (!isAlive(postmaster) || !signal(postmaster.pid, 'SIGUSR1'))
    throw new JobFailure('PostgreSQL ended right before it was to be promoted');
  context.progress('promoting');
  return context.deadline.clock.bootMs();
}

async function mayPromoteInTime(context: JobContext): Promise<boolean> {
  const late = pause(Number.MAX_SAFE_INTEGER, context.deadline).then(() => false);
  return Promise.race([context.mayPromote().catch(() => false), late]);
}

async function waitUntilPrimary(context: JobContext, connection: SqlConnection, above: number): Promise<number> {
  const { deadline } = context;
  const text = `SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_insert_lsn()) END AS file`;
  const ask = (): Promise<string | undefined> =>
    connection.value(text, 'file', deadline).catch((error: unknown) => {
      if (isOver(deadline)) return undefined; // That it is late says more than that this answer was.
      throw error;
    });
  const file = await poll(ask, LOOK_EVERY_MS, deadline);
  if (file === undefined) throw new JobFailure('the promotion was sent, but PostgreSQL is still in recovery');
  const timeline = Number.parseInt(file.slice(0, 8), 16);
  if (timeline > above) return timeline;
  throw new JobFailure(`PostgreSQL promoted to timeline ${timeline}, which is not above ${above}; it must not serve`);
}
