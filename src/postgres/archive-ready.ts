import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { WalPosition } from '../core/model/lsn.ts';
import { atMost } from './deadline.ts';
import { configDirOf } from './options.ts';
import { runProgram } from './run-program.ts';
import { segmentName, segmentSize } from './wal-segments.ts';
import type { JobContext } from './jobs/job-context.ts';

const ONE_SEGMENT_MS = 60_000;
const ALL_SEGMENTS_MS = 600_000;
const TRIES = 2;

/**
 * Archives what a server that ended had not archived yet: after a rewind nobody else may have that WAL, and the archive would
 * have a gap. Stops at the first segment that will not go, and says so; what is left stays for the archiver where it can.
 */
export async function archiveReady(context: JobContext): Promise<void> {
  const { options } = context;
  const statusDir = join(options.dataDir, 'pg_wal/archive_status');
  const ready = (await readdir(statusDir).catch(() => []))
    .filter((name) => name.endsWith('.ready'))
    .map((name) => name.slice(0, -'.ready'.length))
    .toSorted();
  if (ready.length === 0) return;
  const command = await serverSetting(context, 'archive_command');
  const mode = await serverSetting(context, 'archive_mode');
  if (command === undefined || command === '' || mode === 'off' || mode === undefined) return;
  const limit = atMost(context.deadline, ALL_SEGMENTS_MS);
  for (const [index, name] of ready.entries()) {
    context.progress(`archiving ${name}`, Math.floor((100 * index) / ready.length));
    const failure = await archiveOne({ ...context, deadline: limit }, command, name);
    if (failure !== undefined) {
      options.note?.(`${ready.length - index} segments of WAL from ${name} on are not archived: ${failure}`);
      return;
    }
    await rename(join(statusDir, `${name}.ready`), join(statusDir, `${name}.done`));
  }
}

/**
 * The server archives no segment that is not full: without the last one nobody who follows the archive alone would come to the
 * shutdown checkpoint.
 */
export async function archiveEnd(context: JobContext, at: WalPosition): Promise<void> {
  await archiveReady(context);
  const command = await serverSetting(context, 'archive_command');
  const mode = await serverSetting(context, 'archive_mode');
  if (command === undefined || command === '' || mode === 'off' || mode === undefined) return;
  const bytes = await segmentSize(join(context.options.dataDir, 'pg_wal'));
  if (bytes === undefined) return;
  const name = segmentName(at.timeline, at.lsn, bytes);
  context.progress(`archiving ${name}`);
  const failure = await archiveOne(context, command, name);
  const text = failure === undefined ? 'is archived' : `is not archived: ${failure}`;
  context.options.note?.(`the segment with the shutdown checkpoint, ${name}, ${text}`);
}

async function archiveOne(context: JobContext, command: string, name: string): Promise<string | undefined> {
  const shell = filled(command, { p: join(context.options.dataDir, 'pg_wal', name), f: name });
  for (let attempt = 1; ; attempt += 1) {
    const failure = await runShell(context, shell);
    if (failure === undefined || attempt === TRIES) return failure;
  }
}

/** undefined: done. */
async function runShell({ options, deadline }: JobContext, text: string): Promise<string | undefined> {
  const result = await runProgram({
    program: '/bin/sh',
    args: ['-c', text],
    runAs: options.runAs,
    deadline: atMost(deadline, ONE_SEGMENT_MS),
  });
  if (result.kind === 'exited' && result.code === 0) return undefined;
  return result.kind === 'exited'
    ? `the command ended with ${result.code ?? 'a signal'}`
    : `the command ${result.kind}`;
}

/** Fetches one file from the archive into pg_wal. False: the archive does not have it, or there is none. */
export async function fetchFromArchive(context: JobContext, name: string): Promise<boolean> {
  const command = await serverSetting(context, 'restore_command');
  if (command === undefined || command === '') return false;
  const path = join(context.options.dataDir, 'pg_wal', name);
  context.progress(`fetching ${name} from the archive`);
  return (await runShell(context, filled(command, { p: path, f: name, r: name }))) === undefined;
}

/** What the files of a stopped server come to; undefined: it does not tell. */
export async function serverSetting(context: JobContext, name: string): Promise<string | undefined> {
  const { options, binaries, deadline } = context;
  const args = ['-C', name, '-D', options.dataDir, `--config-file=${join(configDirOf(options), 'postgresql.conf')}`];
  const program = `${binaries.dir}/postgres`;
  const result = await runProgram({ program, args, runAs: options.runAs, deadline: atMost(deadline, 10_000) });
  return result.kind === 'exited' && result.code === 0 ? result.stdout.trimEnd() : undefined;
}

/** PostgreSQL's own placeholders; %% is a percent sign. */
function filled(command: string, values: Readonly<Record<string, string>>): string {
  return command.replaceAll(/%(.)/g, (all, letter: string) => (letter === '%' ? '%' : (values[letter] ?? all)));
}
