import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FollowTarget } from '../core/model/job.ts';
import { isEmptyDirectory } from './data-directory.ts';
import { atMost, type Deadline } from './deadline.ts';
import { isForeignEntry } from './disk/look.ts';
import { reasonOf } from './job-failure.ts';
import type { PostgresOptions } from './options.ts';
import { withConnection } from './sql-connection.ts';
import { readIfPresent, removeFile, writeFileIfChanged } from './write-file.ts';

const ASK_MS = 5_000;

/**
 * Directories outside of the data directory that a copy is about to fill and that are empty now, so that what an interrupted copy
 * leaves there is known for what it is: no link in the data directory tells of it yet, and it would be in the way of every
 * further copy.
 */
export async function noteTablespaces(options: PostgresOptions, from: FollowTarget, deadline: Deadline): Promise<void> {
  const tablespaces = await tablespacesAt(options, from, deadline).catch((error: unknown) => {
    options.note?.(`tablespaces of ${from.member} are not known: ${reasonOf(error)}`);
    return [];
  });
  const empty: string[] = [];
  for (const path of [...walDirectory(options.basebackupOptions), ...tablespaces])
    if (await isEmptyDirectory(path)) empty.push(path);
  await write(options, empty);
}

/** This one turned out to hold something that is not ours. */
export async function disclaimTablespace(options: PostgresOptions, path: string): Promise<void> {
  await write(
    options,
    (await noted(options)).filter((each) => each !== path),
  );
}

/** Takes back what a copy that failed or was interrupted left in them. Its source has everything. */
export async function emptyTablespaces(options: PostgresOptions): Promise<void> {
  for (const path of await noted(options)) if (!(await isEmptyDirectory(path))) await emptyDirectory(path);
}

export async function forgetTablespaces(options: PostgresOptions): Promise<void> {
  await removeFile(fileOf(options));
}

export async function emptyDirectory(path: string): Promise<void> {
  const names = (await readdir(path)).filter((name) => !isForeignEntry(name));
  for (const name of names) await rm(join(path, name), { recursive: true, force: true });
}

async function tablespacesAt(
  options: PostgresOptions,
  from: FollowTarget,
  deadline: Deadline,
): Promise<readonly string[]> {
  const place = { ...from.upstream, database: options.database, login: options.superuser };
  const limit = atMost(deadline, ASK_MS);
  const rows = await withConnection(place, 'tablespaces', limit, (connection) =>
    connection.query("SELECT pg_tablespace_location(oid) AS path FROM pg_tablespace WHERE spcname !~ '^pg_'", limit),
  );
  return rows
    .map((row) => String(row['path']))
    .filter((path) => path.startsWith('/'))
    .map((path) => mapped(options.basebackupOptions, path));
}

function walDirectory(args: readonly string[]): readonly string[] {
  return valuesOf(args, '--waldir').filter((path) => path.startsWith('/'));
}

/** By `--tablespace-mapping=OLD=NEW`. */
function mapped(args: readonly string[], path: string): string {
  const all = [...valuesOf(args, '--tablespace-mapping'), ...valuesOf(args, '-T')];
  return all.find((value) => value.startsWith(`${path}=`))?.slice(path.length + 1) ?? path;
}

/** Written as one argument or as two. */
function valuesOf(args: readonly string[], name: string): readonly string[] {
  return args.flatMap((arg, index) => {
    if (arg.startsWith(`${name}=`)) return [arg.slice(name.length + 1)];
    return args[index - 1] === name ? [arg] : [];
  });
}

async function noted(options: PostgresOptions): Promise<readonly string[]> {
  const text = await readIfPresent(fileOf(options));
  return (text ?? '').split('\0').filter((path) => path.startsWith('/'));
}

async function write(options: PostgresOptions, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return forgetTablespaces(options);
  await writeFileIfChanged({ path: fileOf(options), mode: 0o600, owner: options.runAs }, paths.join('\0'));
}

function fileOf(options: PostgresOptions): string {
  return join(options.stateDir, 'clone-tablespaces');
}
