import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../ports/clock.ts';
import { childEnvironment } from '../child-environment.ts';
import { spawned } from '../spawned.ts';
import { type DirectoryFacts, type DiskReply, type DiskRequest, LINE_CHARS_MAX, type WriteProbe } from './protocol.ts';

type Child = ChildProcessByStdio<Writable, Readable, null>;
type Question = DiskRequest extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;

const SMALL_NODE = ['--max-old-space-size=24', '--max-semi-space-size=1', '--single-threaded', '--v8-pool-size=0'];
/** Each of its threads may hang in a call of its own: one for each directory and one for looking, with some to spare. */
const THREADS = '12';
const START_AGAIN_MS = 1_000;
/** A helper that does not run at all is ended, and another one started. */
const SILENT_MS = 3_000;

/** The line to the helper process. A question is never withdrawn: it is answered when the disk answers, or when the helper ends. */
export class DiskHelper {
  readonly #program: string;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (reply: DiskReply | undefined) => void>();
  #child: Child | undefined;
  #startedMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  #rest = '';
  #isClosed = false;

  constructor(program: string, clock: Clock) {
    this.#program = program;
    this.#clock = clock;
    this.#start();
  }

  /** When the helper last said that it runs, on the boot clock. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** undefined: the helper ended meanwhile, or does not run. Rejects where the directory cannot be read. */
  async look(dataDir: string, stateDir: string): Promise<DirectoryFacts | undefined> {
    const reply = await this.#ask({ op: 'look', dataDir, stateDir });
    if (reply !== undefined && 'failed' in reply) throw new Error(reply.failed);
    return reply !== undefined && 'facts' in reply ? reply.facts : undefined;
  }

  async write(dir: string): Promise<WriteProbe | undefined> {
    const reply = await this.#ask({ op: 'write', dir });
    if (reply !== undefined && 'failed' in reply) return { code: 'unknown', why: reply.failed };
    return reply !== undefined && 'probe' in reply ? reply.probe : undefined;
  }

  /** Ends a helper that does not run; to be called now and then. */
  check(): void {
    const nowMs = this.#clock.bootMs();
    if (this.#child === undefined) this.#start();
    else if (nowMs - Math.max(this.#heardMs, this.#startedMs) > SILENT_MS) this.#child.kill('SIGKILL');
  }

  close(): void {
    this.#isClosed = true;
    this.#child?.stdin.destroy();
    this.#child?.kill('SIGKILL');
  }

  #ask(question: Question): Promise<DiskReply | undefined> {
    this.check();
    const child = this.#child;
    if (child === undefined) return Promise.resolve(undefined);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
    });
  }

  #start(): void {
    const nowMs = this.#clock.bootMs();
    if (this.#isClosed || nowMs - this.#startedMs < START_AGAIN_MS) return;
    this.#startedMs = nowMs;
    this.#rest = '';
    const env = { ...childEnvironment(process.env, false), UV_THREADPOOL_SIZE: THREADS, NODE_OPTIONS: '' };
    const args = [...SMALL_NODE, this.#program];
    const child = spawned(() => spawn(process.execPath, args, { cwd: '/', env, stdio: ['pipe', 'pipe', 'ignore'] }));
    if (typeof child === 'string') return;
    this.#child = child;
    child.stdin.on('error', () => {}); // Its end is told below.
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#hear(child, chunk));
    child.on('error', () => this.#ended(child));
    child.on('exit', () => this.#ended(child));
    child.unref();
  }

  #hear(child: Child, chunk: string): void {
    if (this.#child !== child) return;
    this.#heardMs = this.#clock.bootMs();
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_CHARS_MAX) child.kill('SIGKILL');
    for (const line of lines) this.#deliver(JSON.parse(line) as DiskReply);
  }

  #deliver(reply: DiskReply): void {
    const settle = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    settle?.(reply);
  }

  #ended(child: Child): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle(undefined);
  }
}
