// Calls another agent's REST API. What went wrong on the way is a value: who calls decides what it means.
import { readFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { compactJson } from '../core/layout/compact-json.ts';
import { afterReading } from './after-reading.ts';
import type { BasicAuthentication } from './access.ts';

export interface ApiClientOptions {
  readonly authentication?: BasicAuthentication | undefined;
  /** undefined: the certificates that the system trusts. */
  readonly caFile?: string | undefined;
  /** Take any certificate. */
  readonly isInsecure?: boolean;
}

export type ApiReply =
  /** `lsn`: the header of that name. */
  | { readonly kind: 'answered'; readonly status: number; readonly body: string; readonly lsn?: string }
  /** No connection, or it broke: the request may have arrived. */
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'late'; readonly why: string };

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly body?: unknown;
  readonly budgetMs: number;
}

const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** Never rejects. */
export type CallApi = (call: ApiCall) => Promise<ApiReply>;

export function apiClient(options: ApiClientOptions): CallApi {
  return (call) =>
    callOnce(call, options).catch((error: unknown) => ({ kind: 'unreachable', why: String(error) }) as const);
}

/** The same agent's address with another path: an api_url ends in /patroni. undefined: it is no address of a REST API. */
export function withPath(apiUrl: string, path: string): string | undefined {
  const base = httpUrlFrom(apiUrl);
  return base && new URL(path, base).href;
}

/** undefined: nothing that could be asked. Whoever writes the store may have written anything. */
export function httpUrlFrom(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

function settingsOf(method: ApiCall['method'], bodyBytes: number, options: ApiClientOptions): RequestOptions {
  return {
    method,
    agent: false,
    headers: { ...credentials(options.authentication), 'Content-Length': bodyBytes },
  };
}

/** A request without a body, begun on a connection of its own, with what the options say of access. */
export function beginRequest(target: URL, options: ApiClientOptions): ClientRequest {
  const settings = settingsOf('GET', 0, options);
  return target.protocol === 'https:'
    ? httpsRequest(target, { ...settings, ...trust(options) })
    : httpRequest(target, settings);
}

function callOnce({ method, url, body, budgetMs }: ApiCall, options: ApiClientOptions): Promise<ApiReply> {
  const target = httpUrlFrom(url);
  if (target === undefined) return Promise.resolve({ kind: 'unreachable', why: `${url} is no URL of a REST API` });
  const bytes = body === undefined ? undefined : Buffer.from(compactJson(body), 'utf8');
  const isTls = target.protocol === 'https:';
  const settings = settingsOf(method, bytes?.length ?? 0, options);
  return new Promise((resolve) => {
    const sent = isTls ? httpsRequest(target, { ...settings, ...trust(options) }) : httpRequest(target, settings);
    const cancel = afterReading(budgetMs, () => {
      resolve({ kind: 'late', why: `no answer within ${Math.round(budgetMs / 1000)} seconds` });
      sent.destroy();
    });
    sent.on('response', (answer) => {
      resolve(replyFrom(answer));
    });
    sent.on('error', (error) => {
      resolve({ kind: 'unreachable', why: error.message === '' ? codeOf(error) : error.message });
    });
    sent.on('close', () => {
      cancel();
    });
    sent.end(bytes);
  });
}

async function replyFrom(answer: IncomingMessage): Promise<ApiReply> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of answer) {
      if (!Buffer.isBuffer(chunk)) continue;
      length += chunk.length;
      if (length > ANSWER_BYTES_MAX) return { kind: 'unreachable', why: 'the answer is too long' };
      chunks.push(chunk);
    }
  } catch (error) {
    return { kind: 'unreachable', why: error instanceof Error ? error.message : 'the answer broke off' };
  }
  const { lsn } = answer.headers;
  const body = Buffer.concat(chunks).toString('utf8');
  return { kind: 'answered', status: answer.statusCode ?? 0, body, ...(typeof lsn === 'string' ? { lsn } : {}) };
}

/** Several addresses refused at once come as an error without a text. */
function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : 'no connection';
}

function credentials(authentication: BasicAuthentication | undefined): Record<string, string> {
  if (authentication === undefined) return {};
  const pair = `${authentication.username}:${authentication.password.reveal()}`;
  return { Authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

function trust({ caFile, isInsecure }: ApiClientOptions): { rejectUnauthorized: boolean; ca?: Buffer } {
  return { rejectUnauthorized: isInsecure !== true, ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }) };
}
