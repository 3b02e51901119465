import { describe, expect, test } from 'vitest';
import { unequalTo } from '../../../chaos/net/equality.ts';
import type { NetRoundResult } from '../../../chaos/net/net-result.ts';
import { wrongs } from '../../../chaos/net/net-verdict.ts';

const GOOD: NetRoundResult = {
  seed: 1,
  faults: ['link-down of leader at 1 ms for 2 ms (a)'],
  acknowledged: 100,
  lost: [],
  resurrected: [],
  overlaps: [],
  lists: [],
  outageMs: 1_000,
  silentSince: '2026-11-26 08:00:00,000',
  healedAt: '2026-11-26 08:00:00,000',
  wholeMs: 1_000,
  hasCloned: false,
  unequal: [],
  changedSince: [],
  bothAcceptMs: 0,
  mayMove: true,
  roles: { changes: [], unexplained: [] },
  loss: { lostBytes: 0, promisedBytes: 0, beyond: [] },
};
const overlap = (isHeld: boolean) => ({
  first: { id: 7, member: 'a', atMs: 1 },
  second: { id: 8, member: 'b', atMs: 2 },
  isHeld,
});

const ALWAYS: readonly (readonly [string, Partial<NetRoundResult>, string])[] = [
  ['a member has other rows', { unequal: ['b has other rows than a'] }, 'b has other rows than a'],
  ['an earlier round has changed', { changedSince: ['round 1 had x, now y'] }, 'round 1 had x, now y'],
  ['nobody explains a change', { roles: { changes: [], unexplained: ['nobody says'] } }, 'nobody says'],
];
const TOGETHER: readonly (readonly [string, Partial<NetRoundResult>, string])[] = [
  ['a row is lost', { lost: [4] }, '1 lost: 4'],
  ['a row is back', { resurrected: [4, 5] }, '2 resurrected: 4, 5'],
  ['two acknowledged', { overlaps: [overlap(false)] }, '1 acknowledged by two: 7 at a and 8 at b'],
  [
    'a list tells two stories',
    { lists: ['list 1 lacks 2, which a acknowledged'] },
    'list 1 lacks 2, which a acknowledged',
  ],
];
const ALONE: readonly (readonly [string, Partial<NetRoundResult>, string])[] = [
  ['a primary began too far behind', { loss: { ...GOOD.loss, beyond: ['too far'] } }, 'too far'],
  ['two took writes for long', { bothAcceptMs: 400 }, 'two hosts took writes at once for 400 ms'],
];

describe('a round', () => {
  test.each(['on', 'quorum', 'off'] as const)('is as it should be in mode %s', (mode) => {
    expect(wrongs(mode, GOOD)).toEqual([]);
  });

  test.each(ALWAYS)('is wrong in every mode when %s', (_, found, told) => {
    for (const mode of ['on', 'quorum', 'off'] as const) expect(wrongs(mode, { ...GOOD, ...found })).toEqual([told]);
  });

  test.each(TOGETHER)('is wrong with synchronous replication only when %s', (_, found, told) => {
    for (const mode of ['on', 'quorum'] as const) expect(wrongs(mode, { ...GOOD, ...found })).toEqual([told]);
    expect(wrongs('off', { ...GOOD, ...found })).toEqual([]);
  });

  test.each(ALONE)('is wrong without synchronous replication when %s', (_, found, told) => {
    expect(wrongs('off', { ...GOOD, ...found })).toEqual([told]);
  });

  test('may have two that take writes for the reaction of a guard after a thaw', () => {
    expect(wrongs('off', { ...GOOD, bothAcceptMs: 400, faults: ['host-freeze of leader'] })).toEqual([]);
  });

  test('may have two that acknowledge what the survivor holds', () => {
    expect(wrongs('quorum', { ...GOOD, overlaps: [overlap(true)] })).toEqual([]);
  });
});

test('members are equal when each has the digest of the primary', () => {
  const digests = new Map([
    ['b', 'x'],
    ['c', 'y'],
  ]);
  expect(unequalTo({ name: 'a', digest: 'x' }, digests)).toEqual(['c has other rows than a']);
  expect(unequalTo({ name: 'a', digest: 'x' }, new Map([['b', 'x']]))).toEqual([]);
});
