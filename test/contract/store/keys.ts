import { describe, expect, it } from 'vitest';
import { answered, budget, expectKind, freshPrefix, putTxn, readTxn, type StoreHarness } from './harness.ts';

export function keyContract(harness: () => StoreHarness): void {
  const ask = async (prefix: string) => {
    const h = harness();
    return expectKind(await h.answer(h.client().range(prefix, budget)), 'ok');
  };
  const put = async (key: string, value: string) => {
    const h = harness();
    return expectKind(await h.answer(h.client().txn(putTxn(key, value), budget)), 'done');
  };

  describe('keys', () => {
    it('finds nothing below a prefix that is not used', async () => {
      expect((await ask(freshPrefix())).keyValues).toEqual([]);
    });

    it('keeps what was put, with its revisions, in the order of keys', async () => {
      const prefix = freshPrefix();
      const second = await put(`${prefix}b`, 'first');
      const first = await put(`${prefix}a`, 'other');
      const changed = await put(`${prefix}b`, 'second');
      const found = await ask(prefix);
      expect(found.keyValues).toEqual([
        {
          key: `${prefix}a`,
          value: 'other',
          createRevision: first.revision,
          modRevision: first.revision,
          leaseId: undefined,
        },
        {
          key: `${prefix}b`,
          value: 'second',
          createRevision: second.revision,
          modRevision: changed.revision,
          leaseId: undefined,
        },
      ]);
      expect(found.revision).toBeGreaterThanOrEqual(changed.revision);
    });

    it('takes a prefix for a prefix, not for a name', async () => {
      const prefix = freshPrefix();
      const keys = ['a', 'a/', 'a/1', 'a/\u{10ffff}', 'a0', 'a\u007f', 'b', 'b/1'].map((end) => prefix + end);
      for (const key of keys) await put(key, '');
      const below = async (end: string) =>
        (await ask(prefix + end)).keyValues.map(({ key }) => key.slice(prefix.length));
      expect(await below('a/')).toEqual(['a/', 'a/1', 'a/\u{10ffff}']);
      expect(await below('a\u007f')).toEqual(['a\u007f']);
      expect(await below('b')).toEqual(['b', 'b/1']);
      expect(await below('c')).toEqual([]);
      expect(await below('')).toHaveLength(keys.length);
    });

    it('reads the whole store with the empty prefix', async () => {
      const prefix = freshPrefix();
      await put(`${prefix}x`, '1');
      expect((await ask('')).keyValues.map(({ key }) => key)).toContain(`${prefix}x`);
    });

    it.each([
      ['an empty value', ''],
      ['line breaks and a zero byte', 'a\nb\r\n\0c'],
      ['many scripts', 'žluť 漢字 🐘 \u{10ffff}'],
      ['what looks like JSON', '{"error":"no","code":5}'],
      ['a megabyte', 'x'.repeat(1_000_000)],
    ])('gives back %s as it was', async (_, value) => {
      const key = `${freshPrefix()}odd 🐘\n"key"`;
      await put(key, value);
      expect((await ask(key)).keyValues.map((found) => [found.key, found.value === value])).toEqual([[key, true]]);
    });

    it('counts the creation of a deleted key anew', async () => {
      const h = harness();
      const key = `${freshPrefix()}k`;
      await put(key, '1');
      await h.answer(h.client().txn({ compares: [], success: [{ kind: 'delete', key }] }, budget));
      expect((await ask(key)).keyValues).toEqual([]);
      const again = await put(key, '2');
      const read = answered(await h.answer(h.client().txn(readTxn(key), budget)));
      expect(read.reads[0]?.createRevision).toBe(again.revision);
    });

    it('deletes below a prefix, and beside it nothing', async () => {
      const h = harness();
      const prefix = freshPrefix();
      for (const end of ['a', 'a/1', 'a/2', 'a0']) await put(prefix + end, '');
      const gone = await h.answer(
        h.client().txn({ compares: [], success: [{ kind: 'deletePrefix', prefix: `${prefix}a/` }] }, budget),
      );
      expect(gone.kind).toBe('done');
      expect((await ask(prefix)).keyValues.map(({ key }) => key)).toEqual([`${prefix}a`, `${prefix}a0`]);
    });
  });
}
