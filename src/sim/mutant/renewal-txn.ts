import type { KeyValue, Store, Txn, TxnOutcome } from '../../ports/store.ts';
import { BUDGETS } from '../../runtime/budgets.ts';

/** The second half of a renewal: a transaction that compares the leader key and reads it. undefined: it is another one. */
export function keyOfRenewal(txn: Txn, budgetMs: number): KeyValue | undefined {
  const isRead =
    txn.success.length === 1 && txn.success.every((op) => op.kind === 'read' && op.key.endsWith('/leader'));
  // The last look before a promotion asks the same question and is another mechanism.
  if (!isRead || budgetMs === BUDGETS.confirm) return undefined;
  const parts: { value?: string; leaseId?: string; revision?: number; key?: string } = {};
  for (const compare of txn.compares) {
    parts.key = compare.key;
    if (compare.target === 'value') parts.value = compare.value;
    else if (compare.target === 'lease') parts.leaseId = compare.leaseId;
    else parts.revision = compare.revision;
  }
  const { key, value, leaseId, revision } = parts;
  if (key === undefined || value === undefined || leaseId === undefined || revision === undefined) return undefined;
  return { key, value, leaseId, createRevision: revision, modRevision: revision };
}

/** The same store, but for its transactions. */
export function withTxn(store: Store, txn: (txn: Txn, budgetMs: number) => Promise<TxnOutcome>): Store {
  return {
    range: (prefix, budget) => store.range(prefix, budget),
    txn: (each, { budgetMs }) => txn(each, budgetMs),
    grantLease: (ttlMs, budget) => store.grantLease(ttlMs, budget),
    keepAlive: (leaseId, budget) => store.keepAlive(leaseId, budget),
    revokeLease: (leaseId, budget) => store.revokeLease(leaseId, budget),
    leaseRemaining: (leaseId, budget) => store.leaseRemaining(leaseId, budget),
    watch: (prefix, afterRevision, sink) => store.watch(prefix, afterRevision, sink),
  };
}
