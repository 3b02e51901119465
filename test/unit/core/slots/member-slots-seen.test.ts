import { expect, test } from 'vitest';
import { memberSlotsSeen, type SightOfMembers } from '../../../../src/core/slots/member-slots-seen.ts';
import { member } from '../../../support/core-builders.ts';

const sight = (nowMs: number, names: readonly string[], more: Partial<SightOfMembers> = {}): SightOfMembers => ({
  reign: 10,
  nowMs,
  ttlMs: 1_000,
  topology: { leader: 'a', members: names.map((name) => member(name)) },
  retained: [],
  wasSilent: false,
  ...more,
});

const namesOf = (seen: { readonly atMs: object }): readonly string[] => Object.keys(seen.atMs).toSorted();

test('a member that is gone is kept for its time, and then forgotten', () => {
  const first = memberSlotsSeen(undefined, sight(100, ['a', 'b', 'c-1']));
  expect(namesOf(first)).toEqual(['a', 'b', 'c_1']);
  const later = memberSlotsSeen(first, sight(1_100, ['a', 'b']));
  expect(namesOf(later)).toEqual(['a', 'b', 'c_1']);
  expect(namesOf(memberSlotsSeen(later, sight(1_101, ['a', 'b'])))).toEqual(['a', 'b']);
});

test('a new leader begins with everybody’s full time, the failed leader’s too (known failure 29)', () => {
  const before = memberSlotsSeen(undefined, sight(100, ['b'], { reign: 9 }));
  const after = memberSlotsSeen(before, sight(5_000, ['b'], { retained: ['a', 'b', 'x'] }));
  expect(after).toEqual({ reign: 10, atMs: { a: 5_000, b: 5_000, x: 5_000 } });
});

test('nobody’s time runs while the store is silent', () => {
  const before = memberSlotsSeen(undefined, sight(100, ['a', 'b']));
  const after = memberSlotsSeen(before, sight(9_000, ['a'], { wasSilent: true }));
  expect(namesOf(after)).toEqual(['a', 'b']);
});

test('one that is tagged nostream is forgotten at once', () => {
  const before = memberSlotsSeen(undefined, sight(100, ['a', 'b']));
  const topology = { leader: 'a', members: [member('a'), member('b', { tags: { nostream: true } })] };
  expect(namesOf(memberSlotsSeen(before, sight(200, [], { topology })))).toEqual(['a']);
});
