import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { GuardClient } from '../../../src/agent/guard/guard-client.ts';
import { findPrey } from '../../../src/guard/kill-directory.ts';
import { readProcess } from '../../../src/guard/process-table.ts';
import { openUptimeClock } from '../../../src/guard/uptime-clock.ts';
import type { PostmasterId } from '../../../src/core/model/local-postgres.ts';
import type { GuardAnswer, GuardOrder } from '../../../src/ports/guard.ts';

export const program = fileURLToPath(new URL('../../../dist/guard/main.js', import.meta.url));
const agentFixture = fileURLToPath(new URL('fixtures/pushing-agent.mjs', import.meta.url));
export const bootMs = openUptimeClock();

/** What else the agent does: nothing, one push only, or what ends in an exhausted heap or an exhausted machine. */
export type AgentMode = 'push' | 'once' | 'fill-heap' | 'fill-memory';

/** A data directory with a guard of its own, and everything that a test started for it. */
export class GuardRig {
  readonly dataDir: string;
  readonly stateDir: string;
  readonly client: GuardClient;
  readonly #root: string;
  readonly #children: ChildProcess[] = [];
  readonly troubles: string[] = [];

  constructor(longPath = false) {
    this.#root = realpathSync(mkdtempSync(join(tmpdir(), 'kornak-guard-')));
    this.dataDir = join(this.#root, 'data');
    this.stateDir = join(this.#root, longPath ? 's'.repeat(150) : 'data.kornak');
    mkdirSync(this.dataDir);
    mkdirSync(this.stateDir, { mode: 0o700 });
    this.client = new GuardClient({ dataDir: this.dataDir, stateDir: this.stateDir, program }, (text) =>
      this.troubles.push(text),
    );
  }

  get log(): string {
    const file = join(this.stateDir, 'guard.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  get guardPid(): number {
    const pid = Number(readFileSync(join(this.stateDir, 'guard.lock'), 'utf8'));
    // 0 would be our own process group.
    if (pid < 2) throw new Error('the guard has not noted its pid yet');
    return pid;
  }

  /** A directory as PostgreSQL leaves it, as far as the guard looks. */
  holdsCluster(): void {
    writeFileSync(join(this.dataDir, 'PG_VERSION'), '15\n');
  }

  hasStandbySignal(): boolean {
    return existsSync(join(this.dataDir, 'standby.signal'));
  }

  /** A shell by PostgreSQL's name in the data directory, with children there and elsewhere: a stand-in for a postmaster. `before` it waits for them it does that. */
  startTree(children = 3, before = ':'): PostmasterId {
    const server = join(this.#root, 'postgres');
    const sleeper = join(this.#root, 'postgres-child');
    copyFileSync(realpathSync('/bin/sh'), server);
    copyFileSync(realpathSync('/bin/sleep'), sleeper);
    const inside = `setsid ${sleeper} 600 & `.repeat(children);
    return this.#start(server, ['-c', `${inside} (cd / && exec sleep 600) & ${before}; wait`], this.dataDir);
  }

  /** A process that works somewhere else. */
  startStranger(): PostmasterId {
    return this.#start('sleep', ['600'], this.#root);
  }

  /** An agent of its own process that pushes deadlines `ttlMs` ahead; `within` is a command that runs it. */
  startAgent(
    postmaster: PostmasterId,
    ttlMs: number,
    mode: AgentMode = 'push',
    within: readonly string[] = [],
  ): ChildProcess {
    const args = [this.dataDir, this.stateDir, program, '7', ttlMs, postmaster.pid, postmaster.startTicks, mode];
    const [file = '', ...rest] = [
      ...within,
      process.execPath,
      '--max-old-space-size=64',
      agentFixture,
      ...args.map(String),
    ];
    const agent = spawn(file, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.push(agent);
    return agent;
  }

  #start(file: string, args: readonly string[], cwd: string): PostmasterId {
    const child = spawn(file, args, { cwd, stdio: 'ignore' });
    this.#children.push(child);
    const { pid, startTicks } = present(readProcess(present(child.pid)));
    return { pid, startTicks };
  }

  order(postmaster: PostmasterId | undefined, aheadMs: number, reign = 7): GuardOrder {
    return { postmaster, reign, leaseId: 'l1', deadlineMs: bootMs() + aheadMs };
  }

  /** How many processes work in the data directory or descend from those. */
  working(): number {
    return findPrey({ dataDir: this.dataDir, postmaster: undefined }).length;
  }

  /** Until an agent has its first order in force. */
  async armed(): Promise<void> {
    await until(() => this.log.includes('armed for reign') || undefined);
  }

  /** Asks until the guard has ended what it does about an earlier deadline. */
  async armedFor(order: GuardOrder): Promise<void> {
    await until(async () => {
      const answer = await this.client.arm(order, 1_000);
      return (
        (answer.kind === 'ok' && answer.state.kind === 'armed' && answer.state.order.reign === order.reign) || undefined
      );
    });
  }

  async fired(): Promise<GuardAnswer> {
    return until(async () => {
      const answer = await this.client.state(1_000);
      return answer.kind === 'ok' && answer.state.kind === 'fired' && answer.state.left === 0 ? answer : undefined;
    });
  }

  async dispose(): Promise<void> {
    for (const entry of findPrey({ dataDir: this.dataDir, postmaster: undefined })) kill(entry.pid, 'SIGKILL');
    const lock = join(this.stateDir, 'guard.lock');
    const guard = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : undefined;
    for (const child of this.#children) if (child.pid !== undefined && child.exitCode === null) child.kill('SIGKILL');
    if (guard !== undefined && guard > 1) kill(guard, 'SIGKILL');
    this.client.close();
    await until(() => this.working() === 0 || undefined);
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

export function isAlive(pid: number): boolean {
  const entry = readProcess(pid);
  return entry !== undefined && !entry.dead;
}

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing');
  return value;
}

/** Waits for a state, not for a time; the limit only ends a test that has failed. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>, limitMs = 20_000): Promise<T> {
  const endMs = bootMs() + limitMs;
  while (bootMs() < endMs) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error('waited in vain');
}

/** Printed for people: no test depends on how fast it was. */
export function printReaction(what: string, deadlineMs: number): void {
  process.stdout.write(`${what}: nothing left ${Math.round(bootMs() - deadlineMs)} ms after the deadline\n`);
}
