import { existsSync, rmSync } from 'node:fs';
import { checkEnvironment } from '../config/check-environment.ts';
import { findBinDir } from '../config/find-bin-dir.ts';
import { type Finding, formatFinding } from '../config/finding.ts';
import { load, type Loaded } from '../config/load.ts';
import type { LocalConfig } from '../config/local-config.ts';
import type { SystemAccount } from '../postgres/options.ts';
import { Refusal } from './refusal.ts';
import { accountFor } from './run-as.ts';
import { canonicalPath, lockDataDir, makeStateDir } from './state-dir.ts';

/** What this machine gives the agent to work with: found, checked and locked. */
export interface Place {
  readonly dataDir: string;
  readonly stateDir: string;
  readonly binDir: string | undefined;
  readonly runAs: SystemAccount | undefined;
  readonly warnings: readonly Finding[];
  /** This start made the state directory. */
  readonly isNew: boolean;
}

/** Shown at once; a file with more errors than this has one cause. */
const errorsShown = 15;

export async function loadConfig(paths: readonly string[]): Promise<Loaded & { readonly config: LocalConfig }> {
  const loaded = await load(paths, process.env);
  const { config, findings } = loaded;
  if (config === undefined) throw refusalFor(findings);
  return { ...loaded, config };
}

/** Changes nothing until all is found well; then makes the state directory and locks the data directory. */
export async function prepare({ config, place }: Loaded & { readonly config: LocalConfig }): Promise<Place> {
  const dataDir = canonicalPath(config.postgresql.dataDir);
  const stateDir = canonicalPath(config.kornak.stateDir);
  if (process.cwd() === dataDir)
    throw new Refusal(`Start kornak from another directory: what works in ${dataDir} ends with PostgreSQL.`);
  const isNew = !existsSync(stateDir);
  // A second agent would otherwise be told of ports in use, which is true and does not help.
  if (!isNew) lockDataDir(stateDir, dataDir);
  const found = await checkEnvironment(config, { env: process.env, isStrict: false, ignoresPorts: false, place });
  if (found.some(({ severity }) => severity === 'error')) throw refusalFor(found);
  const runAs = accountFor(dataDir);
  makeStateDir(stateDir, runAs);
  if (isNew) lockDataDir(stateDir, dataDir);
  const binDir = await findBinDir(config.postgresql, process.env);
  return { dataDir, stateDir, binDir, runAs, warnings: found, isNew };
}

/** A start that was refused after all leaves no trace. */
export function leavePlace({ isNew, stateDir }: Place): void {
  if (isNew) rmSync(stateDir, { recursive: true, force: true });
}

function refusalFor(findings: readonly Finding[]): Refusal {
  const errors = findings.filter(({ severity }) => severity === 'error').map(formatFinding);
  const more = errors.length > errorsShown ? [`and ${errors.length - errorsShown} more errors`] : [];
  return new Refusal(
    ['Kornak does not start with this configuration:', ...errors.slice(0, errorsShown), ...more].join('\n'),
  );
}
