import type { Job, JobFacts } from '../../core/model/job.ts';
import type { PostmasterId } from '../../core/model/local-postgres.ts';
import { isOver, pause } from '../deadline.ts';
import { JobFailure } from '../job-failure.ts';
import { signal } from '../kill-server.ts';
import { namelessChildren, receiverProcesses } from '../receiver-process.ts';
import { startupHasRead } from '../startup-process.ts';
import { type JobContext, runningPostmaster } from './job-context.ts';
import { reload, upstreamSettings, waitInForce } from './reload.ts';

type CutOff = Extract<Job, { kind: 'cutOff' }>;

const LOOK_EVERY_MS = 5;

/**
 * Streams from nobody from here on. The order matters: a receiver that is ended before the startup process has read the new
 * upstream comes back. The setting alone does not do either: while replay waits on a conflict it reads empty and the receiver goes
 * on acknowledging. And the view of receivers hides one that is still connecting, so processes are looked at.
 */
export async function cutOff(context: JobContext, job: CutOff): Promise<JobFacts> {
  const postmaster = runningPostmaster(context);
  context.progress('cutting the receiver off');
  await context.configuration.write({ settings: job.settings, role: { kind: 'standby', follow: undefined } });
  reload(postmaster);
  const wanted = upstreamSettings(context, undefined);
  await waitInForce(context, wanted);
  if (!(await startupHasRead(postmaster, context.deadline)))
    throw new JobFailure('the startup process did not read the new upstream in time; it may ask for a receiver yet');
  await endReceivers(context, postmaster);
  // The postmaster answers only once it has forked all that it was asked for, and what was forked is seen from then on.
  await waitInForce(context, wanted);
  await endReceivers(context, postmaster);
  return {};
}

async function endReceivers({ deadline }: JobContext, postmaster: PostmasterId): Promise<void> {
  // Only these can be receivers that have no name yet: clients come and go all the time.
  const suspects = new Set(namelessChildren(postmaster).map(({ pid }) => pid));
  for (;;) {
    // In this order: one that gets its name in between is seen with it.
    const nameless = namelessChildren(postmaster).filter(({ pid }) => suspects.has(pid));
    const receivers = receiverProcesses(postmaster);
    for (const { pid } of receivers) signal(pid, 'SIGTERM');
    const left = [...receivers, ...nameless].map(({ pid }) => pid);
    if (left.length === 0) return;
    if (isOver(deadline))
      throw new JobFailure(`the WAL receiver (pid ${left.join(', ')}) did not end when asked; it may still stream`);
    await pause(LOOK_EVERY_MS, deadline);
  }
}
