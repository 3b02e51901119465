import { beforeEach, describe, expect, it } from 'vitest';
import type { Compare, Txn } from '../../../src/ports/store.ts';
import { answered, budget, expectKind, freshPrefix, putTxn, readTxn, type StoreHarness } from './harness.ts';

export function txnContract(harness: () => StoreHarness): void {
  let prefix = '';
  beforeEach(() => {
    prefix = freshPrefix();
  });
  const txn = (wanted: Txn) => {
    const h = harness();
    return h.answer(h.client().txn(wanted, budget));
  };
  const holds = async (compare: Compare) => {
    const outcome = await txn({ compares: [compare], success: [{ kind: 'read', key: compare.key }] });
    return answered(outcome).kind === 'done';
  };

  describe('transactions: what they compare', () => {
    it('creation: 0 is a key that does not exist', async () => {
      const key = `${prefix}k`;
      expect(await holds({ target: 'create', key, revision: 0 })).toBe(true);
      const { revision } = answered(await txn(putTxn(key, '1')));
      await txn(putTxn(key, '2'));
      expect(await holds({ target: 'create', key, revision: 0 })).toBe(false);
      expect(await holds({ target: 'create', key, revision })).toBe(true);
    });

    it('modification: the last write counts', async () => {
      const key = `${prefix}k`;
      expect(await holds({ target: 'mod', key, revision: 0 })).toBe(true);
      const first = answered(await txn(putTxn(key, '1')));
      const second = answered(await txn(putTxn(key, '1')));
      expect(await holds({ target: 'mod', key, revision: first.revision })).toBe(false);
      expect(await holds({ target: 'mod', key, revision: second.revision })).toBe(true);
      expect(await holds({ target: 'mod', key, revision: 0 })).toBe(false);
    });

    it('value: a key that does not exist has none, not even the empty one', async () => {
      const key = `${prefix}k`;
      expect(await holds({ target: 'value', key, value: '' })).toBe(false);
      await txn(putTxn(key, 'ž'));
      expect(await holds({ target: 'value', key, value: 'ž' })).toBe(true);
      expect(await holds({ target: 'value', key, value: 'z' })).toBe(false);
    });

    it('lease: that of the last put', async () => {
      const h = harness();
      const lease = expectKind(await h.answer(h.client().grantLease(30_000, budget)), 'alive');
      const key = `${prefix}k`;
      expect(await holds({ target: 'lease', key, leaseId: lease.leaseId })).toBe(false);
      await txn(putTxn(key, '', lease.leaseId));
      expect(await holds({ target: 'lease', key, leaseId: lease.leaseId })).toBe(true);
      await txn(putTxn(key, ''));
      expect(await holds({ target: 'lease', key, leaseId: lease.leaseId })).toBe(false);
    });

    it('all of several must hold', async () => {
      await txn(putTxn(`${prefix}a`, '1'));
      const compares: readonly Compare[] = [
        { target: 'value', key: `${prefix}a`, value: '1' },
        { target: 'create', key: `${prefix}b`, revision: 0 },
      ];
      expect(answered(await txn({ compares, success: [] })).kind).toBe('done');
      await txn(putTxn(`${prefix}b`, ''));
      expect(answered(await txn({ compares, success: [] })).kind).toBe('refused');
    });
  });

  describe('transactions: what they do', () => {
    it('writes all of its operations at one revision', async () => {
      const outcome = answered(
        await txn({
          compares: [],
          success: [
            { kind: 'put', key: `${prefix}a`, value: '1' },
            { kind: 'put', key: `${prefix}b`, value: '2' },
          ],
        }),
      );
      const h = harness();
      const found = expectKind(await h.answer(h.client().range(prefix, budget)), 'ok');
      expect(found.keyValues.map(({ modRevision }) => modRevision)).toEqual([outcome.revision, outcome.revision]);
    });

    it('changes nothing when refused, and reads what the other branch wants', async () => {
      await txn(putTxn(`${prefix}a`, 'kept'));
      const outcome = await txn({
        compares: [{ target: 'create', key: `${prefix}a`, revision: 0 }],
        success: [{ kind: 'put', key: `${prefix}a`, value: 'lost' }],
        failure: [
          { kind: 'read', key: `${prefix}none` },
          { kind: 'read', key: `${prefix}a` },
        ],
      });
      expect(expectKind(outcome, 'refused').reads.map((read) => read?.value)).toEqual([undefined, 'kept']);
    });

    it('reads in the order of its operations, after the writes before them', async () => {
      await txn(putTxn(`${prefix}a`, 'old'));
      const outcome = await txn({
        compares: [],
        success: [
          { kind: 'read', key: `${prefix}a` },
          { kind: 'put', key: `${prefix}a`, value: 'new' },
          { kind: 'delete', key: `${prefix}none` },
          { kind: 'read', key: `${prefix}a` },
        ],
      });
      expect(expectKind(outcome, 'done').reads.map((read) => read?.value)).toEqual(['old', 'new']);
    });

    it('gives no reads for a branch without any', async () => {
      const outcome = await txn({ compares: [{ target: 'create', key: `${prefix}a`, revision: 0 }], success: [] });
      expect(expectKind(outcome, 'done').reads).toEqual([]);
    });

    it('lets one of many who want the same key have it', async () => {
      const h = harness();
      const claims = Array.from({ length: 10 }, (_, index) =>
        h.client().txn(
          {
            compares: [{ target: 'create', key: `${prefix}leader`, revision: 0 }],
            success: [{ kind: 'put', key: `${prefix}leader`, value: String(index) }],
            failure: [{ kind: 'read', key: `${prefix}leader` }],
          },
          budget,
        ),
      );
      const outcomes = (await h.answer(Promise.all(claims))).map(answered);
      const winner = outcomes.findIndex(({ kind }) => kind === 'done');
      expect(outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(1);
      const seen = outcomes.filter(({ kind }) => kind === 'refused').map(({ reads }) => reads[0]?.value);
      expect(new Set(seen)).toEqual(new Set([String(winner)]));
    });

    it('does nothing at all when one of its leases does not exist, and says why', async () => {
      const outcome = await txn({
        compares: [],
        success: [
          { kind: 'put', key: `${prefix}a`, value: '1' },
          { kind: 'put', key: `${prefix}b`, value: '2', leaseId: '4242' },
        ],
      });
      expect(expectKind(outcome, 'notDone').why).toContain('lease');
      expect(answered(await txn(readTxn(`${prefix}a`))).reads).toEqual([undefined]);
    });

    it('names the time at which it was sent', async () => {
      const h = harness();
      const beforeMs = h.bootMs();
      const outcome = answered(await txn(putTxn(`${prefix}a`, '')));
      expect(outcome.sentAtMs).toBeGreaterThanOrEqual(beforeMs);
      expect(outcome.sentAtMs).toBeLessThanOrEqual(h.bootMs());
    });
  });
}
