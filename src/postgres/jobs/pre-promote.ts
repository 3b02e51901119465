import type { Job, JobFacts } from '../../core/model/job.ts';
import { JobFailure } from '../job-failure.ts';
import { runHook } from './hook.ts';
import type { JobContext } from './job-context.ts';

/** Fails where the user's program does, or does not end in time. */
export async function prePromote(context: JobContext, _job: Extract<Job, { kind: 'prePromote' }>): Promise<JobFacts> {
  const { options, deadline } = context;
  if (options.prePromote === undefined) return {};
  context.progress('pre_promote');
  const why = await runHook('pre_promote', options.prePromote, deadline);
  if (why !== undefined) throw new JobFailure(why);
  return {};
}
