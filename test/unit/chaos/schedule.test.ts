import { describe, expect, test } from 'vitest';
import { NET_FAULTS, netScheduleOf } from '../../../chaos/net/net-schedule.ts';
import { scheduleOf } from '../../../chaos/schedule.ts';

const SEEDS = Array.from({ length: 1_000 }, (_, at) => at + 1);

describe('a schedule of faults', () => {
  test('is decided by its seed alone', () => {
    for (const seed of SEEDS.slice(0, 50)) {
      expect(netScheduleOf(seed)).toEqual(netScheduleOf(seed));
      expect(scheduleOf(seed)).toEqual(scheduleOf(seed));
    }
  });

  test('means the same as when the ledger was begun', () => {
    expect(scheduleOf(19).map(({ kind, atMs, lengthMs }) => ({ kind, atMs, lengthMs }))).toEqual([
      { kind: 'store-member-kill', atMs: 217, lengthMs: 9073 },
      { kind: 'store-member-kill', atMs: 6984, lengthMs: 3156 },
    ]);
  });

  test('comes to every kind of fault', () => {
    const kinds = new Set(SEEDS.flatMap((seed) => netScheduleOf(seed).map(({ kind }) => kind)));
    expect([...kinds].toSorted()).toEqual([...NET_FAULTS].toSorted());
  });

  test('holds one kind only if asked for it', () => {
    const kinds = SEEDS.flatMap((seed) => netScheduleOf(seed, 'link-down').map(({ kind }) => kind));
    expect(new Set(kinds)).toEqual(new Set(['link-down']));
  });
});
