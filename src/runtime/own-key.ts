import type { LeaseId, Store, TxnOutcome } from '../ports/store.ts';

/** The leader key as it must be for a lease to stand for it. */
export interface OwnKey {
  readonly key: string;
  readonly name: string;
  readonly leaseId: LeaseId;
  readonly reign: number;
}

/** Reads, because a store member that is cut off answers a transaction that only compares from its own memory. */
export function readOwnKey(store: Store, { key, name, leaseId, reign }: OwnKey, budgetMs: number): Promise<TxnOutcome> {
  const read = [{ kind: 'read', key }] as const;
  const compares = [
    { target: 'value', key, value: name },
    { target: 'lease', key, leaseId },
    { target: 'mod', key, revision: reign },
  ] as const;
  return store.txn({ compares, success: read, failure: read }, { budgetMs });
}

export function isOwnKey(outcome: TxnOutcome, { name, leaseId, reign }: OwnKey): boolean {
  if (outcome.kind !== 'done') return false;
  const found = outcome.reads[0];
  return found?.value === name && found.leaseId === leaseId && found.modRevision === reign;
}
