import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Mirror } from './mirror.ts';
import { answered, budget, expectKind, freshPrefix, putTxn, readTxn, type StoreHarness } from './harness.ts';

const shortBudget = { budgetMs: 1_200 };

export function outageContract(harness: () => StoreHarness): void {
  let prefix = '';
  beforeEach(() => {
    prefix = freshPrefix();
  });
  afterEach(() => harness().heal());

  /** All calls at once, and how long the slowest took. */
  const callAll = async () => {
    const h = harness();
    const store = h.client();
    const startedMs = h.bootMs();
    const outcomes = await h.answer(
      Promise.all([
        store.range(prefix, shortBudget),
        store.grantLease(2_000, shortBudget),
        store.keepAlive('4242', shortBudget),
        store.leaseRemaining('4242', shortBudget),
        store.revokeLease('4242', shortBudget),
      ]),
    );
    return { kinds: outcomes.map(({ kind }) => kind), tookMs: h.bootMs() - startedMs };
  };
  const unanswered = Array.from({ length: 5 }, () => 'unanswered');

  describe('outages', () => {
    it('frozen: calls are unanswered within their budget', async () => {
      const h = harness();
      await h.freeze();
      const { kinds, tookMs } = await callAll();
      expect(kinds).toEqual(unanswered);
      expect(tookMs).toBeLessThanOrEqual(shortBudget.budgetMs + h.latenessMsMax);
    });

    it('shut down: calls are unanswered within their budget', async () => {
      const h = harness();
      await h.shutDown();
      const { kinds, tookMs } = await callAll();
      expect(kinds).toEqual(unanswered);
      expect(tookMs).toBeLessThanOrEqual(shortBudget.budgetMs + h.latenessMsMax);
    });

    it('frozen: a write that was sent is unknown; once back it has happened or not, never twice', async () => {
      const h = harness();
      const store = h.client();
      const start = answered(await h.answer(store.txn(putTxn(`${prefix}n`, '0'), budget))).revision;
      await h.freeze();
      const outcome = await h.answer(store.txn(putTxn(`${prefix}n`, '1'), shortBudget));
      expect(expectKind(outcome, 'unknown').why).not.toBe('');
      await h.heal();
      await h.elapse(500);
      const read = answered(await h.answer(h.client().txn(readTxn(`${prefix}n`), budget))).reads[0];
      expect(['0 at 0', '1 at 1']).toContain(`${read?.value} at ${(read?.modRevision ?? 0) > start ? 1 : 0}`);
    });

    it('shut down: a write is certainly not done', async () => {
      const h = harness();
      const store = h.client();
      expectKind(await h.answer(store.range(prefix, budget)), 'ok');
      await h.shutDown();
      // Until then a connection that is about to break may still take the write.
      await h.elapse(100);
      const outcome = await h.answer(store.txn(putTxn(`${prefix}n`, '1'), shortBudget));
      expect(expectKind(outcome, 'notDone').why).not.toBe('');
      await h.heal();
      await h.elapse(300);
      expect(answered(await h.answer(store.txn(readTxn(`${prefix}n`), budget))).reads).toEqual([undefined]);
    });

    it('a lease survives an outage shorter than itself', async () => {
      const h = harness();
      const store = h.client();
      const lease = expectKind(await h.answer(store.grantLease(60_000, budget)), 'alive');
      await h.answer(store.txn(putTxn(`${prefix}k`, '', lease.leaseId), budget));
      await h.shutDown();
      await h.heal();
      expect((await h.answer(store.keepAlive(lease.leaseId, budget))).kind).toBe('alive');
    });

    it.each(['freeze', 'shutDown'] as const)(
      '%s: who ranges and watches anew misses nothing and sees nothing twice',
      async (outage) => {
        const h = harness();
        const writer = h.client();
        const mirror = new Mirror(h.client(), prefix);
        let count = 0;
        const write = async (times: number) => {
          for (let index = 0; index < times; index += 1) {
            await h.answer(writer.txn(putTxn(`${prefix}${(count += 1)}`, String(count)), budget));
          }
        };
        await write(5);
        mirror.start();
        await h.until('the mirror follows', () => mirror.size === 5);
        await h[outage]();
        await h.elapse(1_500);
        await h.heal();
        await write(5);
        await h.until('the mirror caught up', () => mirror.size === 10);
        mirror.stop();
        expect(mirror.faults).toEqual([]);
      },
    );
  });
}
