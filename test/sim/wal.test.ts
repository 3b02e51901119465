import { describe, expect, test } from 'vitest';
import { commonLsn, contains, cutAt, Forest, forksOf, normalized, positionOf } from '../../src/sim/database/wal.ts';

describe('simulated WAL', () => {
  const forest = new Forest();
  const root = forest.root(1, 1000);
  const old = forest.append(root, 100);
  const forked = forest.append(forest.fork(root, 2), 50);

  test('a timeline holds what its parent had at the fork, and nothing behind it', () => {
    expect(contains(forked, root)).toBe(true);
    expect(contains(forked, old)).toBe(false);
    expect(contains(old, forked)).toBe(false);
  });

  test('the timeline of an end is that of the last record held', () => {
    const bare = forest.fork(old, 3);
    expect(normalized(bare).branch.timeline).toBe(1);
    expect(positionOf(forked)).toMatchObject({ timeline: 2 });
    expect(cutAt(forked, 1000).branch.timeline).toBe(1);
  });

  test('two ends are the same up to where they part', () => {
    expect(commonLsn(forked, old)).toBe(1000);
    expect(commonLsn(old, old)).toBe(1100);
    expect(commonLsn(forest.root(1, 500), old)).toBe(0);
  });

  test('two servers that write on from one position part, though the number stays', () => {
    const first = forest.append(forked, 10);
    const second = forest.append(forked, 10);
    expect(second.branch.timeline).toBe(first.branch.timeline);
    expect(contains(first, second)).toBe(false);
  });

  test('the history names each fork once', () => {
    expect(forksOf(forked)).toEqual([{ timeline: 1, lsn: 1000 }]);
  });
});
