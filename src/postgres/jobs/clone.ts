import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FollowTarget, Job, JobFacts } from '../../core/model/job.ts';
import {
  disclaimTablespace,
  emptyDirectory,
  emptyTablespaces,
  forgetTablespaces,
  noteTablespaces,
} from '../clone-tablespaces.ts';
import { conninfo, sessionAttributes } from '../conninfo.ts';
import { isEmptyDirectory } from '../data-directory.ts';
import { isOver, pause } from '../deadline.ts';
import { JobFailure } from '../job-failure.ts';
import type { ReplicaMethod } from '../../core/model/user-programs.ts';
import type { PostgresOptions } from '../options.ts';
import { writePgpass } from '../pgpass.ts';
import { type ProgramResult, programFailure, runProgram } from '../run-program.ts';
import { putStandbySignal } from '../signal-files.ts';
import { clearUnfinished, markUnfinished } from '../unfinished-mark.ts';
import { ensureDirectory, exists } from '../write-file.ts';
import { accessRemedy } from './access-remedy.ts';
import { assertNotCancelled, assertStopped, type JobContext, tool } from './job-context.ts';

type Clone = Extract<Job, { kind: 'clone' }>;

const ATTEMPTS = 2;
const BETWEEN_ATTEMPTS_MS = 5_000;
const BASEBACKUP_ONLY = ['basebackup'] as const;

/** A copy of a running member that will come up as a standby, whoever starts it. */
export async function clone(context: JobContext, job: Clone): Promise<JobFacts> {
  const { options } = context;
  assertStopped(context);
  if (!(await isEmptyDirectory(options.dataDir))) {
    throw new JobFailure(`${options.dataDir} is not empty; set aside what it holds before it is cloned anew`);
  }
  // Never those of an earlier copy under this one's mark.
  await forgetTablespaces(options);
  await markUnfinished(options, 'clone');
  await ensureDirectory(options.dataDir, options.runAs);
  if (job.from !== undefined) await noteTablespaces(options, job.from, context.deadline);
  await copy(context, job);
  await putStandbySignal(options);
  await context.configuration.write({ settings: job.settings, role: { kind: 'standby', follow: undefined } });
  await forgetTablespaces(options);
  await clearUnfinished(options);
  return {};
}

/** The ways that the configuration lists, until one of them works. */
async function copy(context: JobContext, job: Clone): Promise<void> {
  const { options } = context;
  const { from } = job;
  const failures: string[] = [];
  for (const method of methodsFor(options, job)) {
    const failure =
      method !== 'basebackup'
        ? await copyByMethod(context, from, method)
        : from === undefined
          ? 'pg_basebackup needs a member to copy from'
          : await copyByBasebackup(context, from);
    if (failure === undefined) return;
    failures.push(failure);
    if (isOver(context.deadline)) break;
    options.note?.(failure);
    await markUnfinished(options, 'clone');
  }
  await clearUnfinished(options);
  if (failures.length === 0) failures.push('no way of create_replica_methods needs no leader (no_leader)');
  throw new JobFailure(failures.join('\n'));
}

function methodsFor(options: PostgresOptions, { from, byBasebackup, methods }: Clone) {
  const listed = methods === undefined ? options.replicaMethods : methods.map((name) => methodNamed(options, name));
  const wanted = byBasebackup === true ? BASEBACKUP_ONLY : (listed ?? BASEBACKUP_ONLY);
  if (from !== undefined) return wanted;
  return wanted.filter((method) => method !== 'basebackup' && method.needsNoLeader);
}

function methodNamed(options: PostgresOptions, name: string): 'basebackup' | ReplicaMethod {
  const method = name === 'basebackup' ? name : options.replicaMethod?.(name);
  if (method !== undefined) return method;
  throw new JobFailure(
    `standby_cluster.create_replica_methods names ${name}; describe it as postgresql.${name} in the local file`,
  );
}

/** undefined: it worked. What it left is removed: the directory was empty before. */
async function copyByBasebackup(context: JobContext, from: FollowTarget): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await basebackup(context, from);
    if (result.kind === 'exited' && result.code === 0) return undefined;
    const filled = filledDirectory(result.stderr);
    if (filled !== undefined) await disclaimTablespace(context.options, filled);
    await takeBack(context);
    if (attempt === ATTEMPTS || isOver(context.deadline)) return failureText(context, from, result);
    context.progress(`trying again: ${programFailure('pg_basebackup', result)}`);
    await pause(BETWEEN_ATTEMPTS_MS, context.deadline);
    await markUnfinished(context.options, 'clone');
  }
}

