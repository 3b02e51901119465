import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';

export interface StoreContact {
  /** The same store; every answer it gives is noted. */
  readonly store: Store;
  /** Boot-clock time of the last good answer or event. */
  lastAnswerMs(): number | undefined;
}

const NO_ANSWER: ReadonlySet<string> = new Set(['unanswered', 'notDone', 'unknown']);

/** Notes when the store last answered, whoever asked. */
export function noteContact(store: Store, clock: Clock): StoreContact {
  let lastMs: number | undefined;
  const noted = async <T extends { readonly kind: string }>(asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    if (!NO_ANSWER.has(answer.kind)) lastMs = clock.bootMs();
    return answer;
  };
  return {
    lastAnswerMs: () => lastMs,
    store: {
      range: (prefix, budget) => noted(store.range(prefix, budget)),
      txn: (txn, budget) => noted(store.txn(txn, budget)),
      grantLease: (ttlMs, budget) => noted(store.grantLease(ttlMs, budget)),
      keepAlive: (leaseId, budget) => noted(store.keepAlive(leaseId, budget)),
      revokeLease: (leaseId, budget) => noted(store.revokeLease(leaseId, budget)),
      leaseRemaining: (leaseId, budget) => noted(store.leaseRemaining(leaseId, budget)),
      watch: (prefix, afterRevision, sink) =>
        store.watch(prefix, afterRevision, {
          onEvents(events, revision) {
            lastMs = clock.bootMs();
            sink.onEvents(events, revision);
          },
          onEnd: (reason, why) => {
            sink.onEnd(reason, why);
          },
        }),
    },
  };
}
