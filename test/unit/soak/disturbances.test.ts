import { expect, test } from 'vitest';
import { type Disturbance, disturbancesOf } from '../../../soak/calm/disturbances.ts';

const HOUR = 60;
const MINUTE_MS = 60_000;
const seeds = Array.from({ length: 50 }, (_, at) => at + 1);

function ofKind<Kind extends Disturbance['kind']>(all: readonly Disturbance[], kind: Kind) {
  return all.filter((each): each is Extract<Disturbance, { kind: Kind }> => each.kind === kind);
}

test('a seed decides everything', () => {
  expect(disturbancesOf(7, HOUR)).toEqual(disturbancesOf(7, HOUR));
  expect(disturbancesOf(7, HOUR)).not.toEqual(disturbancesOf(8, HOUR));
});

test('an hour has an election each minute, by both manners, starvations of ten seconds and hangs', () => {
  for (const seed of seeds) {
    const all = disturbancesOf(seed, HOUR);
    const elections = ofKind(all, 'store-election');
    expect(elections.map(({ atMs }) => Math.floor(atMs / MINUTE_MS))).toEqual(
      Array.from({ length: HOUR }, (_, at) => at),
    );
    expect(new Set(elections.map(({ manner }) => manner))).toEqual(new Set(['move', 'stop']));
    const starvations = ofKind(all, 'starvation');
    expect(starvations.length).toBeGreaterThan(80);
    expect(starvations.every(({ lengthMs }) => lengthMs === 10_000)).toBe(true);
    expect(ofKind(all, 'store-hang').length).toBeGreaterThan(10);
  }
});

test('two members of etcd are never stopped at once, nor shortly after each other', () => {
  for (const seed of seeds) {
    const all = disturbancesOf(seed, HOUR);
    const stopped = [
      ...ofKind(all, 'store-hang'),
      ...ofKind(all, 'store-election').filter(({ manner }) => manner === 'stop'),
    ].toSorted((a, b) => a.atMs - b.atMs);
    stopped.forEach((each, at) => {
      const before = stopped[at - 1];
      if (before !== undefined) expect(each.atMs - before.atMs - before.lengthMs).toBeGreaterThan(0);
    });
  }
});

test('all ends within the time', () => {
  for (const seed of seeds)
    for (const { atMs, lengthMs } of disturbancesOf(seed, 3))
      expect(atMs + lengthMs).toBeLessThanOrEqual(3 * MINUTE_MS);
});
