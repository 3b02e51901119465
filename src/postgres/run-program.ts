import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { childEnvironment } from './child-environment.ts';
import { asAccount } from './command.ts';
import { atMost, type Deadline, remainingMs } from './deadline.ts';
import type { SystemAccount } from './options.ts';
import { spawned } from './spawned.ts';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly runAs: SystemAccount | undefined;
  readonly deadline: Deadline;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly onStdout?: (chunk: string) => void;
  readonly onStderr?: (chunk: string) => void;
}

export interface ProgramResult {
  readonly kind: 'exited' | 'notStarted' | 'timedOut' | 'cancelled';
  readonly code: number | null;
  /** The last 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const OUTPUT_CHARS_MAX = 65_536;
/** Between asking a program to end and ending it. */
const GRACE_MS = 2_000;

/** Runs a program to its end, or ends it with all its children at the deadline. Never throws. */
export async function runProgram(run: ProgramRun): Promise<ProgramResult> {
  const [program, args] = asAccount(run.runAs, run.program, run.args);
  const env = childEnvironment(process.env, run.runAs !== undefined, run.env);
  // In a group of its own, so that its children can be ended with it. Not in the data directory: kill() ends what works there.
  const child = spawned(() => spawn(program, args, { cwd: '/', env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] }));
  if (typeof child === 'string') return { kind: 'notStarted', code: null, stdout: '', stderr: child };
  return new Promise((resolve) => {
    let [stdout, stderr] = ['', ''];
    let end: 'exited' | 'timedOut' | 'cancelled' = 'exited';
    const stop = watchEnd(child, run.deadline, (why) => {
      end = why;
    });
    const settle = (kind: ProgramResult['kind'], code: number | null): void => {
      stop();
      resolve({ kind, code, stdout, stderr });
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout = (stdout + chunk).slice(-OUTPUT_CHARS_MAX);
      run.onStdout?.(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = (stderr + chunk).slice(-OUTPUT_CHARS_MAX);
      run.onStderr?.(chunk);
    });
    child.stdin.on('error', () => {}); // It ended without reading: its exit code tells.
    child.stdin.end(run.input ?? '');
    child.on('error', (error) => {
      stderr = error.message;
      settle('notStarted', null);
    });
    child.on('close', (code) => settle(end, code));
  });
}

function watchEnd(child: Child, deadline: Deadline, onEnd: (why: 'timedOut' | 'cancelled') => void): () => void {
  let cancelKill = (): void => {};
  const end = (why: 'timedOut' | 'cancelled'): void => {
    onEnd(why);
    signalGroup(child, 'SIGTERM');
    cancelKill = deadline.clock.after(GRACE_MS, () => {
      signalGroup(child, 'SIGKILL');
      // A grandchild that left the group may hold the pipes for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    });
  };
  const onAbort = (): void => end('cancelled');
  const cancelTimer = deadline.clock.after(remainingMs(deadline), () => end('timedOut'));
  if (deadline.signal.aborted) onAbort();
  else deadline.signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    cancelTimer();
    cancelKill();
    deadline.signal.removeEventListener('abort', onAbort);
  };
}

function signalGroup(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // All of it is gone.
  }
}

/** What a failed program said, in a few lines, for a message. */
export function programFailure(name: string, result: ProgramResult): string {
  const said = lastLines(result.stderr === '' ? result.stdout : result.stderr, 8);
  if (result.kind === 'notStarted') return `${name} could not be started: ${said}`;
  if (result.kind === 'timedOut') return `${name} did not end in time and was ended; it had said: ${said}`;
  if (result.kind === 'cancelled') return `${name} was cancelled`;
  return `${name} failed (exit code ${result.code ?? 'none'}): ${said}`;
}

export function lastLines(text: string, count: number): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n');
}

/** A question to a program that answers at once; undefined where it does not. */
export async function askProgram(run: ProgramRun): Promise<string | undefined> {
  const result = await runProgram({ ...run, deadline: atMost(run.deadline, 5_000) });
  return result.kind === 'exited' && result.code === 0 ? result.stdout : undefined;
}
