import type { Compare, KeyValue, LeaseId, Op, Revision, Txn, WatchEvent } from '../../ports/store.ts';

/** Shortest life that etcd grants with stock election settings. */
const TTL_MS_MIN = 2000;

export interface Lease {
  readonly id: LeaseId;
  readonly ttlMs: number;
  /** True time at which it runs out unless kept alive. */
  endsAtMs: number;
  readonly keys: Set<string>;
}

export interface Change {
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
  /** Why: the transaction, or undefined for a lease that ended. */
  readonly txn: Txn | undefined;
}

/** What a transaction came to. `failed`: the store refused to do it at all. */
export type Applied =
  | {
      readonly kind: 'done' | 'refused';
      readonly revision: Revision;
      readonly reads: readonly (KeyValue | undefined)[];
    }
  | { readonly kind: 'failed'; readonly why: string };

/** Keys, revisions and leases: the one truth that a majority of the store agrees on. Everything here is atomic. */
export class StoreState {
  readonly keys = new Map<string, KeyValue>();
  readonly leases = new Map<LeaseId, Lease>();
  /** Every change so far, by revision; `changes[i]` has revision `i + 2`. */
  readonly changes: Change[] = [];
  revision: Revision = 1;
  compactedAt: Revision = 0;
  private leaseNumber = 0x7e1000;
  private readonly onChange: (change: Change) => void;

  constructor(onChange: (change: Change) => void) {
    this.onChange = onChange;
  }

  range(prefix: string): readonly KeyValue[] {
    const found = [...this.keys.values()].filter((each) => each.key.startsWith(prefix));
    return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  txn(txn: Txn): Applied {
    const held = txn.compares.every((compare) => isHeld(compare, this.keys.get(compare.key)));
    const ops = held ? txn.success : (txn.failure ?? []);
    const missing = ops.find((op) => op.kind === 'put' && op.leaseId !== undefined && !this.leases.has(op.leaseId));
    if (missing !== undefined) return { kind: 'failed', why: 'requested lease not found' };
    const reads: (KeyValue | undefined)[] = [];
    this.commit(txn, (revision, events) => {
      for (const op of ops) this.apply(op, revision, events, reads);
    });
    return { kind: held ? 'done' : 'refused', revision: this.revision, reads };
  }

  grant(ttlMs: number, nowMs: number): Lease {
    const granted = Math.max(TTL_MS_MIN, Math.ceil(ttlMs / 1000) * 1000);
    const lease: Lease = { id: String(this.leaseNumber++), ttlMs: granted, endsAtMs: nowMs + granted, keys: new Set() };
    this.leases.set(lease.id, lease);
    return lease;
  }

  keepAlive(id: LeaseId, nowMs: number): Lease | undefined {
    const lease = this.leases.get(id);
    if (lease !== undefined) lease.endsAtMs = nowMs + lease.ttlMs;
    return lease;
  }

  /** The lease and every key on it. */
  revoke(id: LeaseId): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    this.leases.delete(id);
    this.commit(undefined, (revision, events) => {
      for (const key of lease.keys) this.remove(key, revision, events);
    });
  }

  /** A store leader newly elected gives every lease its whole life again. */
  rearm(nowMs: number): void {
    for (const lease of this.leases.values()) lease.endsAtMs = nowMs + lease.ttlMs;
  }

  private commit(txn: Txn | undefined, change: (revision: Revision, events: WatchEvent[]) => void): void {
    const events: WatchEvent[] = [];
    change(this.revision + 1, events);
    if (events.length === 0) return;
    this.revision += 1;
    const committed = { revision: this.revision, events, txn };
    this.changes.push(committed);
    this.onChange(committed);
  }

  private apply(op: Op, revision: Revision, events: WatchEvent[], reads: (KeyValue | undefined)[]): void {
    if (op.kind === 'read') reads.push(this.keys.get(op.key));
    else if (op.kind === 'put') this.put(op, revision, events);
    else if (op.kind === 'delete') this.remove(op.key, revision, events);
    else for (const key of this.keys.keys()) if (key.startsWith(op.prefix)) this.remove(key, revision, events);
  }

  private put(op: Extract<Op, { kind: 'put' }>, revision: Revision, events: WatchEvent[]): void {
    if (events.some((event) => keyOf(event) === op.key))
      throw new Error(`duplicate key given in txn request: ${op.key}`);
    const before = this.keys.get(op.key);
    this.detach(before);
    const keyValue: KeyValue = {
      key: op.key,
      value: op.value,
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      leaseId: op.leaseId,
    };
    this.keys.set(op.key, keyValue);
    if (op.leaseId !== undefined) this.leases.get(op.leaseId)?.keys.add(op.key);
    events.push({ kind: 'put', keyValue });
  }

  private remove(key: string, revision: Revision, events: WatchEvent[]): void {
    const before = this.keys.get(key);
    if (before === undefined) return;
    this.detach(before);
    this.keys.delete(key);
    events.push({ kind: 'delete', key, modRevision: revision });
  }

  private detach(keyValue: KeyValue | undefined): void {
    if (keyValue?.leaseId !== undefined) this.leases.get(keyValue.leaseId)?.keys.delete(keyValue.key);
  }
}

export function keyOf(event: WatchEvent): string {
  return event.kind === 'put' ? event.keyValue.key : event.key;
}

export function isHeld(compare: Compare, found: KeyValue | undefined): boolean {
  if (compare.target === 'value') return found !== undefined && found.value === compare.value;
  if (compare.target === 'lease') return found !== undefined && (found.leaseId ?? '0') === compare.leaseId;
  const revision = compare.target === 'create' ? found?.createRevision : found?.modRevision;
  return (revision ?? 0) === compare.revision;
}
