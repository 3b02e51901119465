// Runs the agent as a child and starts it again when it crashes, soon enough to be back within its leader lease. It knows
// nothing of the cluster: PostgreSQL, its guard and the lease are found by the agent that comes next.
import { type ChildProcess, spawn } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { restartDelayMs, steadyMs } from './restart-delay.ts';

export interface Supervision {
  /** The agent's program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Where the signals that we get are told. */
  readonly signals: Pick<EventEmitter, 'on'>;
  readonly say: (text: string) => void;
}

/** How a process ended: by itself, by a signal, or before it began. */
type End =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'unstarted'; readonly why: string };

/** Stopped in order, or refused to start: what was wrong then will be wrong again. */
const finalCodes: readonly number[] = [0, 1];
const exitBroken = 70;
const stopSignals = ['SIGTERM', 'SIGINT'] as const;

/** The exit code: that of the last agent, 70 where it has none. Signals are the agent's; one that stops also ends the wait for the next. */
export async function supervise({ command, signals, say }: Supervision): Promise<number> {
  const stopping = new AbortController();
  let agent: ChildProcess | undefined;
  const onStop = (signal: NodeJS.Signals): void => {
    stopping.abort(signal);
    agent?.kill(signal);
  };
  for (const signal of stopSignals) signals.on(signal, onStop);
  signals.on('SIGHUP', () => agent?.kill('SIGHUP'));
  for (let crashes = 0; ;) {
    const startedMs = performance.now();
    agent = startAgent(command);
    const end = await endOf(agent);
    agent = undefined;
    if (end.kind === 'code' && finalCodes.includes(end.code)) return end.code;
    if (stopping.signal.aborted) return codeWhenStopped(end, stopping.signal.reason);
    crashes = performance.now() - startedMs >= steadyMs ? 1 : crashes + 1;
    const delayMs = restartDelayMs(crashes);
    say(`The agent ${textOf(end)}: starting it again${delayMs === 0 ? '' : ` in ${delayMs} ms`}`);
    await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    if (!stopping.signal.aborted) continue;
    say('Asked to stop while no agent runs: if PostgreSQL does, its guard ends it once the leader lease is over');
    return exitBroken;
  }
}

/** In a session of its own: what a terminal sends to all that it started reaches the agent once, from us. */
function startAgent([program, ...args]: Supervision['command']): ChildProcess {
  return spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
}

function endOf(agent: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    agent.once('error', ({ message }) => resolve({ kind: 'unstarted', why: message }));
    agent.once('exit', (code, signal) =>
      resolve(code === null ? { kind: 'signal', signal: signal ?? 'a signal' } : { kind: 'code', code }),
    );
  });
}

/** An agent that the signal reached before it listened has nothing to stop yet. */
function codeWhenStopped(end: End, sent: unknown): number {
  if (end.kind === 'code') return end.code;
  return end.kind === 'signal' && end.signal === sent ? 0 : exitBroken;
}

function textOf(end: End): string {
  if (end.kind === 'code') return `ended with exit code ${end.code}`;
  return end.kind === 'signal' ? `was ended by ${end.signal}` : `could not be started (${end.why})`;
}
