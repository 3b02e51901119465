import type { Job } from '../core/model/job.ts';
import type { PostmasterId } from '../core/model/local-postgres.ts';
import { atMost, deadlineIn, poll, remainingMs } from './deadline.ts';
import { JobFailure } from './job-failure.ts';
import type { JobContext } from './jobs/job-context.ts';
import { killServer } from './kill-server.ts';
import { allProcesses, isAlive, isRunning, title } from './process-table.ts';

const LOOK_EVERY_MS = 50;
const CONTROL_MS = 1_000;
const KILL_MS = 1_000;
/** What is not archived by then is archived no sooner than this member leads again. */
const ARCHIVING_MS = 120_000;
/** Where there is no leader beside this member. */
const ALONE_MS = 1_000;

/** With `cluster_name` before it, or without. */
const ARCHIVER = /^postgres: (?:.*: )?archiver(?: (?:archiving|last was|failed on) \S+)?$/;
/** What else stays to the end of a shutdown, and writes no WAL in it. */
const BYSTANDER = /^postgres: (?:.*: )?(?:logger|checkpointer|io worker \d+)$/;

/**
 * The shutdown checkpoint is written, the standbys have been sent it, and nothing is left of the server but what archives the
 * last segments: from there it never serves again. An archiver runs only in a server that has come up, so that this is none
 * that is just starting.
 */
export async function isOnlyArchiving(context: JobContext, postmaster: PostmasterId): Promise<boolean> {
  const children = allProcesses().filter((each) => each.parentPid === postmaster.pid && isRunning(each));
  const titles = children.map(({ pid }) => title(pid));
  if (!titles.some((text) => ARCHIVER.test(text))) return false;
  if (!titles.every((text) => ARCHIVER.test(text) || BYSTANDER.test(text))) return false;
  const { directory, binaries, deadline } = context;
  const file = await directory.control(binaries.dir, 0, deadlineIn(deadline.clock, CONTROL_MS));
  return typeof file !== 'string' && file.control.state === 'shut down';
}

function patienceMs(job: Job): number {
  const isAlone = job.kind === 'startPrimary' || (job.kind === 'startStandby' && job.follow === undefined);
  return isAlone ? ALONE_MS : ARCHIVING_MS;
}

/** Before anything is done to a directory whose server was left to its archiver: that may end first, within reason. */
export async function endArchiving(context: JobContext, job: Job): Promise<void> {
  const left = context.postmaster.left();
  if (left === undefined) return;
  const { options, deadline } = context;
  context.progress('waiting until the PostgreSQL that was stopped has archived its WAL');
  const patient = atMost(deadline, Math.min(patienceMs(job), remainingMs(deadline) / 2));
  if ((await poll(() => (isAlive(left) ? undefined : true), LOOK_EVERY_MS, patient)) === true) return;
  if (deadline.signal.aborted) throw new JobFailure('cancelled');
  options.note?.(`PostgreSQL in ${options.dataDir} did not end archiving in time; ended by SIGKILL`);
  if (await killServer(options.dataDir, left, deadlineIn(deadline.clock, KILL_MS))) return;
  throw new JobFailure(`the archiver in ${options.dataDir} does not end, not even by SIGKILL; is its disk stuck?`);
}
