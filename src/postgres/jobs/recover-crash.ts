import { join } from 'node:path';
import type { JobFacts } from '../../core/model/job.ts';
import { archiveReady } from '../archive-ready.ts';
import { JobFailure } from '../job-failure.ts';
import { configDirOf } from '../options.ts';
import { programFailure, runProgram } from '../run-program.ts';
import { putStandbySignal, removeSignals } from '../signal-files.ts';
import { exists } from '../write-file.ts';
import { assertStopped, type JobContext, tool } from './job-context.ts';

/**
 * Crash recovery without a server that anyone could reach, so that pg_control tells where a crashed primary ended and
 * pg_rewind accepts it. Segments not archived yet stay: the archiver is on, but its command only fails.
 */
export async function recoverCrash(context: JobContext): Promise<JobFacts> {
  const { options, deadline } = context;
  assertStopped(context);
  if (await exists(join(options.dataDir, 'backup_label'))) {
    throw new JobFailure(
      `${options.dataDir} holds a backup_label: it is a copy that was never started, not a crashed server`,
    );
  }
  await archiveReady(context);
  context.progress('crash recovery in single-user mode');
  const settings = {
    config_file: join(configDirOf(options), 'postgresql.conf'),
    archive_mode: 'on',
    archive_command: 'false',
  };
  const args = Object.entries(settings).flatMap(([name, text]) => ['-c', `${name}=${text}`]);
  await removeSignals(options);
  try {
    const program = tool(context, 'postgres');
    const all = ['--single', '-D', options.dataDir, ...args, 'template1'];
    const result = await runProgram({ program, args: all, runAs: options.runAs, deadline });
    if (result.kind !== 'exited' || result.code !== 0)
      throw new JobFailure(programFailure('postgres --single', result));
  } finally {
    // Whatever comes next, it must not come up as a primary unless a job says so.
    await putStandbySignal(options);
  }
  return {};
}
