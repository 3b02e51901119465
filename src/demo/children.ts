// Starts programs and remembers each, so that at the end all of them can be stopped, and nothing else.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isAlive, type ProcessId, readProcess, signalProcess } from './process-table.ts';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Gets its output. */
  readonly logFile: string;
  /** What the kernel sends it when the demo itself is killed. */
  readonly whenWeDie: 'TERM' | 'KILL';
}

export interface Child {
  readonly id: ProcessId;
  /** How it ended, such as `code 1` or `SIGKILL`. */
  readonly ended: Promise<string>;
}

const POLL_MS = 50;

export class Children {
  readonly #running = new Set<ProcessId>();
  readonly #onChange: (started: readonly ProcessId[]) => void;
  readonly #setpriv = findProgram('setpriv');

  constructor(onChange: (started: readonly ProcessId[]) => void) {
    this.#onChange = onChange;
  }

  /** In a session of its own: a Ctrl-C in our terminal is for us to act on. */
  async start(program: Program): Promise<Child> {
    const logFd = openSync(program.logFile, 'a', 0o600);
    const [command, ...args] = this.#commandLine(program);
    const child = spawn(command, args, { cwd: '/', detached: true, stdio: ['ignore', logFd, logFd] });
    closeSync(logFd);
    const id = await identify(child);
    this.#running.add(id);
    this.#onChange([...this.#running]);
    const ended = endOf(child).finally(() => {
      this.#running.delete(id);
      this.#onChange([...this.#running]);
    });
    return { id, ended };
  }

  #commandLine({ command, args, whenWeDie }: Program): [string, ...string[]] {
    if (this.#setpriv === undefined) return [command, ...args];
    return [this.#setpriv, '--pdeathsig', whenWeDie, '--', command, ...args];
  }
}

/** The program on PATH; undefined: there is none. */
export function findProgram(name: string): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).filter((dir) => dir.startsWith('/'));
  return paths.map((dir) => join(dir, name)).find(isExecutable);
}

/** Whether all of them ended in time. */
export async function waitForEnd(ids: readonly ProcessId[], budgetMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + budgetMs;
  while (ids.some(isAlive)) {
    if (performance.now() >= deadlineMs) return false;
    await pause(POLL_MS);
  }
  return true;
}

export function signalAll(ids: readonly ProcessId[], name: NodeJS.Signals): void {
  for (const id of ids) signalProcess(id, name);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Rejects when the program cannot be started at all. */
async function identify(child: ChildProcess): Promise<ProcessId> {
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid ?? 0;
  // A child that ended already stands for itself: no other process can have this start time.
  return { pid, startTicks: readProcess(pid)?.startTicks ?? -1 };
}

function endOf(child: ChildProcess): Promise<string> {
  const told = (code: number | null, signal: NodeJS.Signals | null): string => signal ?? `code ${code}`;
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(told(child.exitCode, child.signalCode));
    child.once('exit', (code, signal) => resolve(told(code, signal)));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
