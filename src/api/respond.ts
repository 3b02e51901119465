// One request from its first line to its answer, apart from the socket.
import type { IncomingMessage } from 'node:http';
import type { Desk } from '../ports/desk.ts';
import { type BasicAuthentication, refusal } from './access.ts';
import { type Answer, page, text } from './answer.ts';
import { endpointFor } from './contract.ts';
import type { Endpoint, Office } from './endpoint.ts';
import { queryFrom } from './query.ts';
import { readBody } from './request-body.ts';
import { situationOf } from './situation.ts';

export interface Responder {
  readonly desk: Desk;
  readonly scope: string;
  readonly name: string;
  readonly authentication: BasicAuthentication | undefined;
  readonly startedMs: number;
}

/** For everything but waiting for an outcome on purpose. */
const ANSWER_MS = 10_000;

/** What an answer may take longer to be a fresh one. */
const FRESH_MS = 200;

export async function respond(request: IncomingMessage, responder: Responder): Promise<Answer> {
  const { path } = splitTarget(request.url ?? '/');
  const method = request.method ?? '';
  const endpoint = endpointFor(method, path);
  if (endpoint === undefined) return page(501, `Server does not support this operation (${method})`);
  return endpoint.isUnsafe
    ? (refusal(responder.authentication, request.headers.authorization) ?? answerOf(endpoint, request, responder))
    : answerOf(endpoint, request, responder);
}

async function answerOf(endpoint: Endpoint, request: IncomingMessage, responder: Responder): Promise<Answer> {
  const { path, search } = splitTarget(request.url ?? '/');
  const isSent = endpoint.body === 'required' || (endpoint.body === 'optional' && hasBody(request));
  const read = isSent ? await readBody(request, endpoint.body === 'optional') : undefined;
  if (read?.kind === 'refused') return read.answer;
  const work = handle(endpoint, { path, query: queryFrom(search), body: read?.value ?? {} }, responder);
  const answer = await (endpoint.isPatient === true ? work : within(ANSWER_MS, work));
  return request.method === 'HEAD' || request.method === 'OPTIONS' ? { status: answer.status } : answer;
}

async function handle(
  endpoint: Endpoint,
  request: Parameters<Endpoint['handle']>[0],
  responder: Responder,
): Promise<Answer> {
  const { desk, scope, name, startedMs } = responder;
  const { maxAgeMs } = endpoint;
  const snapshot = maxAgeMs === undefined ? desk.snapshot() : await desk.fresh(maxAgeMs, FRESH_MS);
  const situation = snapshot && situationOf(snapshot, desk.nowMs());
  const office: Office = { desk, scope, name, startedMs, situation };
  return endpoint.handle(request, office);
}

/** A length of 0 says that there is none. */
function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return (length !== undefined && Number(length) > 0) || headers['transfer-encoding'] !== undefined;
}

/** The query is cut off first; a proxy may send the whole URL. */
function splitTarget(target: string): { readonly path: string; readonly search: string } {
  const local = target.replace(/^https?:\/\/[^/?]*/i, '');
  const [path = '', ...rest] = local.split('?');
  return { path: path.startsWith('/') ? path : `/${path}`, search: rest.join('?') };
}

async function within(budgetMs: number, work: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => {
      resolve(text(503, `no answer within ${budgetMs / 1000} seconds`));
    }, budgetMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
