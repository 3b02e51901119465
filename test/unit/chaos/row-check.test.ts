import { describe, expect, test } from 'vitest';
import { changedRounds, checkRows } from '../../../chaos/net/row-check.ts';
import type { Acknowledgement } from '../../../chaos/writer.ts';

const answers = (member: string, ...ids: readonly number[]): readonly Acknowledgement[] =>
  ids.map((id) => ({ id, member, atMs: id * 1_000 }));

describe('the rows of a round', () => {
  const told = { inserted: answers('a', 1, 2, 3, 4), deleted: [2], doubtful: [3] };

  test('are all there, but for those that were deleted or may have been', () => {
    expect(checkRows(told, new Set([1, 4]))).toEqual({ lost: [], resurrected: [], overlaps: [] });
    expect(checkRows(told, new Set([1, 3, 4]))).toEqual({ lost: [], resurrected: [], overlaps: [] });
  });

  test('are lost when one that was acknowledged is missing', () => {
    expect(checkRows(told, new Set([4])).lost).toEqual([1]);
  });

  test('are resurrected when one is there whose deletion was acknowledged', () => {
    expect(checkRows(told, new Set([1, 2, 4])).resurrected).toEqual([2]);
  });

  test('were acknowledged by two when one of them is not held', () => {
    const inserted: readonly Acknowledgement[] = [
      { id: 1, member: 'a', atMs: 1_000 },
      { id: 2, member: 'b', atMs: 1_020 },
    ];
    const found = checkRows({ inserted, deleted: [], doubtful: [] }, new Set([2]));
    expect(found.overlaps).toEqual([{ first: inserted[0], second: inserted[1], isHeld: false }]);
  });

  test('count as held when they were deleted later', () => {
    const inserted: readonly Acknowledgement[] = [
      { id: 1, member: 'a', atMs: 1_000 },
      { id: 2, member: 'b', atMs: 1_020 },
    ];
    const found = checkRows({ inserted, deleted: [1], doubtful: [] }, new Set([2]));
    expect(found.overlaps.map(({ isHeld }) => isHeld)).toEqual([true]);
  });
});

describe('rounds that are over', () => {
  const settled = new Map([
    [1, '10 rows x'],
    [2, '8 rows y'],
  ]);

  test('stay as they were', () => {
    expect(changedRounds(settled, new Map([...settled, [3, '1 rows z']]))).toEqual([]);
  });

  test('are told when they lose or gain rows', () => {
    expect(changedRounds(settled, new Map([[1, '11 rows w']]))).toEqual([
      'round 1 had 10 rows x, now 11 rows w',
      'round 2 had 8 rows y, now nothing',
    ]);
  });
});
