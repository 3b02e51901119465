import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Deadline } from './deadline.ts';
import { askProgram } from './run-program.ts';

/** What the adapter calls, with the Debian package that brings it (`N`: the major version). */
const TOOLS: Readonly<Record<string, string>> = {
  postgres: 'postgresql-N',
  initdb: 'postgresql-N',
  pg_controldata: 'postgresql-N',
  pg_rewind: 'postgresql-N',
  pg_waldump: 'postgresql-N',
  pg_basebackup: 'postgresql-client-N',
};

export interface Binaries {
  readonly dir: string;
  /** 15 for PostgreSQL 15. */
  readonly majorVersion: number;
}

export type BinariesFound =
  { readonly kind: 'found'; readonly binaries: Binaries } | { readonly kind: 'missing'; readonly why: string };

/** Finds PostgreSQL's programs: where the configuration says, else the newest that Debian or PGDG installed, else in PATH. */
export async function findBinaries(configured: string | undefined, deadline: Deadline): Promise<BinariesFound> {
  const dir = configured !== undefined && configured !== '' ? configured : binDirCandidates().find(hasServer);
  if (dir === undefined) {
    return missing(
      "no PostgreSQL server was found; install it (Debian, Ubuntu: 'apt-get install postgresql') or set postgresql.bin_dir",
    );
  }
  const absent = Object.keys(TOOLS).filter((tool) => !isExecutable(join(dir, tool)));
  const version = await askProgram({ program: join(dir, 'postgres'), args: ['--version'], runAs: undefined, deadline });
  const majorVersion = majorVersionFromText(version ?? '');
  if (absent.length > 0) return missing(absentText(dir, absent, majorVersion));
  if (majorVersion === undefined) return missing(`${dir}/postgres does not tell its version; is it PostgreSQL?`);
  return { kind: 'found', binaries: { dir, majorVersion } };
}

/** Reads `postgres (PostgreSQL) 15.18 (Debian …)`, `16beta1` and `9.6.24` (as 9). */
export function majorVersionFromText(text: string): number | undefined {
  const match = /\(PostgreSQL\) (\d+)/.exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function missing(why: string): BinariesFound {
  return { kind: 'missing', why };
}

function absentText(dir: string, absent: readonly string[], majorVersion: number | undefined): string {
  const packages = new Set(absent.map((tool) => (TOOLS[tool] ?? '').replace('N', String(majorVersion ?? 15))));
  return `${dir} lacks ${absent.join(', ')}; Debian and Ubuntu have them in ${[...packages].join(' and ')}; or correct postgresql.bin_dir`;
}

function binDirCandidates(): readonly string[] {
  const versions = (parent: string, name: RegExp): readonly string[] => {
    const found = listOf(parent).filter((entry) => name.test(entry));
    const numberIn = (entry: string): number => Number(/[\d.]+/.exec(entry)?.[0] ?? 0);
    return found.toSorted((a, b) => numberIn(b) - numberIn(a)).map((entry) => join(parent, entry, 'bin'));
  };
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => entry.startsWith('/'));
  return [...versions('/usr/lib/postgresql', /^\d+(\.\d+)?$/), ...versions('/usr', /^pgsql-\d+(\.\d+)?$/), ...path];
}

function hasServer(dir: string): boolean {
  return isExecutable(join(dir, 'postgres'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function listOf(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
