import { lsnFrom } from '../core/layout/fields.ts';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { PeerStatus } from '../core/model/observation.ts';
import { type Seen, seen, unknown } from '../core/model/seen.ts';
import type { Clock } from '../ports/clock.ts';
import { patienceOf } from '../api/after-reading.ts';
import { type CallApi, httpUrlFrom, withPath } from '../api/client.ts';
import { type HeartbeatClient, type HeartbeatStream } from '../api/heartbeat-client.ts';
import type { PostgresSign } from '../core/model/leader-signs.ts';
import type { Upstream } from '../core/model/local-postgres.ts';
import type { BeatSink, ForgetRequest, Peers, PromiseAnswer, PromiseRequest } from '../ports/peers.ts';
import { forgetBody, promiseBody } from '../api/failsafe-body.ts';
import { peerStatusFrom } from '../api/peer-status.ts';
import { probePostgres } from './probe-postgres.ts';

const bodyBytesMax = 1_048_576;
const refusalShown = 200;

export type HttpAnswer =
  | { readonly kind: 'ok'; readonly status: number; readonly body: string }
  | { readonly kind: 'silent'; readonly why: string };

/**
 * GET within `budgetMs`, whatever the status. Sends no credentials: what is asked is open to everybody, and the other side's
 * certificate is not checked, as members of one cluster often have certificates of their own making.
 */
export function httpGet(url: string, budgetMs: number): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const silent = (why: string): void => resolve({ kind: 'silent', why });
    const target = httpUrlFrom(url);
    if (target === undefined) return silent(`${url} is no URL of a REST API`);
    const options = { agent: false, signal: patienceOf(budgetMs), rejectUnauthorized: false };
    const send = target.protocol === 'https:' ? requestTls : requestPlain;
    const request = send(target, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > bodyBytesMax) request.destroy(new Error('the answer is too long'));
      });
      response.on('error', (error) => silent(error.message));
      response.on('end', () => resolve({ kind: 'ok', status: response.statusCode ?? 0, body }));
    });
    request.on('error', (error) =>
      silent(error.name === 'AbortError' ? `no answer within ${budgetMs} ms` : error.message),
    );
    request.end();
  });
}

export class HttpPeers implements Peers {
  readonly #clock: Clock;
  /** With the credentials of the cluster's REST listeners. */
  readonly #call: CallApi;
  readonly #listen: HeartbeatClient;

  constructor(clock: Clock, call: CallApi, listen: HeartbeatClient) {
    this.#clock = clock;
    this.#call = call;
    this.#listen = listen;
  }

  async probe(apiUrl: string, budgetMs: number): Promise<Seen<PeerStatus>> {
    // A fact is as old as the question: what was true when it was answered may be over by now.
    const askedMs = this.#clock.bootMs();
    const answer = await httpGet(apiUrl, budgetMs);
    if (answer.kind === 'silent') return unknown(answer.why);
    // The status code says what the member is fit for, which is not what is asked here.
    const status = peerStatusFrom(answer.body);
    return status === undefined ? unknown(`the answer of ${apiUrl} holds no status`) : seen(status, askedMs);
  }

  async askFailsafe(apiUrl: string, request: PromiseRequest, budgetMs: number): Promise<PromiseAnswer> {
    const url = withPath(apiUrl, '/failsafe');
    if (url === undefined) return { kind: 'refused', why: `${apiUrl} is no URL of a REST API` };
    const reply = await this.#call({ method: 'POST', url, body: promiseBody(request), budgetMs });
    if (reply.kind !== 'answered') return { kind: 'refused', why: reply.why };
    if (reply.status === 200 && reply.body === 'Accepted') return { kind: 'accepted', reachedLsn: lsnFrom(reply.lsn) };
    return { kind: 'refused', why: `${reply.status} ${reply.body.slice(0, refusalShown)}` };
  }

  async forgetFailsafe(apiUrl: string, request: ForgetRequest, budgetMs: number): Promise<void> {
    const url = withPath(apiUrl, '/failsafe');
    if (url !== undefined) await this.#call({ method: 'DELETE', url, body: forgetBody(request), budgetMs });
  }

  heartbeat(apiUrl: string, sink: BeatSink, budgetMs: number): HeartbeatStream {
    return this.#listen(apiUrl, sink, budgetMs);
  }

  probePostgres(where: Upstream, budgetMs: number): Promise<PostgresSign> {
    return probePostgres(where, budgetMs);
  }
}
