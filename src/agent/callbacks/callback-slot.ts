import { spawn } from 'node:child_process';
import type { Log } from '../../ports/log.ts';
import { childEnvironment } from '../../postgres/child-environment.ts';
import { spawned } from '../../postgres/spawned.ts';
import { killTree } from './kill-tree.ts';

export interface CallbackProgram {
  /** on_start, on_stop … with the role, for the log. */
  readonly title: string;
  readonly words: readonly string[];
  readonly timeoutMs: number;
}

/** Kept of what a program writes, from its end. */
const OUTPUT_CHARS_MAX = 2_000;
/** What it left open may hold its output for ever. */
const OUTPUT_WAIT_MS = 200;

interface Running {
  readonly title: string;
  readonly pid: number | undefined;
  /** Why it was ended; undefined: it was not. */
  ended: string | undefined;
}

/** Runs one program at a time: the next ends the one before it, and waits until that is gone. */
export class CallbackSlot {
  readonly #log: Log;
  #running: Running | undefined;
  #next: CallbackProgram | undefined;
  #onIdle: (() => void)[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  call(program: CallbackProgram): void {
    if (this.#next !== undefined)
      this.#log.log('WARNING', `callback ${this.#next.title}: left out for ${program.title}`);
    this.#next = program;
    if (this.#running === undefined) this.#startNext();
    else this.#end(`ended for ${program.title}`);
  }

  /** Resolves once nothing runs; what still does after `withinMs` is ended, and not waited for. */
  async close(withinMs: number): Promise<void> {
    if (this.#running === undefined) return;
    const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([idle, late]);
    clearTimeout(timer);
    this.#end('ended with the agent');
  }

  #end(why: string): void {
    const running = this.#running;
    if (running?.pid === undefined) return;
    running.ended ??= why;
    killTree(running.pid);
  }

  #startNext(): void {
    const program = this.#next;
    this.#next = undefined;
    if (program === undefined) {
      for (const resolve of this.#onIdle.splice(0)) resolve();
      return;
    }
    this.#start(program);
  }

  #start({ title, words, timeoutMs }: CallbackProgram): void {
    const [command = '', ...args] = words;
    const startedMs = performance.now();
    const env = childEnvironment(process.env, false);
    const child = spawned(() => spawn(command, args, { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] }));
    if (typeof child === 'string') {
      this.#log.log('WARNING', `callback ${title}: could not be started: ${child}`);
      return this.#startNext();
    }
    const running: Running = { title, pid: child.pid, ended: undefined };
    this.#running = running;
    this.#log.log('INFO', `callback ${title}: starts`, { program: command });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        said = (said + chunk).slice(-OUTPUT_CHARS_MAX);
      });
    }
    const timer = setTimeout(() => this.#end(`ended after ${timeoutMs} ms, its time`), timeoutMs);
    let isOver = false;
    const settle = (result: string, isGood: boolean): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      const tookMs = Math.round(performance.now() - startedMs);
      const output = said.trim() === '' ? {} : { said: said.trim() };
      this.#log.log(isGood ? 'INFO' : 'WARNING', `callback ${title}: ${result}`, { tookMs, ...output });
      this.#running = undefined;
      this.#startNext();
    };
    const end = (code: number | null, signal: NodeJS.Signals | null): void =>
      settle(running.ended ?? `exit code ${code ?? `none (${signal ?? 'no signal'})`}`, code === 0);
    child.on('error', (error) => settle(`could not be started: ${error.message}`, false));
    child.on('exit', (code, signal) => setTimeout(() => end(code, signal), OUTPUT_WAIT_MS).unref());
    child.on('close', end);
  }
}
