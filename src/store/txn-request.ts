// A transaction as the gateway wants it.
import type { Compare, Op, Txn } from '../ports/store.ts';
import type { JsonRecord } from './json-record.ts';
import { base64, prefixRange } from './key-range.ts';

export function txnRequest(txn: Txn): JsonRecord {
  const success = txn.success.map(opJson);
  return {
    compare: txn.compares.map(compareJson),
    success: needsHiddenRead(txn) ? [hiddenRead(txn)] : success,
    failure: (txn.failure ?? []).map(opJson),
  };
}

/** May be sent again without harm, whatever became of the first try. */
export function isReadOnly(txn: Txn): boolean {
  return [...txn.success, ...(txn.failure ?? [])].every((op) => op.kind === 'read');
}

/**
 * A member cut off from all others answers a transaction that only compares from its own memory.
 * With one linearizable read in it, etcd asks its leader first.
 */
function needsHiddenRead(txn: Txn): boolean {
  return txn.success.length === 0 && (txn.failure ?? []).length === 0;
}

function hiddenRead(txn: Txn): JsonRecord {
  return { request_range: { key: base64(txn.compares[0]?.key ?? '\0'), keys_only: true } };
}

function compareJson(compare: Compare): JsonRecord {
  const key = base64(compare.key);
  if (compare.target === 'lease') return { target: 'LEASE', key, lease: compare.leaseId };
  if (compare.target === 'value') return { target: 'VALUE', key, value: base64(compare.value) };
  const revision = String(compare.revision);
  return compare.target === 'mod'
    ? { target: 'MOD', key, mod_revision: revision }
    : { target: 'CREATE', key, create_revision: revision };
}

function opJson(op: Op): JsonRecord {
  if (op.kind === 'put')
    return { request_put: { key: base64(op.key), value: base64(op.value), lease: op.leaseId ?? '0' } };
  if (op.kind === 'delete') return { request_delete_range: { key: base64(op.key) } };
  if (op.kind === 'deletePrefix') return { request_delete_range: prefixRange(op.prefix) };
  return { request_range: { key: base64(op.key) } };
}
