import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import { conninfo } from '../conninfo.ts';
import { JobFailure } from '../job-failure.ts';
import type { Login } from '../options.ts';
import { configDirOf } from '../options.ts';
import { writePgpass } from '../pgpass.ts';
import { programFailure, runProgram } from '../run-program.ts';
import { putStandbySignal } from '../signal-files.ts';
import { clearUnfinished, markUnfinished } from '../unfinished-mark.ts';
import { readIfPresent } from '../write-file.ts';
import { accessRemedy } from './access-remedy.ts';
import { assertStopped, type JobContext, tool } from './job-context.ts';
import { recordDivergence } from './record-divergence.ts';

type Rewind = Extract<Job, { kind: 'rewind' }>;

/** pg_rewind says so before it has written anything. */
const UNTOUCHED =
  /could not connect to server|connection to server .* failed|must be shut down cleanly|needs to use either data checksums|source and target clusters are from different systems|could not find common ancestor/;

/** Brings a former primary, or a standby of one, back to where the upstream's timeline left its own. */
export async function rewind(context: JobContext, job: Rewind): Promise<JobFacts> {
  const { options } = context;
  assertStopped(context);
  if (!options.usePgRewind)
    throw new JobFailure('pg_rewind is not allowed here; set postgresql.use_pg_rewind, or clone anew');
  context.progress('recording what will be thrown away');
  await recordDivergence(context, job.from);
  await markUnfinished(options, 'rewind');
  await runRewind(context, job);
  await putStandbySignal(options);
  await context.configuration.write({ settings: job.settings, role: { kind: 'standby', follow: undefined } });
  await clearUnfinished(options);
  return {};
}

async function runRewind(context: JobContext, job: Rewind): Promise<void> {
  const { options, deadline } = context;
  const { member, upstream } = job.from;
  const login = rewindLogin(context);
  const passwordFile = join(options.stateDir, 'pgpass-rewind');
  await writePgpass(options, passwordFile, upstream, login);
  const dsn = conninfo({ dbname: options.database, user: login.username, host: upstream.host, port: upstream.port });
  context.progress(`rewinding to ${member}`);
  try {
    const result = await runProgram({
      program: tool(context, 'pg_rewind'),
      args: [
        `--target-pgdata=${options.dataDir}`,
        `--source-server=${dsn} target_session_attrs=read-write`,
        '--no-ensure-shutdown',
        '--progress',
        ...(await archiveArguments(context)),
      ],
      env: { PGPASSFILE: passwordFile, PGCONNECT_TIMEOUT: '10', PGOPTIONS: '-c statement_timeout=0', LC_ALL: 'C' },
      runAs: options.runAs,
      deadline,
      onStderr: (chunk) => tellProgress(context, member, chunk),
    });
    if (result.kind === 'exited' && result.code === 0) return;
    if (result.kind === 'notStarted' || UNTOUCHED.test(result.stderr)) await clearUnfinished(options);
    const what = programFailure(`pg_rewind to ${member} (${upstream.host}:${upstream.port})`, result);
    throw new JobFailure(
      `${what}${accessRemedy(result.stderr, login, options.rewind === undefined ? 'superuser' : 'rewind')}`,
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** A segment that this member no longer has may still be in the archive. */
async function archiveArguments(context: JobContext): Promise<readonly string[]> {
  const { options, binaries } = context;
  const conf = join(configDirOf(options), 'postgresql.conf');
  const hasRestore = /^restore_command = '.+'$/m.test((await readIfPresent(conf)) ?? '');
  const isOutside = configDirOf(options) !== options.dataDir;
  const config = isOutside && binaries.majorVersion >= 15 ? [`--config-file=${conf}`] : [];
  if (!hasRestore || binaries.majorVersion < 13 || (isOutside && config.length === 0)) return config;
  return ['--restore-target-wal', ...config];
}

export function rewindLogin(context: JobContext): Login {
  const { rewind: login, superuser } = context.options;
  return login !== undefined && context.binaries.majorVersion >= 11 ? login : superuser;
}

function tellProgress(context: JobContext, member: string, chunk: string): void {
  const found = [...chunk.matchAll(/\d+\/\d+ kB \((\d+)%\) copied/g)].at(-1)?.[1];
  if (found !== undefined) context.progress(`rewinding to ${member}`, Number(found));
}
