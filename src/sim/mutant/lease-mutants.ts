import type { LeaseAnswer } from '../../ports/store.ts';
import type { Guard, GuardAnswer, GuardState } from '../../ports/guard.ts';
import type { Process } from '../time/process.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { keyOfRenewal, withTxn } from './renewal-txn.ts';

export const deadlineFromReply: Mutant = {
  name: 'deadline-from-reply',
  without: 'deadlines counted from the sending of the request',
  options: (options) => ({
    ...troubled(options, { 'store-outage': 2, 'store-cut': 2, 'store-election': 1 }),
    slowRate: 0.15,
  }),
  store: (store, process) => ({
    ...withTxn(store, (txn, budgetMs) => store.txn(txn, { budgetMs })),
    grantLease: async (ttlMs, budget) => answeredNow(await store.grantLease(ttlMs, budget), process),
    keepAlive: async (leaseId, budget) => answeredNow(await store.keepAlive(leaseId, budget), process),
  }),
};

function answeredNow(answer: LeaseAnswer, process: Process): LeaseAnswer {
  return answer.kind === 'alive' ? { ...answer, sentAtMs: process.machine.bootMs() } : answer;
}

export const keepAliveAlone: Mutant = {
  name: 'keepalive-alone',
  without: 'the transaction that follows the keepalive in a renewal',
  options: (options) => troubled(options, { 'key-deleted-unseen': 3, 'store-cut': 1 }),
  store: (store) =>
    withTxn(store, (txn, budgetMs) => {
      const key = keyOfRenewal(txn, budgetMs);
      if (key === undefined) return store.txn(txn, { budgetMs });
      return Promise.resolve({ kind: 'done', revision: key.modRevision, reads: [key], sentAtMs: 0 });
    }),
};

export const compareOnly: Mutant = {
  name: 'renewal-compares-only',
  without: 'the read in the transaction of a renewal',
  options: (options) => ({
    ...troubled(options, { 'key-deleted-unseen': 12 }),
    leaderTtlMs: 2000,
    faultEveryMs: 6000,
    faultLengthMs: 4000,
    thinkMs: 150,
  }),
  store: (store) =>
    withTxn(store, async (txn, budgetMs) => {
      const key = keyOfRenewal(txn, budgetMs);
      if (key === undefined) return store.txn(txn, { budgetMs });
      const outcome = await store.txn({ compares: txn.compares, success: [] }, { budgetMs });
      if (outcome.kind === 'done') return { ...outcome, reads: [key] };
      return outcome.kind === 'refused' ? { ...outcome, reads: [undefined] } : outcome;
    }),
};

export const refusalBorne: Mutant = {
  name: 'refusal-borne',
  without: 'the end of PostgreSQL as soon as the store refuses a renewal: it goes on to its deadline',
  options: (options) => ({
    ...troubled(options, { 'key-deleted': 8, 'watch-break': 6, 'lease-revoked': 3 }),
    watchdog: 'off',
    leaderTtlMs: 6000,
    leaderBias: 0.9,
    faultEveryMs: 5000,
    thinkMs: 40,
  }),
  store: (store) =>
    withTxn(store, async (txn, budgetMs) => {
      const outcome = await store.txn(txn, { budgetMs });
      const isRefusal = outcome.kind === 'refused' && keyOfRenewal(txn, budgetMs) !== undefined;
      return isRefusal ? { kind: 'notDone', why: 'refused' } : outcome;
    }),
};

export const guardOff: Mutant = {
  name: 'guard-off',
  without: 'the guard',
  // A watchdog would stand in for it.
  options: (options) => ({
    ...troubled(options, { 'agent-kill': 1, 'agent-freeze': 2 }),
    watchdog: 'off',
    isGuarded: false,
  }),
  guard: () => new AbsentGuard(),
};

/** Says yes to everything and does nothing. */
class AbsentGuard implements Guard {
  private current: GuardState = { kind: 'disarmed' };

  arm(order: Parameters<Guard['arm']>[0]): Promise<GuardAnswer> {
    this.current = { kind: 'armed', order };
    return this.state();
  }

  disarm(): Promise<GuardAnswer> {
    this.current = { kind: 'disarmed' };
    return this.state();
  }

  state(): Promise<GuardAnswer> {
    return Promise.resolve({ kind: 'ok', state: this.current });
  }
}
