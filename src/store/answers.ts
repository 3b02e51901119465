// Decodes what the gateway answers. Fields with their default value are left out by it; anything else that is missing
// or of the wrong shape makes the whole answer undefined, as if none had come.
import type { KeyValue, Op, Revision, Txn } from '../ports/store.ts';
import { int64From, isRecord, listFrom, type JsonRecord } from './json-record.ts';

export interface Header {
  readonly clusterId: string;
  readonly revision: Revision;
  readonly raftTerm: number;
}

export function headerFrom(value: unknown): Header | undefined {
  if (!isRecord(value)) return undefined;
  const revision = int64From(value['revision'] ?? 0);
  const raftTerm = int64From(value['raft_term'] ?? 0);
  const clusterId = value['cluster_id'];
  if (revision === undefined || raftTerm === undefined || typeof clusterId !== 'string') return undefined;
  return { clusterId, revision, raftTerm };
}

export function textFrom(value: unknown): string | undefined {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

export function keyValueFrom(kv: unknown): KeyValue | undefined {
  if (!isRecord(kv)) return undefined;
  const key = textFrom(kv['key']);
  const value = textFrom(kv['value']);
  const createRevision = int64From(kv['create_revision']);
  const modRevision = int64From(kv['mod_revision']);
  const lease = kv['lease'] ?? '0';
  if (key === undefined || key === '' || value === undefined || typeof lease !== 'string') return undefined;
  if (createRevision === undefined || modRevision === undefined) return undefined;
  return { key, value, createRevision, modRevision, leaseId: lease === '0' ? undefined : lease };
}

export function keyValuesFrom(body: JsonRecord): readonly KeyValue[] | undefined {
  const keyValues: KeyValue[] = [];
  for (const kv of listFrom(body['kvs']) ?? [undefined]) {
    const keyValue = keyValueFrom(kv);
    if (keyValue === undefined) return undefined;
    keyValues.push(keyValue);
  }
  return keyValues;
}

export interface TxnAnswer {
  readonly kind: 'done' | 'refused';
  readonly reads: readonly (KeyValue | undefined)[];
}

export function txnAnswerFrom(body: JsonRecord, txn: Txn): TxnAnswer | undefined {
  const succeeded = body['succeeded'] ?? false;
  if (typeof succeeded !== 'boolean') return undefined;
  const reads = readsFrom(listFrom(body['responses']), succeeded ? txn.success : (txn.failure ?? []));
  return reads && { kind: succeeded ? 'done' : 'refused', reads };
}

function readsFrom(responses: readonly unknown[] | undefined, ops: readonly Op[]): TxnAnswer['reads'] | undefined {
  // There may be one more than asked for: see the hidden read of txn-request.ts.
  if (responses === undefined || responses.length < ops.length) return undefined;
  const reads: (KeyValue | undefined)[] = [];
  for (const [index, op] of ops.entries()) {
    if (op.kind !== 'read') continue;
    const response = responses[index];
    const range = isRecord(response) ? response['response_range'] : undefined;
    const found = isRecord(range) ? keyValuesFrom(range) : undefined;
    if (found === undefined || found.length > 1) return undefined;
    reads.push(found[0]);
  }
  return reads;
}

export interface LeaseTimes {
  readonly leaseId: string;
  /** Undefined: the answer names no time. */
  readonly ttlMs: number | undefined;
  readonly grantedMs: number | undefined;
}

export function leaseTimesFrom(body: JsonRecord): LeaseTimes | undefined {
  const leaseId = body['ID'];
  const ttl = secondsFrom(body['TTL']);
  const granted = secondsFrom(body['grantedTTL']);
  if (typeof leaseId !== 'string' || ttl === 'nonsense' || granted === 'nonsense') return undefined;
  return { leaseId, ttlMs: ttl, grantedMs: granted };
}

function secondsFrom(value: unknown): number | undefined | 'nonsense' {
  if (value === undefined || value === null) return undefined;
  const seconds = int64From(value);
  return seconds === undefined ? 'nonsense' : seconds * 1000;
}
