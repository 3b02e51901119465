// The JSON gateway of one endpoint: finds its path prefix, logs in where needed, and sends calls and streams.
import { gatewayPrefix } from './gateway-prefix.ts';
import { isAuthOff, wantsNewToken } from './gateway-error.ts';
import { replyFrom, type Reply } from './gateway-reply.ts';
import type { Ears, Outgoing, Request } from './http-request.ts';
import type { Exchange, HttpLine } from './http-line.ts';
import type { JsonRecord } from './json-record.ts';
import type { Login } from './login.ts';

type Failure = Exclude<Reply, { kind: 'ok' }>;

export class Gateway {
  readonly line: HttpLine;
  readonly #login: Login;
  #prefix: string | undefined;

  constructor(line: HttpLine, login: Login) {
    this.line = line;
    this.#login = login;
  }

  get name(): string {
    return this.line.name;
  }

  /** `path` without the prefix. A failure before the call itself is sent counts as not sent. */
  async call(path: string, body: JsonRecord, deadlineMs: number): Promise<Reply> {
    const reply = await this.#callWithLogin(path, body, deadlineMs);
    return reply.kind === 'ok' ? reply : { ...reply, why: this.#login.withoutSecrets(reply.why) };
  }

  /** Opens a stream, or says what is in the way. */
  async stream(path: string, body: JsonRecord, deadlineMs: number, ears: Ears): Promise<Request | Failure> {
    const obstacle = await this.#prepare(deadlineMs);
    if (obstacle !== undefined) return { ...obstacle, why: this.#login.withoutSecrets(obstacle.why) };
    return this.line.stream(this.#outgoing(path, body), ears);
  }

  /** The cheapest question there is: answered without raft, it proves that process and network are alive. */
  isAlive(deadlineMs: number): Promise<Exchange> {
    return this.line.exchange(versionRequest, deadlineMs);
  }

  /** Tells it what a stream got to hear; true when a new try with a new token may succeed. */
  forgetRefusedToken(message: string): boolean {
    if (!wantsNewToken(message) || this.#login.credentials === undefined) return false;
    this.#login.forget(this.#login.token);
    return true;
  }

  withoutSecrets(text: string): string {
    return this.#login.withoutSecrets(text);
  }

  async #callWithLogin(path: string, body: JsonRecord, deadlineMs: number): Promise<Reply> {
    const reply = await this.#callOnce(path, body, deadlineMs);
    if (reply.kind !== 'rejected' || !this.forgetRefusedToken(reply.why)) return reply;
    return this.#callOnce(path, body, deadlineMs);
  }

  async #callOnce(path: string, body: JsonRecord, deadlineMs: number): Promise<Reply> {
    const obstacle = await this.#prepare(deadlineMs);
    if (obstacle !== undefined) return obstacle;
    const exchange = await this.line.exchange(this.#outgoing(path, body), deadlineMs);
    // The endpoint may have been upgraded to a version that serves another prefix.
    if (exchange.kind === 'answered' && exchange.status === 404) this.#prefix = undefined;
    return replyFrom(exchange);
  }

  async #prepare(deadlineMs: number): Promise<Failure | undefined> {
    if (this.#prefix === undefined) {
      const exchange = await this.line.exchange(versionRequest, deadlineMs);
      if (exchange.kind !== 'answered') return { kind: 'failed', sent: false, why: exchange.why };
      const found = gatewayPrefix(exchange.body);
      if (found.kind === 'tooOld') return { kind: 'failed', sent: false, why: found.why };
      this.#prefix = found.prefix;
    }
    return this.#logIn(deadlineMs);
  }

  async #logIn(deadlineMs: number): Promise<Failure | undefined> {
    const due = this.#login.due();
    if (due === undefined) return undefined;
    const body = { name: due.username, password: due.password };
    const reply = replyFrom(await this.line.exchange(this.#outgoing('/auth/authenticate', body), deadlineMs));
    if (reply.kind === 'failed') return { ...reply, sent: false, why: `login: ${reply.why}` };
    if (reply.kind === 'rejected') {
      if (!isAuthOff(reply.why)) return { kind: 'rejected', why: `login as ${due.username}: ${reply.why}` };
      this.#login.rememberOff();
      return undefined;
    }
    const token = reply.body['token'];
    // It becomes a header, which may not hold everything.
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
      return { kind: 'failed', sent: false, why: 'login: no token in the answer' };
    this.#login.remember(token);
    return undefined;
  }

  #outgoing(path: string, body: JsonRecord): Outgoing {
    const text = JSON.stringify(body);
    const token = this.#login.token;
    return {
      method: 'POST',
      path: `${this.#prefix ?? ''}${path}`,
      body: text,
      headers: {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
        'user-agent': 'Kornak',
        // A member that knows no leader then says so at once, and ends a watch instead of leaving it silent.
        'grpc-metadata-hasleader': 'true',
        ...(token !== undefined && path !== '/auth/authenticate' && { authorization: token }),
      },
    };
  }
}

const versionRequest: Outgoing = { method: 'GET', path: '/version', body: '', headers: { 'user-agent': 'Kornak' } };
