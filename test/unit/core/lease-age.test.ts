import { expect, test } from 'vitest';
import { type LeaseAgeSeen, leaseAgeAfter } from '../../../src/core/model/lease-age.ts';

/** The store's answers to questions that take 10 ms each: when asked, and the whole seconds that were left of three. */
function ageAfter(answers: readonly (readonly [askedMs: number, leftS: number])[]): number {
  let age: LeaseAgeSeen | undefined;
  for (const [askedMs, leftS] of answers)
    age = leaseAgeAfter(age, { askedMs, answeredMs: askedMs + 10, grantedMs: 3_000, remainingMs: leftS * 1_000 });
  return age?.minAgeMs ?? -1;
}

test.each<{ name: string; answers: readonly (readonly [number, number])[]; minAgeMs: number }>([
  { name: 'just renewed', answers: [[0, 3]], minAgeMs: 0 },
  { name: 'up to a second ago', answers: [[0, 2]], minAgeMs: 0 },
  { name: 'more than a second ago', answers: [[0, 1]], minAgeMs: 1_000 },
  { name: 'more than two', answers: [[0, 0]], minAgeMs: 2_000 },
  {
    name: 'each further answer adds the time since the one before it',
    answers: [
      [0, 1],
      [100, 1],
      [200, 1],
    ],
    minAgeMs: 1_180,
  },
  {
    name: 'an age below a second does not add up: a renewal in between would not show',
    answers: [
      [0, 2],
      [400, 2],
      [800, 2],
    ],
    minAgeMs: 0,
  },
  {
    name: 'a renewal shows',
    answers: [
      [0, 1],
      [100, 1],
      [200, 2],
    ],
    minAgeMs: 0,
  },
  {
    name: 'and counts anew from there',
    answers: [
      [0, 1],
      [300, 1],
      [400, 2],
      [500, 1],
    ],
    minAgeMs: 1_000,
  },
  {
    name: 'answers too far apart do not add up: it may have been renewed and aged again',
    answers: [
      [0, 1],
      [600, 1],
    ],
    minAgeMs: 1_000,
  },
])('$name: $minAgeMs ms', ({ answers, minAgeMs }) => {
  expect(ageAfter(answers)).toBe(minAgeMs);
});
