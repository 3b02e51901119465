import type { Job, JobFacts } from '../../core/model/job.ts';
import { atMost } from '../deadline.ts';
import type { JobContext } from './job-context.ts';
import { startPrimary, startStandby } from './start.ts';
import { stop } from './stop.ts';

type Restart = Extract<Job, { kind: 'restart' }>;

export async function restart(context: JobContext, job: Restart): Promise<JobFacts> {
  const { follow, settings } = job;
  const stopping = { ...context, deadline: atMost(context.deadline, job.stopWithinMs) };
  await stop(stopping, { kind: 'stop', mode: 'fast', checkpointFirst: true, why: 'to be restarted' });
  const starting = { ...context, deadline: atMost(context.deadline, job.startWithinMs) };
  if (job.role === 'primary') return startPrimary(starting, { kind: 'startPrimary', settings });
  return startStandby(starting, { kind: 'startStandby', follow, settings });
}
