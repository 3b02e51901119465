import { readdir, stat } from 'node:fs/promises';
import type { Environment } from './environment.ts';
import { checkAddresses } from './check-addresses.ts';
import { checkCommands } from './check-commands.ts';
import { checkPrograms } from './check-programs.ts';
import { dataDirectoryMajor } from './find-bin-dir.ts';
import { type Finding, finding, type Location, type Path } from './finding.ts';
import type { LocalConfig } from './local-config.ts';

export interface CheckOptions {
  readonly env: Environment;
  /** What cannot be reached from here is an error too. */
  readonly isStrict: boolean;
  /** Do not look whether the ports are free. */
  readonly ignoresPorts: boolean;
  readonly place: (path: Path) => Location | undefined;
}

/** What a check found: without a severity where only `--strict` makes it an error. */
export interface Observed {
  readonly path: Path;
  readonly value: unknown;
  readonly reason: string;
  readonly remedy?: string;
  readonly severity: 'error' | 'warning' | 'unreachable';
}

/** Compares the configuration with the machine it is on. Changes nothing. */
export async function checkEnvironment(config: LocalConfig, options: CheckOptions): Promise<readonly Finding[]> {
  const observed = await Promise.all([
    checkDataDirectory(config),
    checkPrograms(config, options.env),
    checkCommands(config, options.env),
    checkFiles(config),
    checkAddresses(config, options),
  ]);
  return observed.flat().map(({ severity, ...details }) => {
    const settled = severity === 'unreachable' ? (options.isStrict ? 'error' : 'warning') : severity;
    return finding({ ...details, location: options.place(details.path), severity: settled });
  });
}

/** Names that may lie in an empty data directory: hidden files, and what a file system puts at its top. */
function counts(name: string): boolean {
  return !name.startsWith('.') && name !== 'lost+found';
}

async function checkDataDirectory({ postgresql }: LocalConfig): Promise<readonly Observed[]> {
  const { dataDir } = postgresql;
  const at = { path: ['postgresql', 'data_dir'], value: dataDir };
  try {
    const names = (await readdir(dataDir)).filter(counts);
    if (names.length === 0 || (await dataDirectoryMajor(dataDir)) !== undefined) return [];
    const remedy = 'name an empty directory, or move away what is in it';
    return [{ ...at, reason: 'is not empty and holds no cluster of PostgreSQL', remedy, severity: 'error' }];
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') return [{ ...at, reason: 'is not a directory', severity: 'error' }];
    return [{ ...at, reason: `cannot be looked into by this user (${code})`, severity: 'unreachable' }];
  }
}

async function checkFiles({ restapi, etcd }: LocalConfig): Promise<readonly Observed[]> {
  const files: readonly (readonly [string, string, string | undefined])[] = [
    ['restapi', 'certfile', restapi.tls?.certFile],
    ['restapi', 'keyfile', restapi.tls?.keyFile],
    ['etcd3', 'cacert', etcd.caFile],
    ['etcd3', 'cert', etcd.certFile],
    ['etcd3', 'key', etcd.keyFile],
  ];
  const checked = files.map(async ([section, key, file]) => {
    if (file === undefined) return [];
    const code = await stat(file).then(
      () => undefined,
      (thrown: unknown) => errorCode(thrown),
    );
    const at = { path: [section, key], value: file };
    if (code === undefined) return [];
    if (code === 'ENOENT') return [{ ...at, reason: 'there is no such file', severity: 'error' as const }];
    return [{ ...at, reason: `cannot be read by this user (${code})`, severity: 'unreachable' as const }];
  });
  return (await Promise.all(checked)).flat();
}

function errorCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown error';
}
