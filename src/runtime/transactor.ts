import type { Compare, KeyValue, LeaseId, Op, Store, TxnOutcome } from '../ports/store.ts';
import { BUDGETS } from './budgets.ts';
import type { Mirror } from './mirror.ts';

export type Write = Extract<Op, { kind: 'put' | 'delete' }>;

/** Writes that compare what they rest on. What the store answers is in the mirror before the caller goes on. */
export class Transactor {
  private readonly store: Store;
  private readonly mirror: Mirror;

  constructor(store: Store, mirror: Mirror) {
    this.store = store;
    this.mirror = mirror;
  }

  /** A refusal brings the keys compared as they are, so that the next decision is made from those. */
  async commit(
    compares: readonly Compare[],
    writes: readonly Write[],
    budgetMs: number = BUDGETS.write,
  ): Promise<TxnOutcome> {
    const compared = [...new Set(compares.map(({ key }) => key))];
    const failure = compared.map((key) => ({ kind: 'read', key }) as const);
    const outcome = await this.store.txn({ compares, success: writes, failure }, { budgetMs });
    if (outcome.kind === 'done') for (const write of writes) this.learnWrite(write, outcome.revision);
    if (outcome.kind === 'refused')
      for (const [index, key] of compared.entries()) this.mirror.learn(key, outcome.reads[index], outcome.revision);
    return outcome;
  }

  /** Keys as they are now, linearizable; undefined: no answer. */
  async read(keys: readonly string[], budgetMs: number): Promise<readonly (KeyValue | undefined)[] | undefined> {
    const success = keys.map((key) => ({ kind: 'read', key }) as const);
    const outcome = await this.store.txn({ compares: [], success }, { budgetMs });
    if (outcome.kind !== 'done') return undefined;
    for (const [index, key] of keys.entries()) this.mirror.learn(key, outcome.reads[index], outcome.revision);
    return outcome.reads;
  }

  private learnWrite(write: Write, revision: number): void {
    const { key } = write;
    this.mirror.learn(key, write.kind === 'put' ? this.written(write, revision) : undefined, revision);
  }

  private written(write: Extract<Write, { kind: 'put' }>, revision: number): KeyValue {
    const leaseId: LeaseId | undefined = write.leaseId;
    const createRevision = this.mirror.get(write.key)?.createRevision ?? revision;
    return { key: write.key, value: write.value, createRevision, modRevision: revision, leaseId };
  }
}
