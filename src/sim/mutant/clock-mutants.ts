import type { LeaseAnswer, LeaseId, Store, TxnOutcome } from '../../ports/store.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { keyOfRenewal, withTxn } from './renewal-txn.ts';

/** What keeps a leader from its next renewal, and clocks that run as differently as time daemons let them. */
function hurried(options: Options): Options {
  return {
    ...troubled(options, { 'store-cut': 4, 'agent-freeze': 2, 'agent-kill': 1 }),
    clockError: 1 / 12,
    watchdog: 'off',
    leaderBias: 0.9,
    thinkMs: 60,
  };
}

/** The same store, but for how long it says that its leases live. */
function withTtl(store: Store, bend: (ttlMs: number) => number): Store {
  const bent = (answer: LeaseAnswer): LeaseAnswer =>
    answer.kind === 'alive' ? { ...answer, ttlMs: bend(answer.ttlMs) } : answer;
  return {
    ...withTxn(store, (txn, budgetMs) => store.txn(txn, { budgetMs })),
    grantLease: async (ttlMs, budget) => bent(await store.grantLease(ttlMs, budget)),
    keepAlive: async (leaseId, budget) => bent(await store.keepAlive(leaseId, budget)),
  };
}

/** What the margin takes away at the end of a lease, laid on before. */
const MARGIN = 6 / 5;
const KILL_MS = 200;

export const marginForgotten: Mutant = {
  name: 'no-margin',
  without: 'the margin for clocks that differ and for the time that a kill takes',
  options: hurried,
  store: (store) => withTtl(store, (ttlMs) => (ttlMs + KILL_MS) * MARGIN),
};

/** Of the member's lease, which is longer. */
const MEMBER_TTL_MS = 20_000;

export const ttlNotAsGranted: Mutant = {
  name: 'ttl-not-as-granted',
  without: 'the TTL that the store granted: the one of the member lease stands for it',
  options: hurried,
  store: (store) => withTtl(store, (ttlMs) => Math.max(ttlMs, MEMBER_TTL_MS)),
};

export const clockStopsAsleep: Mutant = {
  name: 'clock-stops-asleep',
  without: 'a clock that goes on while the machine sleeps',
  options: (options) => ({
    ...troubled(options, { 'machine-freeze': 6, 'store-cut': 2 }),
    watchdog: 'off',
    leaderBias: 0.9,
    thinkMs: 40,
    networkDelayMs: 12,
  }),
  clock: 'stops-asleep',
};

export const keyReadFirst: Mutant = {
  name: 'key-read-before-lease',
  without: 'the order in a renewal: the key was read before the lease is kept alive',
  options: (options) => ({
    ...troubled(options, { 'key-deleted': 8, 'lease-revoked': 0, 'store-cut': 8 }),
    isFailsafe: false,
    watchdog: 'off',
    leaderTtlMs: 6000,
    leaderBias: 1,
    thinkMs: 60,
    faultEveryMs: 3000,
    faultLengthMs: 8000,
  }),
  store: (store) => readBefore(store),
};

/** What the transaction of one renewal told stands for the next, whose own is not waited for; nor is a watch listened to. */
function readBefore(store: Store): Store {
  const told = new Map<LeaseId, TxnOutcome>();
  return withTxn(store, async (txn, budgetMs) => {
    const key = keyOfRenewal(txn, budgetMs);
    if (key?.leaseId === undefined) return store.txn(txn, { budgetMs });
    const { leaseId } = key;
    const before = told.get(leaseId);
    const now = store.txn(txn, { budgetMs });
    void noteOutcome(now, told, leaseId);
    return before ?? now;
  });
}

async function noteOutcome(now: Promise<TxnOutcome>, told: Map<LeaseId, TxnOutcome>, leaseId: LeaseId): Promise<void> {
  const outcome = await now;
  if (outcome.kind === 'done' || outcome.kind === 'refused') told.set(leaseId, outcome);
}
