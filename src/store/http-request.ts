// One HTTP request, of which it is known whether it may have reached the other side: nothing of it is written before
// the connection stands (with TLS: before the handshake is done), so a failure before that is certainly without effect.
import http, { type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../ports/clock.ts';

export interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One of them is called, once; neither after abort(). */
export interface Ears {
  onAnswer(answer: IncomingMessage, sentAtMs: number): void;
  onFailure(why: string): void;
}

export interface Request {
  /** Undefined: not a byte of it has left. */
  readonly sentAtMs: number | undefined;
  abort(): void;
}

export interface Route {
  readonly url: URL;
  readonly agent: Agent;
  readonly clock: Clock;
}

export function sendRequest(route: Route, outgoing: Outgoing, ears: Ears): Request {
  return new HttpRequest(route, outgoing, ears);
}

/** For the kernel to notice a machine that went away, on connections over which nothing is said. */
const TCP_KEEPALIVE_MS = 5_000;

class HttpRequest implements Request {
  #sentAtMs: number | undefined;
  #isOver = false;
  readonly #request: ClientRequest;

  constructor(route: Route, outgoing: Outgoing, ears: Ears) {
    const { protocol, hostname, port } = route.url;
    const secure = protocol === 'https:';
    const { method, path, headers } = outgoing;
    // A URL has an IPv6 address in brackets, a socket wants it without.
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const request = (secure ? https : http).request({ host, port, method, path, headers, agent: route.agent });
    this.#request = request;
    const write = () => {
      if (this.#isOver) return;
      this.#sentAtMs = route.clock.bootMs();
      request.end(outgoing.body);
    };
    request.on('socket', (socket: Socket) => {
      socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
      if (request.reusedSocket) write();
      else socket.once(secure ? 'secureConnect' : 'connect', write);
    });
    request.on('response', (answer) => {
      if (this.#finish()) ears.onAnswer(answer, this.#sentAtMs ?? route.clock.bootMs());
      else answer.destroy();
    });
    request.on('error', (error) => {
      if (this.#finish()) ears.onFailure(reasonOf(error));
    });
  }

  get sentAtMs(): number | undefined {
    return this.#sentAtMs;
  }

  abort(): void {
    this.#isOver = true;
    this.#request.destroy();
  }

  /** False: it was over already. */
  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    return true;
  }
}

/** What Node calls these says less to people. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed by the other side',
  EPIPE: 'connection closed by the other side',
  ENOTFOUND: 'unknown host name',
  EAI_AGAIN: 'host name cannot be looked up now',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'no route to network',
  ETIMEDOUT: 'connection timed out',
};

export function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return reasons[code] ?? (error.message || code || 'connection failed');
}
