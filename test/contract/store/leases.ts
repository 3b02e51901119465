import { describe, expect, it } from 'vitest';
import {
  answered,
  budget,
  expectKind,
  freshPrefix,
  putTxn,
  readTxn,
  recordingSink,
  type StoreHarness,
} from './harness.ts';

export function leaseContract(harness: () => StoreHarness): void {
  const grant = async (ttlMs: number) => {
    const h = harness();
    return expectKind(await h.answer(h.client().grantLease(ttlMs, budget)), 'alive');
  };

  describe('leases', () => {
    it('are granted for at least the time asked for, counted from the sending', async () => {
      const h = harness();
      const beforeMs = h.bootMs();
      const lease = await grant(2_500);
      expect(lease.ttlMs).toBeGreaterThanOrEqual(2_500);
      expect(lease.sentAtMs).toBeGreaterThanOrEqual(beforeMs);
      expect(lease.sentAtMs).toBeLessThanOrEqual(h.bootMs());
    });

    it('have names of their own', async () => {
      expect((await grant(30_000)).leaseId).not.toBe((await grant(30_000)).leaseId);
    });

    it('take their keys with them when they run out, and a watch shows it', async () => {
      const h = harness();
      const prefix = freshPrefix();
      const store = h.client();
      const lease = await grant(2_000);
      const put = answered(await h.answer(store.txn(putTxn(`${prefix}k`, 'v', lease.leaseId), budget)));
      const sink = recordingSink();
      const watch = store.watch(prefix, put.revision, sink);
      await h.until('the key is deleted', () => sink.changes.length > 0);
      watch.close();
      expect(sink.changes).toEqual([`delete ${prefix}k`]);
      expect(h.bootMs() - lease.sentAtMs).toBeGreaterThanOrEqual(lease.ttlMs * 0.9);
      expect(await h.answer(store.keepAlive(lease.leaseId, budget))).toEqual({ kind: 'gone' });
      expect(await h.answer(store.leaseRemaining(lease.leaseId, budget))).toEqual({ kind: 'gone' });
    });

    it('live on as long as they are kept alive', async () => {
      const h = harness();
      const key = `${freshPrefix()}k`;
      const store = h.client();
      const lease = await grant(2_000);
      await h.answer(store.txn(putTxn(key, 'v', lease.leaseId), budget));
      for (let beat = 0; beat < 5; beat += 1) {
        await h.elapse(900);
        const kept = expectKind(await h.answer(store.keepAlive(lease.leaseId, budget)), 'alive');
        expect(kept).toMatchObject({ leaseId: lease.leaseId, ttlMs: lease.ttlMs });
      }
      const read = answered(await h.answer(store.txn(readTxn(key), budget)));
      expect(read.reads[0]?.leaseId).toBe(lease.leaseId);
    });

    it('tell how long they have left', async () => {
      const h = harness();
      const lease = await grant(30_000);
      const left = expectKind(await h.answer(h.client().leaseRemaining(lease.leaseId, budget)), 'alive');
      expect(left.grantedMs).toBe(lease.ttlMs);
      expect(left.remainingMs).toBeGreaterThan(25_000);
      expect(left.remainingMs).toBeLessThanOrEqual(lease.ttlMs);
    });

    it('that never were are gone', async () => {
      const h = harness();
      expect(await h.answer(h.client().keepAlive('4242', budget))).toEqual({ kind: 'gone' });
      expect(await h.answer(h.client().leaseRemaining('4242', budget))).toEqual({ kind: 'gone' });
    });

    it('take their keys with them when revoked, however often', async () => {
      const h = harness();
      const prefix = freshPrefix();
      const store = h.client();
      const lease = await grant(30_000);
      await h.answer(store.txn(putTxn(`${prefix}a`, '', lease.leaseId), budget));
      await h.answer(store.txn(putTxn(`${prefix}b`, '', lease.leaseId), budget));
      await h.answer(store.txn(putTxn(`${prefix}b`, 'permanent now'), budget));
      expect(await h.answer(store.revokeLease(lease.leaseId, budget))).toEqual({ kind: 'done' });
      expect(await h.answer(store.revokeLease(lease.leaseId, budget))).toEqual({ kind: 'done' });
      const found = expectKind(await h.answer(store.range(prefix, budget)), 'ok');
      expect(found.keyValues.map(({ key }) => key)).toEqual([`${prefix}b`]);
      expect(await h.answer(store.keepAlive(lease.leaseId, budget))).toEqual({ kind: 'gone' });
    });
  });
}
