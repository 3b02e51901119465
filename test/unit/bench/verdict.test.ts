import { describe, expect, test } from 'vitest';
import { judge } from '../../../bench/failover/verdict.ts';
import type { Ack } from '../../../bench/failover/writers.ts';

/** `a racing 1000`: acknowledged by a to the racing client at 1000; numbered from 1. */
function acks(...texts: readonly string[]): readonly Ack[] {
  return texts.map((text, index) => {
    const [node = '', by, at] = text.split(' ');
    return { id: index + 1, node, by: by === 'racing' ? 'racing' : 'patient', atMs: Number(at) };
  });
}

const all = (list: readonly Ack[], except: readonly number[] = []): ReadonlySet<number> =>
  new Set(list.map(({ id }) => id).filter((id) => !except.includes(id)));

describe('what clients saw of a failover', () => {
  test('the outage is the gap that the fault fell into', () => {
    const list = acks('a racing 980', 'a racing 990', 'b racing 1450', 'b racing 1460');
    const story = { acks: list, present: all(list), struckMs: 1_000, oldLeader: 'a', thawedMs: undefined };
    expect(judge(story)).toMatchObject({
      acknowledged: 4,
      lost: 0,
      outageMs: 460,
      effectiveOutageMs: 460,
      overlapMs: 0,
      newLeader: 'b',
      firstAckMs: 450,
    });
  });

  test('what was acknowledged and is gone counts as lost, and as an outage', () => {
    const list = acks('a racing 990', 'a racing 1500', 'a racing 2000', 'b racing 2100', 'b racing 2110');
    const story = { acks: list, present: all(list, [2, 3]), struckMs: 1_000, oldLeader: 'a', thawedMs: undefined };
    expect(judge(story)).toMatchObject({ lost: 2, outageMs: 510, effectiveOutageMs: 1_110 });
  });

  test('two who acknowledge at once overlap; one that leads again later does not', () => {
    const both = acks('a racing 990', 'b patient 1400', 'a racing 1450', 'a patient 1700', 'b patient 1750');
    const story = { acks: both, present: all(both), struckMs: 1_000, oldLeader: 'a', thawedMs: undefined };
    expect(judge(story).overlapMs).toBe(300);
    const again = acks('a racing 990', 'b racing 1400', 'b racing 1500', 'a racing 3000');
    expect(judge({ ...story, acks: again, present: all(again) }).overlapMs).toBe(0);
  });

  test('of a thawed leader it is told what it still acknowledged, and for how long', () => {
    const list = acks('a racing 990', 'b racing 1400', 'a patient 2012', 'a patient 2030', 'b racing 2040');
    const story = { acks: list, present: all(list, [3, 4]), struckMs: 1_000, oldLeader: 'a', thawedMs: 2_000 };
    expect(judge(story)).toMatchObject({ lost: 2, afterThaw: { acks: 2, lastMs: 30 } });
  });

  test('a leader that stays has its first answer after the longest gap', () => {
    const list = acks('a racing 990', 'a racing 1004', 'a racing 1400', 'a racing 1410');
    const story = { acks: list, present: all(list), struckMs: 1_000, oldLeader: 'a', thawedMs: undefined };
    expect(judge(story)).toMatchObject({ newLeader: undefined, firstAckMs: 400, outageMs: 396 });
  });
});
