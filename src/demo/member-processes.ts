// Which processes belong to one member: only those are ever signalled.
import {
  argumentsOf,
  isAlive,
  type ProcessEntry,
  type ProcessId,
  readProcesses,
  workDirectory,
  withDescendants,
} from './process-table.ts';

export interface MemberProcesses {
  readonly agent: readonly ProcessId[];
  /** What the agent runs and waits for, such as a clone. */
  readonly jobs: readonly ProcessId[];
  readonly guard: readonly ProcessId[];
  /** The postmaster first. */
  readonly postgres: readonly ProcessId[];
}

/** As they are at this moment; `agent` is undefined where none was started. */
export function memberProcesses(dataDir: string, agent: ProcessId | undefined): MemberProcesses {
  const all = readProcesses();
  const guard = all.filter((entry) => isGuardOf(entry, dataDir));
  const postgres = postgresTree(dataDir, all);
  const agentEntry = agent === undefined || !isAlive(agent) ? undefined : all.find(({ pid }) => pid === agent.pid);
  const own = agentEntry === undefined ? [] : withDescendants([agentEntry], all);
  const elsewhere = new Set([agentEntry, ...guard, ...postgres]);
  return {
    agent: agentEntry === undefined ? [] : [agentEntry],
    jobs: own.filter((entry) => !elsewhere.has(entry)),
    guard,
    postgres,
  };
}

export function allOf({ agent, jobs, guard, postgres }: MemberProcesses): readonly ProcessId[] {
  return [...agent, ...jobs, ...guard, ...postgres];
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
