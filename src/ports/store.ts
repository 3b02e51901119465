/** etcd's revision of the whole store or the revision at which a key was last written. */
export type Revision = number;
export type LeaseId = string;

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** undefined: the key is permanent. */
  readonly leaseId: LeaseId | undefined;
}

/** What a transaction demands of one key. A revision of 0 means that the key does not exist. */
export type Compare =
  | { readonly target: 'create' | 'mod'; readonly key: string; readonly revision: Revision }
  | { readonly target: 'value'; readonly key: string; readonly value: string }
  | { readonly target: 'lease'; readonly key: string; readonly leaseId: LeaseId };

export type Op =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly leaseId?: LeaseId }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'deletePrefix'; readonly prefix: string }
  | { readonly kind: 'read'; readonly key: string };

export interface Txn {
  readonly compares: readonly Compare[];
  readonly success: readonly Op[];
  /** Done when a comparison fails: reads only. */
  readonly failure?: readonly Op[];
}

/**
 * What the caller knows after a transaction.
 * done: every comparison held and it is committed. refused: a comparison failed, nothing was changed.
 * notDone: it certainly did not and will not happen. unknown: it may have happened, or may still happen.
 * `reads` holds what the read operations of the branch taken found, in their order.
 * `sentAtMs`: boot time at which the request that was answered was sent.
 */
export type TxnOutcome =
  | {
      readonly kind: 'done' | 'refused';
      readonly revision: Revision;
      readonly reads: readonly (KeyValue | undefined)[];
      readonly sentAtMs: number;
    }
  | { readonly kind: 'notDone' | 'unknown'; readonly why: string };

/** No answer within the time allowed, or an error; nothing was changed by a read. */
export interface Unanswered {
  readonly kind: 'unanswered';
  readonly why: string;
}

export interface RangeAnswer {
  readonly kind: 'ok';
  /** Revision of the store the answer is of: watch after this one to miss nothing. */
  readonly revision: Revision;
  readonly keyValues: readonly KeyValue[];
}

export type LeaseAnswer =
  /** `ttlMs` is what the store granted, which may be more than was asked; counted from `sentAtMs`, never from the answer. */
  | { readonly kind: 'alive'; readonly leaseId: LeaseId; readonly ttlMs: number; readonly sentAtMs: number }
  | { readonly kind: 'gone' }
  | Unanswered;

export type LeaseRemaining =
  | { readonly kind: 'alive'; readonly remainingMs: number; readonly grantedMs: number; readonly sentAtMs: number }
  | { readonly kind: 'gone' }
  | Unanswered;

export type WatchEvent =
  | { readonly kind: 'put'; readonly keyValue: KeyValue }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: Revision };

export interface WatchSink {
  /** Changes in the order of their revisions, none missing since the revision asked for, none twice. */
  onEvents(events: readonly WatchEvent[], revision: Revision): void;
  /**
   * The watch is over and some changes may have been missed: range again, then watch anew. Called once, never after close().
   * compacted: the revision asked for is gone. silent: the endpoint stopped answering. broken: anything else.
   */
  onEnd(reason: 'compacted' | 'silent' | 'broken', why: string): void;
}

export interface Watch {
  close(): void;
}

/** Every call is answered within `budgetMs`, over as many endpoints and tries as fit. */
export interface Budget {
  readonly budgetMs: number;
}

/** A linearizable key-value store with revisions, leases and watches, as etcd v3 is. */
export interface Store {
  /** All keys that start with `prefix`, linearizable. */
  range(prefix: string, budget: Budget): Promise<RangeAnswer | Unanswered>;
  txn(txn: Txn, budget: Budget): Promise<TxnOutcome>;
  grantLease(ttlMs: number, budget: Budget): Promise<LeaseAnswer>;
  /** Says nothing about the keys on the lease, and a cut-off store leader may still answer it. */
  keepAlive(leaseId: LeaseId, budget: Budget): Promise<LeaseAnswer>;
  /** Deletes the lease and all keys on it. `done` also when it was gone already. */
  revokeLease(leaseId: LeaseId, budget: Budget): Promise<{ readonly kind: 'done' } | Unanswered>;
  leaseRemaining(leaseId: LeaseId, budget: Budget): Promise<LeaseRemaining>;
  /** Streams changes of keys below `prefix` with revisions greater than `afterRevision`. */
  watch(prefix: string, afterRevision: Revision, sink: WatchSink): Watch;
}
