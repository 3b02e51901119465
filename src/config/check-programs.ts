import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Observed } from './check-environment.ts';
import type { Environment } from './environment.ts';
import { dataDirectoryMajor, findBinDir, missingPrograms, PROGRAMS } from './find-bin-dir.ts';
import type { LocalConfig } from './local-config.ts';

const VERSION_WAIT_MS = 5000;

/** Whether PostgreSQL's programs are there, and of the version that the data directory was made by. */
export async function checkPrograms({ postgresql }: LocalConfig, env: Environment): Promise<readonly Observed[]> {
  const dataMajor = await dataDirectoryMajor(postgresql.dataDir);
  const binDir = await findBinDir(postgresql, env);
  const at = { path: ['postgresql', 'bin_dir'], value: postgresql.binDir };
  if (binDir === undefined) {
    return [{ ...at, reason: 'PostgreSQL is not installed', remedy: installHint(dataMajor), severity: 'error' }];
  }
  const missing = await missingPrograms(binDir, Object.keys(PROGRAMS));
  if (missing.length > 0) {
    const major = dataMajor ?? /\/(?:postgresql\/|pgsql-)([0-9]+)(?:\/|$)/.exec(binDir)?.[1];
    const reason = `${binDir} lacks ${missing.join(', ')}`;
    return [{ ...at, reason, remedy: installHint(major, missing), severity: 'error' }];
  }
  return dataMajor === undefined ? [] : compareVersions(postgresql.dataDir, dataMajor, binDir);
}

function installHint(major: string | undefined, programs: readonly string[] = ['postgres']): string {
  const names = programs.map((program) => PROGRAMS[program]?.replace('-N', major === undefined ? '' : `-${major}`));
  return `apt-get install ${[...new Set(names)].join(' ')}, or name the directory of the programs`;
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
    const { stdout } = await promisify(execFile)(join(binDir, 'postgres'), ['--version'], { timeout: VERSION_WAIT_MS });
    return / ([0-9]+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
