import type { Job, JobFacts } from '../../core/model/job.ts';
import { JobFailure } from '../job-failure.ts';
import { putStandbySignal } from '../signal-files.ts';
import { exists } from '../write-file.ts';
import { type JobContext, runningPostmaster } from './job-context.ts';
import { reload, upstreamSettings, waitInForce } from './reload.ts';
import { startStandby } from './start.ts';
import { stop } from './stop.ts';

type Follow = Extract<Job, { kind: 'follow' }>;

/** Before version 13 the upstream is read at the start only. */
const RELOADABLE_SINCE = 13;

export async function follow(context: JobContext, job: Follow): Promise<JobFacts> {
  const { options } = context;
  const postmaster = runningPostmaster(context);
  if (!(await exists(`${options.dataDir}/standby.signal`))) {
    throw new JobFailure(`${options.dataDir} is no standby: it has no standby.signal; stop it and start it as one`);
  }
  const target = job.follow === undefined ? 'nobody' : job.follow.member;
  context.progress(`following ${target}`);
  if (context.binaries.majorVersion < RELOADABLE_SINCE) {
    await stop(context, { kind: 'stop', mode: 'fast', checkpointFirst: false, why: `to follow ${target}` });
    await putStandbySignal(options);
    return startStandby(context, { kind: 'startStandby', follow: job.follow, settings: job.settings });
  }
  await context.configuration.write({ settings: job.settings, role: { kind: 'standby', follow: job.follow } });
  reload(postmaster);
  await waitInForce(context, upstreamSettings(context, job.follow));
  return {};
}
