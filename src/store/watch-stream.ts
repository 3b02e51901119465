// One watch on one endpoint, from opening it to its end.
import type { IncomingMessage } from 'node:http';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Revision } from '../ports/store.ts';
import type { Gateway } from './gateway.ts';
import { replyFrom } from './gateway-reply.ts';
import { ANSWER_BYTES_MAX } from './http-line.ts';
import { reasonOf, type Request } from './http-request.ts';
import { prefixRange } from './key-range.ts';
import { watchMessageFrom, type WatchMessage } from './watch-message.ts';

/** Until the endpoint has confirmed that it watches: later than that it hangs or is not what it should be. */
const CREATED_MS_MAX = 2_000;

export interface WatchRequest {
  readonly prefix: string;
  readonly startRevision: Revision;
}

/** Gets every message of the stream; `compacted` or `broken` is the last, once. None comes after close(). */
export type OnMessage = (message: WatchMessage) => void;

export class WatchStream {
  readonly #gateway: Gateway;
  readonly #clock: Clock;
  readonly #onMessage: OnMessage;
  readonly #cancelDeadline: CancelTimer;
  #request: Request | undefined;
  #isOver = false;

  constructor(gateway: Gateway, clock: Clock, watch: WatchRequest, onMessage: OnMessage) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#onMessage = onMessage;
    this.#cancelDeadline = clock.after(CREATED_MS_MAX, () => this.#break(`no watch within ${CREATED_MS_MAX} ms`));
    void this.#open(watch);
  }

  close(): void {
    this.#isOver = true;
    this.#cancelDeadline();
    this.#request?.abort();
  }

  async #open(watch: WatchRequest): Promise<void> {
    const body = { create_request: { ...prefixRange(watch.prefix), start_revision: String(watch.startRevision) } };
    const opened = await this.#gateway.stream('/watch', body, this.#clock.bootMs() + CREATED_MS_MAX, {
      onAnswer: (answer) => this.#read(answer),
      onFailure: (why) => this.#break(why),
    });
    if ('kind' in opened) return this.#break(opened.why);
    this.#request = opened;
    if (this.#isOver) opened.abort();
  }

  #read(answer: IncomingMessage): void {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      this.#gateway.line.heard();
      text += chunk;
      if (answer.statusCode === 200) text = this.#takeLines(text);
      if (text.length > ANSWER_BYTES_MAX) this.#break('a watch message without an end');
    });
    answer.on('end', () => this.#break(text === '' ? 'the watch was ended' : whyRefused(answer.statusCode ?? 0, text)));
    answer.on('error', (error) => this.#break(reasonOf(error)));
  }

  /** Returns what is left behind the last complete line. */
  #takeLines(text: string): string {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#deliver(watchMessageFrom(line));
    return rest;
  }

  #deliver(message: WatchMessage): void {
    if (this.#isOver) return;
    if (message.kind === 'broken') return this.#break(message.why);
    if (message.kind === 'created') this.#cancelDeadline();
    if (message.kind === 'compacted') this.close();
    this.#onMessage(message);
  }

  #break(why: string): void {
    if (this.#isOver) return;
    this.close();
    // So that the next try logs in anew.
    this.#gateway.forgetRefusedToken(why);
    this.#onMessage({ kind: 'broken', why: `${this.#gateway.name}: ${this.#gateway.withoutSecrets(why)}` });
  }
}

function whyRefused(status: number, text: string): string {
  const reply = replyFrom({ kind: 'answered', status, body: text, sentAtMs: 0 });
  return reply.kind === 'ok' ? 'the watch ended within a message' : reply.why;
}
