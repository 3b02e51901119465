import { describe, expect, test } from 'vitest';
import { bothAcceptMs, type RoleSample } from '../../../chaos/net/two-primaries.ts';

function samples(member: string, accepts: boolean, ...askedMs: readonly number[]): readonly RoleSample[] {
  return askedMs.map((ms) => ({ member, accepts, askedMs: ms, answeredMs: ms + 2 }));
}

describe('two hosts that accept writes at once', () => {
  test('are not two when one begins after the other has ended', () => {
    const told = [
      ...samples('a', true, 0, 100, 200),
      ...samples('a', false, 300),
      ...samples('b', false, 200),
      ...samples('b', true, 250, 350),
    ];
    expect(bothAcceptMs(told)).toBe(0);
  });

  test('are two for as long as both were asked before and after', () => {
    const told = [...samples('a', true, 0, 100, 200, 300), ...samples('b', true, 150, 250, 350)];
    expect(bothAcceptMs(told)).toBeCloseTo(144, 5);
  });

  test('are not two while one of them was frozen: it answers late what it was asked before', () => {
    const frozen: readonly RoleSample[] = [
      ...samples('a', true, 0, 100),
      { member: 'a', accepts: true, askedMs: 200, answeredMs: 9_000 },
      ...samples('a', false, 9_010),
    ];
    expect(bothAcceptMs([...frozen, ...samples('b', true, 4_000, 4_100, 8_900, 8_990)])).toBe(0);
  });
});
