// The bodies of POST and DELETE /failsafe: Patroni's fields, and ours below `kornak`.
import { lsn, type Lsn } from '../core/model/lsn.ts';
import type { ForgetRequest, OwnPromiseRequest, PromiseRequest } from '../ports/peers.ts';
import type { JsonObject } from './request-body.ts';

/** Names and addresses are far shorter; who asks is kept on disk. */
const TEXT_MAX = 1024;

export function promiseBody({ name, connUrl, apiUrl, slots, own }: PromiseRequest): JsonObject {
  return {
    name,
    conn_url: connUrl,
    api_url: apiUrl,
    slots,
    kornak: own && {
      scope: own.scope,
      to: own.to,
      promise_ms: own.promiseMs,
      reign: own.reign,
      number: own.number,
    },
  };
}

export function forgetBody({ name, scope, to, reign, upTo }: ForgetRequest): JsonObject {
  return { name, kornak: { scope, to, reign, number: upTo } };
}

/** Or what is wrong with it. */
export function promiseFrom(body: JsonObject): PromiseRequest | string {
  const name = textAt(body, 'name');
  if (name === undefined) return 'name must be the name of the member that asks';
  const own = body['kornak'] === undefined ? undefined : ownFrom(body['kornak']);
  if (typeof own === 'string') return own;
  return {
    name,
    connUrl: textAt(body, 'conn_url'),
    apiUrl: textAt(body, 'api_url'),
    slots: slotsFrom(body['slots']),
    own,
  };
}

/** Or what is wrong with it. */
export function forgetFrom(body: JsonObject): ForgetRequest | string {
  const name = textAt(body, 'name');
  if (name === undefined) return 'name must be the name of the member that asked';
  const order = orderFrom(body['kornak']);
  if (typeof order === 'string') return order;
  const { scope, to, reign, number } = order;
  return { name, scope, to, reign, upTo: number };
}

function ownFrom(value: unknown): OwnPromiseRequest | string {
  const order = orderFrom(value);
  if (typeof order === 'string') return order;
  const promiseMs = isObject(value) ? countAt(value, 'promise_ms') : undefined;
  return promiseMs === undefined ? 'kornak.promise_ms must be a number of milliseconds' : { ...order, promiseMs };
}

function orderFrom(value: unknown): Omit<OwnPromiseRequest, 'promiseMs'> | string {
  if (!isObject(value)) return 'kornak must be an object';
  const scope = textAt(value, 'scope');
  const to = textAt(value, 'to');
  const reign = countAt(value, 'reign');
  const number = countAt(value, 'number');
  if (scope === undefined || to === undefined) return 'kornak.scope and kornak.to must say who is asked';
  if (reign === undefined || number === undefined) return 'kornak.reign and kornak.number must be numbers';
  return { scope, to, reign, number };
}

/** Positions are numbers or their text; what is neither is left out. */
function slotsFrom(value: unknown): Readonly<Record<string, Lsn>> {
  if (!isObject(value)) return {};
  const slots = Object.entries(value).flatMap(([name, position]) => {
    const isPosition = typeof position === 'number' || typeof position === 'string';
    return isPosition && /^\d{1,19}$/.test(String(position)) ? [[name, lsn(BigInt(position))] as const] : [];
  });
  return Object.fromEntries(slots);
}

function textAt(record: JsonObject, key: string): string | undefined {
  const value = record[key];
  return typeof value === 'string' && value !== '' && value.length <= TEXT_MAX ? value : undefined;
}

function countAt(record: JsonObject, key: string): number | undefined {
  const value = record[key];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
