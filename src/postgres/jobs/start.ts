import type { Job, JobFacts } from '../../core/model/job.ts';
import { JobFailure } from '../job-failure.ts';
import { removeIdlePlaceholders } from '../placeholders.ts';
import { putStandbySignal, removeSignals } from '../signal-files.ts';
import { unfinishedWork } from '../unfinished-mark.ts';
import { assertStopped, type JobContext } from './job-context.ts';
import { startServer } from './start-server.ts';

type StartPrimary = Extract<Job, { kind: 'startPrimary' }>;
type StartStandby = Extract<Job, { kind: 'startStandby' }>;

export async function startPrimary(context: JobContext, job: StartPrimary): Promise<JobFacts> {
  await assertStartable(context);
  const written = await context.configuration.write({ settings: job.settings, role: { kind: 'primary' } });
  await removeSignals(context.options);
  await startServer(context, written);
  return {};
}

export async function startStandby(context: JobContext, job: StartStandby): Promise<JobFacts> {
  await assertStartable(context);
  const { options, directory, binaries, deadline } = context;
  // First of all: from here on no start by whomever makes a primary of it.
  await putStandbySignal(options);
  await removeIdlePlaceholders(options.dataDir);
  const control = await directory.control(binaries.dir, 0, deadline);
  if (typeof control === 'string') throw new JobFailure(control);
  const written = await context.configuration.write({
    settings: job.settings,
    role: { kind: 'standby', follow: job.keepUpstream === true ? await context.configuration.upstream() : job.follow },
    minimums: control.standbyMinimums,
  });
  await startServer(context, written);
  return {};
}

async function assertStartable(context: JobContext): Promise<void> {
  assertStopped(context);
  const work = await unfinishedWork(context.options);
  if (work === undefined) return;
  throw new JobFailure(
    `${context.options.dataDir} was left by an interrupted ${work} and must not be started; set it aside first`,
  );
}
