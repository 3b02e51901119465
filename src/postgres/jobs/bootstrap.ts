import { appendFile, chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import { isEmptyDirectory } from '../data-directory.ts';
import { JobFailure } from '../job-failure.ts';
import { configDirOf } from '../options.ts';
import { programFailure, runProgram } from '../run-program.ts';
import { clearUnfinished, markUnfinished } from '../unfinished-mark.ts';
import { ensureDirectory, writeFileIfChanged } from '../write-file.ts';
import { postBootstrap } from './post-bootstrap.ts';
import { customBootstrap } from './custom-bootstrap.ts';
import { createRoles } from './create-roles.ts';
import { assertStopped, type JobContext, tool } from './job-context.ts';

type Bootstrap = Extract<Job, { kind: 'bootstrap' }>;

/** A new cluster with its roles, shut down cleanly. It never opens a port, nor a socket that others reach. */
export async function bootstrap(context: JobContext, job: Bootstrap): Promise<JobFacts> {
  const { options } = context;
  assertStopped(context);
  if (!(await isEmptyDirectory(options.dataDir))) {
    throw new JobFailure(`${options.dataDir} is not empty; a new cluster needs an empty data directory`);
  }
  await markUnfinished(options, 'bootstrap');
  await ensureDirectory(options.dataDir, options.runAs);
  try {
    await (options.bootstrapMethod === undefined ? initdb(context) : customBootstrap(context, options.bootstrapMethod));
  } catch (error) {
    // initdb takes back what it made; where it did, nothing is unfinished.
    if (await isEmptyDirectory(options.dataDir)) await clearUnfinished(options);
    throw error;
  }
  context.progress('creating roles');
  // The user's program comes before the roles for streaming and rewinding are there, and may make them itself.
  if (options.postBootstrap !== undefined) {
    await createRoles(context, 'superuser');
    await postBootstrap(context, job.settings, options.postBootstrap);
  }
  await createRoles(context, 'all');
  const hasWholeHba = (options.pgHba ?? job.settings.pgHba ?? []).length > 0;
  if (!hasWholeHba && (options.bootstrapPgHba ?? []).length > 0) await appendHba(context);
  await context.configuration.write({ settings: job.settings, role: { kind: 'primary' } });
  await clearUnfinished(options);
  return {};
}

async function initdb(context: JobContext): Promise<void> {
  const { options, deadline } = context;
  context.progress('running initdb');
  const { username, password } = options.superuser;
  const passwordFile = join(options.stateDir, 'initdb-password');
  const args = [...options.initdbOptions, `--username=${username}`, `--pgdata=${options.dataDir}`];
  try {
    if (password !== undefined) {
      await writeFileIfChanged({ path: passwordFile, mode: 0o600, owner: options.runAs }, `${password.reveal()}\n`);
      args.push(`--pwfile=${passwordFile}`);
    }
    const result = await runProgram({ program: tool(context, 'initdb'), args, runAs: options.runAs, deadline });
    if (result.kind === 'exited' && result.code === 0) return;
    throw new JobFailure(
      `${programFailure('initdb', result)}\nCheck bootstrap.initdb and the permissions of ${options.dataDir}.`,
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function appendHba(context: JobContext): Promise<void> {
  const { options } = context;
  const path = join(configDirOf(options), 'pg_hba.conf');
  await appendFile(path, `\n${(options.bootstrapPgHba ?? []).join('\n')}\n`);
  await chmod(path, 0o600);
}
