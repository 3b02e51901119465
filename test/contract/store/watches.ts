import { beforeEach, describe, expect, it } from 'vitest';
import { answered, budget, freshPrefix, putTxn, recordingSink, type StoreHarness } from './harness.ts';

export function watchContract(harness: () => StoreHarness): void {
  let prefix = '';
  beforeEach(() => {
    prefix = freshPrefix();
  });
  const put = async (key: string, value: string) => {
    const h = harness();
    return answered(await h.answer(h.client().txn(putTxn(key, value), budget))).revision;
  };

  describe('watches', () => {
    it('show every change after the revision asked for, in order, once', async () => {
      const h = harness();
      const before = await put(`${prefix}before`, '');
      for (let index = 0; index < 20; index += 1) await put(`${prefix}${index % 3}`, String(index));
      const sink = recordingSink();
      const watch = h.client().watch(prefix, before, sink);
      for (let index = 20; index < 40; index += 1) await put(`${prefix}${index % 3}`, String(index));
      await h.until('40 changes were seen', () => sink.changes.length >= 40);
      await h.elapse(200);
      watch.close();
      expect(sink.changes).toEqual(Array.from({ length: 40 }, (_, index) => `put ${prefix}${index % 3} ${index}`));
      expect(sink.revisions).toEqual([...new Set(sink.revisions)].toSorted((a, b) => a - b));
      expect(sink.ends).toEqual([]);
    });

    it('show deletions, and the changes of one transaction together', async () => {
      const h = harness();
      const start = await put(`${prefix}a`, '1');
      const sink = recordingSink();
      const watch = h.client().watch(prefix, start, sink);
      const txn = {
        compares: [],
        success: [
          { kind: 'put', key: `${prefix}b`, value: '2' },
          { kind: 'delete', key: `${prefix}a` },
        ],
      } as const;
      const { revision } = answered(await h.answer(h.client().txn(txn, budget)));
      await h.until('a change was seen', () => sink.changes.length > 0);
      watch.close();
      expect(sink.changes.toSorted()).toEqual([`delete ${prefix}a`, `put ${prefix}b 2`]);
      expect(sink.revisions).toEqual([revision]);
    });

    it('show nothing from beside their prefix', async () => {
      const h = harness();
      const start = await put(`${prefix}a/1`, '');
      const sink = recordingSink();
      const watch = h.client().watch(`${prefix}a/`, start, sink);
      await put(`${prefix}a`, 'beside');
      await put(`${prefix}a0`, 'beside');
      await put(`${prefix}a/2`, 'below');
      await h.until('a change was seen', () => sink.changes.length > 0);
      watch.close();
      expect(sink.changes).toEqual([`put ${prefix}a/2 below`]);
    });

    it('say nothing after close', async () => {
      const h = harness();
      const start = await put(`${prefix}a`, '');
      const sink = recordingSink();
      const other = recordingSink();
      const store = h.client();
      const watch = store.watch(prefix, start, sink);
      const otherWatch = store.watch(prefix, start, other);
      await put(`${prefix}b`, '');
      await h.until('both watches live', () => sink.changes.length > 0 && other.changes.length > 0);
      watch.close();
      watch.close();
      await put(`${prefix}c`, '');
      await h.until('the other watch saw it', () => other.changes.length > 1);
      otherWatch.close();
      expect(sink.changes).toHaveLength(1);
      expect([...sink.ends, ...other.ends]).toEqual([]);
    });

    it('end when the revision asked for is compacted away', async () => {
      const h = harness();
      const start = await put(`${prefix}a`, '1');
      await put(`${prefix}a`, '2');
      await put(`${prefix}a`, '3');
      await h.compact();
      const sink = recordingSink();
      h.client().watch(prefix, start - 1, sink);
      await h.until('the watch ended', () => sink.ends.length > 0);
      expect(sink).toMatchObject({ ends: ['compacted'], changes: [] });
    });
  });
}
