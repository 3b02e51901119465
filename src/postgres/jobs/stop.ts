import type { Job, JobFacts } from '../../core/model/job.ts';
import type { PostmasterId } from '../../core/model/local-postgres.ts';
import { atMost, type Deadline, deadlineIn, isOver, poll, remainingMs } from '../deadline.ts';
import { JobFailure, reasonOf } from '../job-failure.ts';
import { killServer, signal } from '../kill-server.ts';
import { isOnlyArchiving } from '../last-archiving.ts';
import { isAlive } from '../process-table.ts';
import { requestCheckpoint } from './checkpoint.ts';
import { archiveEnd } from '../archive-ready.ts';
import { putStandbySignal } from '../signal-files.ts';
import { runHook } from './hook.ts';
import { assertNotCancelled, type JobContext } from './job-context.ts';

type Stop = Extract<Job, { kind: 'stop' }>;

const LOOK_EVERY_MS = 5;
/** It is looked this often whether only the archiver is left. */
const ARCHIVER_EVERY_MS = 250;
/** Kept back from the deadline for ending by force what does not end by itself. */
const KILL_MS = 1_000;

/** Down at the deadline in any case: what does not end when asked is killed. */
export async function stop(context: JobContext, job: Stop): Promise<JobFacts> {
  const postmaster = context.postmaster.find();
  if (postmaster !== undefined) {
    if (job.checkpointFirst) await checkpointWhileServing(context);
    if (context.deadline.signal.aborted) throw new JobFailure('cancelled before PostgreSQL was stopped');
    await beforeStop(context);
    context.progress(`stopping PostgreSQL (${job.mode}): ${job.why}`);
    signal(postmaster.pid, job.mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await waitOrKill(context, postmaster, job.leavesArchiver === true);
  }
  const facts = await shutdownFacts(context);
  if (job.asStandby === true) await leaveAsStandby(context, facts);
  return facts;
}

/** The signal first: once the archive has the end of its WAL, nothing may be written behind that on this timeline. */
async function leaveAsStandby(context: JobContext, { shutdownLsn, timeline }: JobFacts): Promise<void> {
  await putStandbySignal(context.options);
  if (shutdownLsn !== undefined && timeline !== undefined) await archiveEnd(context, { timeline, lsn: shutdownLsn });
}

async function checkpointWhileServing(context: JobContext): Promise<void> {
  context.progress('checkpoint before stopping');
  try {
    await requestCheckpoint(context, atMost(context.deadline, remainingMs(context.deadline) / 2));
  } catch (error) {
    // It only shortens the shutdown, which has one of its own.
    context.options.note?.(`no checkpoint before stopping: ${reasonOf(error)}`);
  }
}

/** Whatever comes of it, the server is stopped. */
async function beforeStop(context: JobContext): Promise<void> {
  const { options, deadline } = context;
  if (options.beforeStop === undefined) return;
  context.progress('before_stop');
  const why = await runHook('before_stop', options.beforeStop, atMost(deadline, remainingMs(deadline) / 2));
  options.note?.(why === undefined ? 'before_stop is done' : `${why}; PostgreSQL is stopped all the same`);
  assertNotCancelled(context);
}

async function waitOrKill(context: JobContext, postmaster: PostmasterId, leavesArchiver: boolean): Promise<void> {
  const { deadline, options } = context;
  const patient = atMost(deadline, Math.max(remainingMs(deadline) - KILL_MS, remainingMs(deadline) / 2));
  if (leavesArchiver && (await endsOrIsLeft(context, postmaster, patient))) return;
  const hasEnded = (): true | undefined => (isAlive(postmaster) ? undefined : true);
  if ((await poll(hasEnded, LOOK_EVERY_MS, patient)) === true) return;
  if (deadline.signal.aborted) throw new JobFailure('cancelled while PostgreSQL was stopping; it goes on stopping');
  context.progress('ending PostgreSQL by force');
  options.note?.(`PostgreSQL in ${options.dataDir} did not stop in time; ended by SIGKILL`);
  if (await killServer(options.dataDir, postmaster, deadlineIn(deadline.clock, KILL_MS))) return;
  throw new JobFailure(
    `PostgreSQL in ${options.dataDir} (pid ${postmaster.pid}) does not end, not even by SIGKILL; is its disk stuck?`,
  );
}

/** False: neither, when the time was over. */
async function endsOrIsLeft(context: JobContext, postmaster: PostmasterId, patient: Deadline): Promise<boolean> {
  const hasEnded = (): true | undefined => (isAlive(postmaster) ? undefined : true);
  while (!isOver(patient)) {
    if ((await poll(hasEnded, LOOK_EVERY_MS, atMost(patient, ARCHIVER_EVERY_MS))) === true) return true;
    if (!(await isOnlyArchiving(context, postmaster))) continue;
    context.options.note?.('PostgreSQL is shut down, and still archives WAL: it is left to that');
    context.postmaster.leave(postmaster);
    return true;
  }
  return false;
}

/** Only a clean shutdown of a primary says where its WAL ends. */
async function shutdownFacts(context: JobContext): Promise<JobFacts> {
  const { directory, binaries, deadline } = context;
  const file = await directory.lastControl(binaries.dir, deadlineIn(deadline.clock, KILL_MS));
  if (typeof file === 'string' || file.control.state !== 'shut down') return {};
  return { shutdownLsn: file.control.checkpointLsn, timeline: file.control.checkpointTimeline };
}
