import { describe, expect, test } from 'vitest';
import { longestSilence, overlapsOf } from '../../../chaos/verdict.ts';
import type { Acknowledgement } from '../../../chaos/writer.ts';

const at = (id: number, member: string, atMs: number): Acknowledgement => ({ id, member, atMs });

describe('two members that answer at once', () => {
  test('are none when one begins after the other has ended', () => {
    expect(overlapsOf([at(1, 'a', 0), at(2, 'a', 50), at(3, 'b', 160)], new Set([1, 2, 3]))).toEqual([]);
  });

  test('are told with both answers, whatever order they were collected in', () => {
    const [first, second] = [at(1, 'a', 100), at(2, 'b', 130)];
    expect(overlapsOf([second, first], new Set([2]))).toEqual([{ first, second, isHeld: false }]);
  });

  test('are held when the survivor knows both', () => {
    const told = overlapsOf([at(1, 'a', 100), at(2, 'b', 130)], new Set([1, 2]));
    expect(told.map(({ isHeld }) => isHeld)).toEqual([true]);
  });

  test('are told each time that one of them is not held', () => {
    const answers = [at(1, 'a', 0), at(2, 'b', 10), at(3, 'a', 20)];
    expect(overlapsOf(answers, new Set([2]))).toHaveLength(2);
  });
});

describe('the longest silence', () => {
  test('is between two answers', () => {
    expect(longestSilence([at(1, 'a', 10), at(2, 'a', 40), at(3, 'b', 45)], 0, 60)).toEqual({ fromMs: 10, ms: 30 });
  });

  test('may be before the first or after the last', () => {
    expect(longestSilence([at(1, 'a', 10)], 0, 60)).toEqual({ fromMs: 10, ms: 50 });
    expect(longestSilence([], 0, 60)).toEqual({ fromMs: 0, ms: 60 });
  });
});