async function copyByMethod(
  context: JobContext,
  from: FollowTarget | undefined,
  method: ReplicaMethod,
): Promise<string | undefined> {
  const { options, deadline } = context;
  const { name, words, extras, withParams } = method;
  const passwordFile = join(options.stateDir, 'pgpass-clone');
  if (from !== undefined) await writePgpass(options, passwordFile, from.upstream, options.replication);
  const connstring =
    from === undefined
      ? ''
      : conninfo({ user: options.replication.username, host: from.upstream.host, port: from.upstream.port });
  const own = [
    `--scope=${options.scope}`,
    '--role=replica',
    `--datadir=${options.dataDir}`,
    `--connstring=${connstring}`,
  ];
  const [program = '', ...args] = words;
  context.progress(`copying from ${from?.member ?? 'a backup'} by ${name}`);
  try {
    const result = await runProgram({
      program,
      args: [...args, ...extras, ...(withParams ? own : [])],
      env: from === undefined ? {} : { PGPASSFILE: passwordFile },
      runAs: options.runAs,
      deadline,
    });
    const hasCluster = await exists(join(options.dataDir, 'global/pg_control'));
    if (result.kind === 'exited' && result.code === 0 && hasCluster) return undefined;
    await takeBack(context);
    const what = programFailure(`create_replica_methods: ${name}`, result);
    return result.code === 0 ? `${name} ended well, yet ${options.dataDir} holds no cluster` : what;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function takeBack(context: JobContext): Promise<void> {
  await emptyDirectory(context.options.dataDir);
  await emptyTablespaces(context.options);
  await clearUnfinished(context.options);
  assertNotCancelled(context);
}

async function basebackup(context: JobContext, from: FollowTarget): Promise<ProgramResult> {
  const { options, deadline } = context;
  const { member, upstream, slot } = from;
  const passwordFile = join(options.stateDir, 'pgpass-clone');
  await writePgpass(options, passwordFile, upstream, options.replication);
  const dsn = conninfo({
    user: options.replication.username,
    host: upstream.host,
    port: upstream.port,
    sslmode: 'prefer',
    target_session_attrs: sessionAttributes(from, context.binaries.majorVersion),
  });
  context.progress(`copying from ${member}`, 0);
  try {
    return await runProgram({
      program: tool(context, 'pg_basebackup'),
      args: [
        `--pgdata=${options.dataDir}`,
        '--wal-method=stream',
        '--checkpoint=fast',
        '--progress',
        '--no-password',
        `--dbname=${dsn}`,
        ...(slot === undefined ? [] : [`--slot=${slot}`]),
        ...options.basebackupOptions,
      ],
      env: { PGPASSFILE: passwordFile, PGCONNECT_TIMEOUT: '10' },
      runAs: options.runAs,
      deadline,
      onStderr: (chunk) => tellProgress(context, member, chunk),
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function tellProgress(context: JobContext, member: string, chunk: string): void {
  const percent = percentFromText(chunk);
  if (percent !== undefined) context.progress(`copying from ${member}`, percent);
}

/** Reads the last of `12345/67890 kB (18%), 0/1 tablespace`. */
export function percentFromText(chunk: string): number | undefined {
  const found = [...chunk.matchAll(/\d+\/\d+ kB \((\d+)%\)/g)].at(-1)?.[1];
  return found === undefined ? undefined : Math.min(100, Number(found));
}

/** The directory that pg_basebackup did not touch because something is in it. */
function filledDirectory(stderr: string): string | undefined {
  return /directory "(.+)" exists but is not empty/.exec(stderr)?.[1];
}

function failureText(context: JobContext, from: FollowTarget, result: ProgramResult): string {
  const { host, port } = from.upstream;
  const what = programFailure(`pg_basebackup from ${from.member} (${host}:${port})`, result);
  const filled = filledDirectory(result.stderr);
  if (filled !== undefined && filled !== context.options.dataDir)
    return `${what}; move what ${filled} holds to another place: the copy needs it for a tablespace or the WAL`;
  return `${what}${accessRemedy(result.stderr, context.options.replication, 'replication')}`;
}
