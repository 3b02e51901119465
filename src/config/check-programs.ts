import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Observed } from './check-environment.ts';
import type { Environment } from './environment.ts';
import { dataDirectoryMajor, findBinDir, isExecutable, isInPath } from './find-bin-dir.ts';
import type { LocalConfig } from './local-config.ts';

const PROGRAMS = ['postgres', 'initdb', 'pg_ctl', 'pg_controldata', 'pg_basebackup', 'pg_isready'];
const VERSION_WAIT_MS = 5000;

/** Whether PostgreSQL's programs are there, and of the version that the data directory was made by. */
export async function checkPrograms({ postgresql }: LocalConfig, env: Environment): Promise<readonly Observed[]> {
  const dataMajor = await dataDirectoryMajor(postgresql.dataDir);
  const binDir = await findBinDir(postgresql, env);
  const at = { path: ['postgresql', 'bin_dir'], value: postgresql.binDir };
  const install = installHint(dataMajor ?? /\/(?:postgresql\/|pgsql-)([0-9]+)\//.exec(`${postgresql.binDir}/`)?.[1]);
  if (binDir === undefined) {
    return [{ ...at, reason: 'PostgreSQL is not installed', remedy: install, severity: 'error' }];
  }
  const wanted = postgresql.usePgRewind === true ? [...PROGRAMS, 'pg_rewind'] : PROGRAMS;
  const present = await Promise.all(wanted.map((program) => isThere(program, binDir, env)));
  const missing = wanted.filter((_, index) => present[index] !== true);
  if (missing.length > 0) {
    const where = binDir === '' ? 'PATH' : binDir;
    return [{ ...at, reason: `${where} lacks ${missing.join(', ')}`, remedy: install, severity: 'error' }];
  }
  return dataMajor === undefined ? [] : compareVersions(postgresql.dataDir, dataMajor, binDir);
}

function isThere(program: string, binDir: string, env: Environment): Promise<boolean> {
  return binDir === '' ? isInPath(program, env) : isExecutable(join(binDir, program));
}

function installHint(major: string | undefined): string {
  const name = major === undefined ? 'postgresql' : `postgresql-${major}`;
  return `apt-get install ${name}, or name the directory of its programs`;
}

async function compareVersions(dataDir: string, dataMajor: string, binDir: string): Promise<readonly Observed[]> {
  const at = { path: ['postgresql', 'data_dir'], value: dataDir };
  const binMajor = await postgresMajor(binDir);
  if (binMajor === undefined) {
    const reason = 'the version of PostgreSQL cannot be told: postgres --version fails';
    return [{ path: ['postgresql', 'bin_dir'], value: binDir, reason, severity: 'error' }];
  }
  if (binMajor === dataMajor) return [];
  const reason = `was made by PostgreSQL ${dataMajor}, but the programs are of version ${binMajor}`;
  return [{ ...at, reason, remedy: installHint(dataMajor), severity: 'error' }];
}

async function postgresMajor(binDir: string): Promise<string | undefined> {
  try {
    const program = binDir === '' ? 'postgres' : join(binDir, 'postgres');
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: VERSION_WAIT_MS });
    return / ([0-9]+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
