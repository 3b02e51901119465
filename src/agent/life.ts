// From a prepared place to the exit code: what signals do, and what happens when something breaks.
import type { AgentLog } from './agent-log.ts';
import { type Agent, compose } from './compose.ts';
import type { LiveConfig } from './live-config.ts';
import { leavePlace, type Place } from './prepare.ts';
import { Refusal } from './refusal.ts';
import { reload } from './reload.ts';

export interface Life {
  /** Of the configuration, for a reload. */
  readonly paths: readonly string[];
  readonly config: LiveConfig;
  readonly place: Place;
  readonly log: AgentLog;
}

const exitStopped = 0;
const exitBroken = 70;
const flushMs = 1_000;

/** Resolves with the exit code; rejects with a Refusal where the agent must not start. */
export async function live({ paths, config, place, log }: Life): Promise<number> {
  dieOfTheUnexpected(log);
  const ended = promised<number>();
  const readAgain = (): void => void reload(paths, config, agent.runtime, log);
  const agent: Agent = compose(config, place, log, { onExit: ended.resolve, onReload: readAgain });
  const stopping = stopOnSignals(agent, log, () => ended.resolve(exitStopped));
  process.on('SIGHUP', readAgain);
  try {
    // Whoever waits for a silent store can still be asked to stop.
    await Promise.race([agent.start(() => stopping.isAsked), ended.promise]);
    stopping.isStarted = true;
    return await ended.promise;
  } catch (error) {
    if (error instanceof Refusal) leavePlace(place);
    throw error;
  } finally {
    await agent.close();
  }
}

interface Stopping {
  isAsked: boolean;
  /** The loop runs, and it is for it to stop PostgreSQL. */
  isStarted: boolean;
}

/** The first signal asks; further ones only say so again. Nobody kills PostgreSQL by impatience. */
function stopOnSignals(agent: Agent, log: AgentLog, stopNow: () => void): Stopping {
  const stopping: Stopping = { isAsked: false, isStarted: false };
  const stop = (signal: string): void => {
    log.log('INFO', stopping.isAsked ? `${signal}: stopping already` : `${signal}: stopping`);
    if (stopping.isAsked) return;
    stopping.isAsked = true;
    if (stopping.isStarted) void agent.runtime.requestShutdown();
    else stopNow();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  return stopping;
}

/** An error that nobody foresaw: nothing is renewed any more, and the guard ends PostgreSQL unless another agent adopts it. */
function dieOfTheUnexpected(log: AgentLog): void {
  const die = async (error: unknown): Promise<void> => {
    log.log('ERROR', `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    await log.flush(flushMs);
    process.exit(exitBroken);
  };
  process.on('uncaughtException', (error) => void die(error));
  process.on('unhandledRejection', (reason) => void die(reason));
}

interface Promised<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function promised<T>(): Promised<T> {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}
