import { access, constants, readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Environment } from './environment.ts';
import type { PostgresqlConfig } from './local-config.ts';

/** Where packages put the programs of one major version, out of PATH. */
const PACKAGE_DIRECTORIES = [
  { parent: '/usr/lib/postgresql', pattern: /^([0-9]+)$/ },
  { parent: '/usr', pattern: /^pgsql-([0-9]+)$/ },
] as const;

/** What the agent calls, and the Debian package that brings it; N stands for the major version. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  postgres: 'postgresql-N',
  initdb: 'postgresql-N',
  pg_controldata: 'postgresql-N',
  pg_rewind: 'postgresql-N',
  pg_basebackup: 'postgresql-client-N',
};

/** Debian keeps these out of PATH. */
const SERVER_PROGRAMS = ['postgres', 'initdb'];

/**
 * The directory of PostgreSQL's programs: the one configured; else one of PATH that has them all; else the packaged one whose
 * version the data directory has, or is named after, else the newest. undefined: there is none.
 */
export async function findBinDir(
  { binDir, dataDir }: Pick<PostgresqlConfig, 'binDir' | 'dataDir'>,
  env: Environment,
): Promise<string | undefined> {
  if (binDir !== '') return binDir;
  const inPath = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
  const complete = await havingAll(inPath, Object.keys(PROGRAMS));
  if (complete[0] !== undefined) return complete[0];
  const packaged = await packagedDirectories();
  const wanted = (await dataDirectoryMajor(dataDir)) ?? /\/([0-9]{2})(?:\/|$)/.exec(dataDir)?.[1];
  const fitting = packaged.find(({ major }) => major === wanted) ?? packaged[0];
  return fitting?.directory;
}

async function havingAll(directories: readonly string[], programs: readonly string[]): Promise<readonly string[]> {
  const haveAll = await Promise.all(
    directories.map(async (directory) => (await missingPrograms(directory, programs)).length === 0),
  );
  return directories.filter((_, index) => haveAll[index]);
}

export async function missingPrograms(directory: string, programs: readonly string[]): Promise<readonly string[]> {
  const present = await Promise.all(programs.map((program) => isExecutable(join(directory, program))));
  return programs.filter((_, index) => present[index] !== true);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The major version in PG_VERSION; undefined where it cannot be read. */
export async function dataDirectoryMajor(dataDir: string): Promise<string | undefined> {
  return readFile(join(dataDir, 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

interface Packaged {
  readonly major: string;
  readonly directory: string;
}

/** Newest first. */
async function packagedDirectories(): Promise<readonly Packaged[]> {
  const found = await Promise.all(PACKAGE_DIRECTORIES.map(({ parent, pattern }) => versionsBelow(parent, pattern)));
  return found.flat().toSorted((a, b) => Number(b.major) - Number(a.major));
}

async function versionsBelow(parent: string, pattern: RegExp): Promise<readonly Packaged[]> {
  const names = await readdir(parent).catch(() => []);
  const versions = names.flatMap((name) => {
    const major = pattern.exec(name)?.[1];
    return major === undefined ? [] : [{ major, directory: join(parent, name, 'bin') }];
  });
  const usable = await havingAll(
    versions.map(({ directory }) => directory),
    SERVER_PROGRAMS,
  );
  return versions.filter(({ directory }) => usable.includes(directory));
}
