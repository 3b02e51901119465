// What the contract of the store port needs from a store under test, real or simulated.
import type { Store, Txn, TxnOutcome, WatchEvent, WatchSink, LeaseId } from '../../../src/ports/store.ts';

export interface StoreHarness {
  /** A client of its own on the same data, with no connection yet. */
  client(): Store;
  bootMs(): number;
  /** Waits for an answer; on virtual time, lets that pass until there is one. */
  answer<T>(call: Promise<T>): Promise<T>;
  /** Lets time pass until the condition holds; fails with `what` after a time that is long for the store under test. */
  until(what: string, condition: () => boolean): Promise<void>;
  elapse(ms: number): Promise<void>;
  /** Drops the history before the current revision. */
  compact(): Promise<void>;
  /** From now on the store takes requests and answers none. */
  freeze(): Promise<void>;
  /** From now on nothing can be sent to it. */
  shutDown(): Promise<void>;
  /** Ends both, with all data kept; returns when it serves. */
  heal(): Promise<void>;
  /** How much later than its budget a call may be answered: 0 on virtual time. */
  readonly latenessMsMax: number;
  dispose(): Promise<void>;
}

/** Prefixes of different tests must not meet, since they share one store. */
let prefixCount = 0;
export function freshPrefix(): string {
  prefixCount += 1;
  return `/contract/${prefixCount}/`;
}

export const budget = { budgetMs: 5_000 };

export function putTxn(key: string, value: string, leaseId?: LeaseId): Txn {
  return { compares: [], success: [{ kind: 'put', key, value, ...(leaseId !== undefined && { leaseId }) }] };
}

export function readTxn(key: string): Txn {
  return { compares: [], success: [{ kind: 'read', key }] };
}

/** The variants of A that may be of kind K, also where several kinds share one variant. */
type OfKind<A extends { readonly kind: string }, K> = A extends unknown ? (K extends A['kind'] ? A : never) : never;

/** The same outcome, of which the test is sure that it is an answer. */
export function answered(outcome: TxnOutcome): OfKind<TxnOutcome, 'done'> {
  return outcome.kind === 'refused' ? outcome : expectKind(outcome, 'done');
}

export function expectKind<A extends { readonly kind: string }, K extends A['kind']>(answer: A, kind: K): OfKind<A, K> {
  if (isKind(answer, kind)) return answer;
  throw new Error(`expected ${kind}, got ${JSON.stringify(answer)}`);
}

function isKind<A extends { readonly kind: string }, K extends A['kind']>(
  answer: A,
  kind: K,
): answer is A & OfKind<A, K> {
  return answer.kind === kind;
}

export interface RecordingSink extends WatchSink {
  /** As `put KEY VALUE` and `delete KEY`, in the order delivered. */
  readonly changes: readonly string[];
  readonly revisions: readonly number[];
  readonly ends: readonly string[];
}

export function recordingSink(): RecordingSink {
  const changes: string[] = [];
  const revisions: number[] = [];
  const ends: string[] = [];
  return {
    changes,
    revisions,
    ends,
    onEvents(events, revision) {
      changes.push(...events.map(describeEvent));
      revisions.push(revision);
    },
    onEnd(reason) {
      ends.push(reason);
    },
  };
}

function describeEvent(event: WatchEvent): string {
  return event.kind === 'put' ? `put ${event.keyValue.key} ${event.keyValue.value}` : `delete ${event.key}`;
}
