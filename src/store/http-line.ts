// The connections to one endpoint: calls with a deadline over kept-alive connections, streams, and when it was last heard.
import http, { type Agent, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Clock } from '../ports/clock.ts';
import type { TlsFiles } from './etcd-options.ts';
import { reasonOf, sendRequest, type Ears, type Outgoing, type Request } from './http-request.ts';
import { readTls, tlsStamp } from './tls-material.ts';

export type Exchange =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string; readonly sentAtMs: number }
  | { readonly kind: 'notSent' | 'noAnswer'; readonly why: string };

/** More than etcd sends for any key layout of ours; a bound for what is not etcd. */
export const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
const IDLE_CONNECTIONS_MAX = 4;

/** Made of what the TLS files held at `stamp`. */
interface StampedAgent {
  readonly agent: Agent;
  readonly stamp: string;
}

export class HttpLine {
  readonly #url: URL;
  readonly #tls: TlsFiles | undefined;
  readonly #clock: Clock;
  readonly #agents = new Set<Agent>();
  readonly #troubleListeners = new Set<() => void>();
  #agent: StampedAgent | undefined;
  #heardAtMs = Number.NEGATIVE_INFINITY;

  constructor(endpoint: string, tls: TlsFiles | undefined, clock: Clock) {
    this.#url = new URL(endpoint);
    this.#tls = tls;
    this.#clock = clock;
  }

  get name(): string {
    return this.#url.origin;
  }

  /** Boot time of the last bytes from it. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  heard(): void {
    this.#heardAtMs = this.#clock.bootMs();
  }

  /** `onTrouble` is called after each exchange that got no answer. Returns what ends that. */
  whenInTrouble(onTrouble: () => void): () => void {
    this.#troubleListeners.add(onTrouble);
    return () => this.#troubleListeners.delete(onTrouble);
  }

  exchange(outgoing: Outgoing, deadlineMs: number): Promise<Exchange> {
    const startedMs = this.#clock.bootMs();
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (exchange: Exchange) => {
        if (isOver) return;
        isOver = true;
        cancel();
        if (exchange.kind !== 'answered') this.#onTrouble();
        resolve(exchange);
      };
      const fail = (why: string) => {
        finish({ kind: request.sentAtMs === undefined ? 'notSent' : 'noAnswer', why });
        request.abort();
      };
      const cancel = this.#clock.after(Math.max(0, deadlineMs - startedMs), () => {
        const waitedMs = Math.round(this.#clock.bootMs() - startedMs);
        fail(`${request.sentAtMs === undefined ? 'no connection' : 'no answer'} within ${waitedMs} ms`);
      });
      const request: Request = this.stream(outgoing, {
        onAnswer: (answer, sentAtMs) =>
          collect(answer, fail, (body) => {
            this.heard();
            finish({ kind: 'answered', status: answer.statusCode ?? 0, body, sentAtMs });
          }),
        onFailure: fail,
      });
    });
  }

  /** For an answer that does not end. Deadlines are the caller's. */
  stream(outgoing: Outgoing, ears: Ears): Request {
    const agent = this.#currentAgent();
    if (typeof agent === 'string') {
      const cancel = this.#clock.after(0, () => ears.onFailure(agent));
      return { sentAtMs: undefined, abort: cancel };
    }
    return sendRequest({ url: this.#url, agent, clock: this.#clock }, outgoing, ears);
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /** A text is the reason why there is none. */
  #currentAgent(): Agent | string {
    if (this.#agent !== undefined) return this.#agent.agent;
    const made = this.#newAgent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS_MAX });
    if (typeof made === 'string') return made;
    this.#agents.add(made.agent);
    this.#agent = made;
    return made.agent;
  }

  #newAgent(settings: http.AgentOptions): StampedAgent | string {
    if (this.#url.protocol === 'http:') return { agent: new http.Agent(settings), stamp: tlsStamp(this.#tls) };
    const tls = readTls(this.#tls);
    if (tls.kind === 'unusable') return tls.why;
    return { agent: new https.Agent({ ...settings, secureContext: tls.context }), stamp: tls.stamp };
  }

  #onTrouble(): void {
    const current = this.#agent;
    // What broke one connection has broken the idle ones too; the next try shall not wait to find that out.
    for (const sockets of Object.values(current?.agent.freeSockets ?? {}))
      for (const socket of sockets ?? []) socket.destroy();
    if (current !== undefined && current.stamp !== tlsStamp(this.#tls)) this.#agent = undefined;
    for (const onTrouble of this.#troubleListeners) onTrouble();
  }
}

function collect(answer: IncomingMessage, onBreak: (why: string) => void, onBody: (body: string) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > ANSWER_BYTES_MAX) onBreak(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
  });
  answer.on('end', () => onBody(Buffer.concat(chunks).toString('utf8')));
  answer.on('error', (error) => onBreak(reasonOf(error)));
}
