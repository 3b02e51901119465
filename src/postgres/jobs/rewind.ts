import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import { readyRemote } from './remote-source.ts';
import { archiveReady, fetchFromArchive, serverSetting } from '../archive-ready.ts';
import { conninfo } from '../conninfo.ts';
import { readRecord } from '../divergence-archive.ts';
import { JobFailure } from '../job-failure.ts';
import { configDirOf } from '../options.ts';
import { writePgpass } from '../pgpass.ts';
import { type ProgramResult, programFailure, runProgram } from '../run-program.ts';
import { putStandbySignal } from '../signal-files.ts';
import { clearUnfinished, markUnfinished } from '../unfinished-mark.ts';
import { accessRemedy } from './access-remedy.ts';
import { assertStopped, type JobContext, tool } from './job-context.ts';
import { rewindLogin } from './rewind-login.ts';

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
  if ((await readRecord(options, job.record)) === undefined)
    throw new JobFailure(`divergence ${job.record} is not recorded; nothing is rewound before it is`);
  if (job.from.remote !== undefined) await readyRemote(context, job.from);
  await archiveReady(context);
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
  const args = [
    `--target-pgdata=${options.dataDir}`,
    `--source-server=${dsn}${job.fromStandby === true ? '' : ' target_session_attrs=read-write'}`,
    '--no-ensure-shutdown',
    '--progress',
    ...(await archiveArguments(context)),
    ...(options.rewindOptions ?? []),
  ];
  const once = (): Promise<ProgramResult> =>
    runProgram({
      program: tool(context, 'pg_rewind'),
      args,
      env: { PGPASSFILE: passwordFile, PGCONNECT_TIMEOUT: '10', PGOPTIONS: '-c statement_timeout=0', LC_ALL: 'C' },
      runAs: options.runAs,
      deadline,
      onStderr: (chunk) => tellProgress(context, member, chunk),
    });
  try {
    const result = await withArchive(context, once);
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

const FETCHES_MAX = 1_000;

/** Where pg_rewind cannot fetch by itself what this member no longer has, it names the file and is run again with it. */
async function withArchive(context: JobContext, once: () => Promise<ProgramResult>): Promise<ProgramResult> {
  let before: string | undefined;
  for (let fetches = 0; ; fetches += 1) {
    const result = await once();
    const missing = /could not open file ".*pg_wal\/([0-9A-F]{24})"/.exec(result.stderr)?.[1];
    const isStuck = missing === undefined || missing === before || fetches === FETCHES_MAX;
    if (result.code === 0 || isStuck || !(await fetchFromArchive(context, missing))) return result;
    before = missing;
  }
}

/** A segment that this member no longer has may still be in the archive. */
async function archiveArguments(context: JobContext): Promise<readonly string[]> {
  const { options, binaries } = context;
  const conf = join(configDirOf(options), 'postgresql.conf');
  const hasRestore = ((await serverSetting(context, 'restore_command')) ?? '') !== '';
  const isOutside = configDirOf(options) !== options.dataDir;
  const config = isOutside && binaries.majorVersion >= 15 ? [`--config-file=${conf}`] : [];
  if (!hasRestore || binaries.majorVersion < 13 || (isOutside && config.length === 0)) return config;
  return ['--restore-target-wal', ...config];
}

function tellProgress(context: JobContext, member: string, chunk: string): void {
  const found = [...chunk.matchAll(/\d+\/\d+ kB \((\d+)%\) copied/g)].at(-1)?.[1];
  if (found !== undefined) context.progress(`rewinding to ${member}`, Number(found));
}
