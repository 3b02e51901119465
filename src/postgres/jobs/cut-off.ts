import type { Job, JobFacts } from '../../core/model/job.ts';
import type { PostmasterId } from '../../core/model/local-postgres.ts';
import { isOver, pause } from '../deadline.ts';
import { JobFailure } from '../job-failure.ts';
import { signal } from '../kill-server.ts';
import { receiverProcesses } from '../receiver-process.ts';
import { type JobContext, runningPostmaster } from './job-context.ts';
import { reload, upstreamSettings, waitInForce } from './reload.ts';

type CutOff = Extract<Job, { kind: 'cutOff' }>;

const LOOK_EVERY_MS = 10;
/** One that was asked for just before the reload may be forked a moment later; so the last look must not be the first without one. */
const QUIET_LOOKS = 3;

/**
 * Streams from nobody from here on. The order matters: a receiver that is ended before the new upstream is in force comes
 * back. The setting alone does not do either: while replay waits on a conflict it reads empty and the receiver goes on
 * acknowledging. And the view of receivers hides one that is still connecting, so processes are looked at.
 */
export async function cutOff(context: JobContext, job: CutOff): Promise<JobFacts> {
  const postmaster = runningPostmaster(context);
  context.progress('cutting the receiver off');
  await context.configuration.write({ settings: job.settings, role: { kind: 'standby', follow: undefined } });
  reload(postmaster);
  await waitInForce(context, upstreamSettings(context, undefined));
  await endReceivers(context, postmaster);
  return {};
}

async function endReceivers(context: JobContext, postmaster: PostmasterId): Promise<void> {
  for (let quietLooks = 0; quietLooks < QUIET_LOOKS;) {
    const receivers = receiverProcesses(postmaster);
    quietLooks = receivers.length === 0 ? quietLooks + 1 : 0;
    for (const { pid } of receivers) signal(pid, 'SIGTERM');
    if (quietLooks === QUIET_LOOKS) return;
    if (isOver(context.deadline)) {
      const pids = receivers.map(({ pid }) => pid).join(', ');
      throw new JobFailure(`the WAL receiver (pid ${pids}) did not end when asked; it may still stream`);
    }
    await pause(LOOK_EVERY_MS, context.deadline);
  }
}
