// Which processes belong to one member: only those are ever signalled.
import {
  argumentsOf,
  type ProcessEntry,
  type ProcessId,
  readProcesses,
  workDirectory,
  withDescendants,
} from './process-table.ts';

export const SUPERVISE = '--supervise';

export interface MemberProcesses {
  /** What starts the agent again when it crashes. */
  readonly supervisor: readonly ProcessId[];
  readonly agent: readonly ProcessId[];
  /** What the agent runs and waits for, such as a clone. */
  readonly jobs: readonly ProcessId[];
  readonly guard: readonly ProcessId[];
  /** The postmaster first. */
  readonly postgres: readonly ProcessId[];
}

/** As they are at this moment. */
export function memberProcesses(dataDir: string, configFile: string): MemberProcesses {
  const all = readProcesses();
  const guard = all.filter((entry) => isGuardOf(entry, dataDir));
  const postgres = postgresTree(dataDir, all);
  const launched = all.filter((entry) => isLaunchedFor(entry, configFile));
  const supervisor = launched.filter(({ pid }) => argumentsOf(pid).includes(SUPERVISE));
  const agent = launched.filter((entry) => !supervisor.includes(entry));
  const elsewhere = new Set([...launched, ...guard, ...postgres]);
  const jobs = withDescendants(launched, all).filter((entry) => !elsewhere.has(entry));
  return { supervisor, agent, jobs, guard, postgres };
}

/** The supervisor first: it would start again what is ended after it. */
export function allOf({ supervisor, agent, jobs, guard, postgres }: MemberProcesses): readonly ProcessId[] {
  return [...supervisor, ...agent, ...jobs, ...guard, ...postgres];
}

/** Agent and supervisor run as `node … BIN/kornak … CONFIG_FILE`. */
function isLaunchedFor({ pid }: ProcessEntry, configFile: string): boolean {
  const given = argumentsOf(pid);
  return given.includes(configFile) && given.some((argument) => argument.endsWith('/bin/kornak'));
}

/** The guard runs as `node … DIST/guard/main.js DATA_DIR STATE_DIR`. */
function isGuardOf({ pid }: ProcessEntry, dataDir: string): boolean {
  const given = argumentsOf(pid);
  const place = given.indexOf(dataDir);
  return place > 0 && given[place - 1]?.endsWith('main.js') === true;
}

/** A shell that somebody opened in the data directory is not PostgreSQL's. */
function postgresTree(dataDir: string, all: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const working = all.filter(({ pid, name }) => name === 'postgres' && workDirectory(pid) === dataDir);
  const pids = new Set(working.map(({ pid }) => pid));
  const isRoot = ({ parentPid }: ProcessEntry): boolean => !pids.has(parentPid);
  return withDescendants([...working.filter(isRoot), ...working.filter((entry) => !isRoot(entry))], all);
}
