import { describe, expect, test } from 'vitest';
import { brokenLists, type ListTransaction } from '../../../chaos/net/list-check.ts';

function appended(
  item: number,
  fromMs: number,
  items: readonly number[],
  more: Partial<ListTransaction> = {},
): ListTransaction {
  return { sentMs: fromMs, answeredMs: fromMs + 5, member: 'a', key: 1, item, reads: [{ key: 1, items }], ...more };
}

const list = (...items: readonly number[]) => new Map([[1, items]]);

describe('lists that several clients appended to', () => {
  test('are one story when every read is how the list began', () => {
    const transactions = [appended(1, 0, [1]), appended(2, 10, [1, 2]), appended(3, 20, [1, 2, 3])];
    expect(brokenLists(transactions, list(1, 2, 3))).toEqual([]);
  });

  test('may hold what nobody was answered', () => {
    expect(brokenLists([appended(2, 10, [7, 2])], list(7, 2, 8))).toEqual([]);
  });

  test('lack an update that was acknowledged', () => {
    expect(brokenLists([appended(1, 0, [1]), appended(2, 10, [1, 2])], list(1))).toContain(
      'list 1 lacks 2, which a acknowledged',
    );
  });

  test('hold an update twice', () => {
    expect(brokenLists([appended(1, 0, [1])], list(1, 1))).toEqual(['list 1 holds 1 twice']);
  });

  test('were read with something that is not there any more: two histories', () => {
    const broken = brokenLists([appended(3, 0, [1, 9, 3])], list(1, 3));
    expect(broken).toEqual(['3 at a read list 1 with 9 at 1, where it has 3']);
  });

  test('were read by another transaction further than they reach', () => {
    const other = appended(3, 0, [3], { reads: [{ key: 2, items: [4, 5] }] });
    const final = new Map([
      [1, [3]],
      [2, [4]],
    ]);
    expect(brokenLists([other], final)).toEqual(['3 at a read list 2 with 5 at 1, where it has nothing']);
  });

  test('have somebody behind one who was sent after the answer', () => {
    const broken = brokenLists([appended(1, 0, []), appended(2, 10, [])], list(2, 1));
    expect(broken).toEqual(['list 1 has 1 behind 2, which was sent after its answer']);
  });

  test('may have two in either order that were under way at once', () => {
    expect(brokenLists([appended(1, 0, []), appended(2, 3, [])], list(2, 1))).toEqual([]);
  });
});
