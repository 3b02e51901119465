import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, LogLevel } from '../ports/log.ts';
import { jsonLine, plainLine } from './log-line.ts';

export interface LogSettings {
  readonly level: string;
  readonly type: 'plain' | 'json';
}

const waitingMax = 1_000;
const writeAgainMs = 20;
const ranks: Readonly<Record<string, number>> = {
  DEBUG: 0,
  INFO: 1,
  WARN: 2,
  WARNING: 2,
  ERROR: 3,
  FATAL: 3,
  CRITICAL: 3,
};

/**
 * Lines on a file descriptor, written outside the event loop: a terminal or a pipe that nobody reads never makes the agent wait.
 * What does not fit into the queue is counted, and the count is told once lines get through again.
 */
export class AgentLog implements Log {
  readonly #fd: number;
  #settings: LogSettings;
  #waiting: string[] = [];
  #isWriting = false;
  #dropped = 0;

  constructor(settings: LogSettings, fd = 2) {
    this.#settings = settings;
    this.#fd = fd;
  }

  configure(settings: LogSettings): void {
    this.#settings = settings;
  }

  log(level: LogLevel, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (rank(level) < rank(this.#settings.level)) return;
    if (this.#waiting.length >= waitingMax) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(this.#line(level, text, fields));
    if (!this.#isWriting) this.#writeNext();
  }

  /** Until all is written, at most for so long. */
  async flush(budgetMs: number): Promise<void> {
    const endMs = performance.now() + budgetMs;
    while (this.#isWriting && performance.now() < endMs) await sleep(5);
  }

  #line(level: LogLevel, text: string, fields: Readonly<Record<string, unknown>>): string {
    const record = { at: new Date(), level, text, fields };
    return this.#settings.type === 'json' ? jsonLine(record) : plainLine(record);
  }

  #writeNext(): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0) this.#waiting.push(this.#line('WARNING', `${dropped} log lines were dropped`, {}));
    const lines = this.#waiting;
    this.#waiting = [];
    this.#isWriting = lines.length > 0;
    if (this.#isWriting) this.#write(Buffer.from(lines.join('')));
  }

  #write(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      const rest = error === null ? bytes.subarray(written) : bytes;
      // A pipe that somebody made non-blocking is full; any other error: nobody reads this any more.
      if (error !== null && error.code === 'EAGAIN') setTimeout(() => this.#write(rest), writeAgainMs);
      else if (error === null && rest.length > 0) this.#write(rest);
      else this.#writeNext();
    });
  }
}

function rank(level: string): number {
  return ranks[level] ?? 1;
}
