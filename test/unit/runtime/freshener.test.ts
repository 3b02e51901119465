import { beforeEach, expect, test } from 'vitest';
import type { Snapshot } from '../../../src/core/model/snapshot.ts';
import { Freshener } from '../../../src/runtime/freshener.ts';
import { TroubleTeller } from '../../../src/runtime/trouble-teller.ts';
import { seen, unknown } from '../../../src/core/model/seen.ts';
import { config, observation, view } from '../../support/core-builders.ts';
import { FakeClock } from '../../support/runtime-ports.ts';

let clock: FakeClock;
let wakes: string[];
let freshener: Freshener;
/** How long a cycle takes; undefined: the loop hangs. */
let cycleMs: number | undefined;
let cycle: number;

function snapshot(): Snapshot {
  cycle += 1;
  return {
    observation: { ...observation(), nowMs: clock.nowMs },
    rule: 'Z90',
    why: '',
    atMs: clock.nowMs,
    cycle,
    events: [],
    config: config(),
    lastCluster: undefined,
    storeSeenAtS: 0,
  };
}

beforeEach(() => {
  clock = new FakeClock();
  wakes = [];
  cycleMs = 20;
  cycle = 0;
  freshener = new Freshener({
    clock,
    wake: (reason) => {
      wakes.push(reason);
      if (cycleMs !== undefined) clock.after(cycleMs, () => freshener.take(snapshot()));
    },
  });
  freshener.take(snapshot());
});

/** The cycle of the snapshot that was answered with, and how long that took. */
async function asked(): Promise<readonly [number | undefined, number]> {
  const fromMs = clock.nowMs;
  const answer = freshener.fresh(1_000, 200).then((found) => [found?.cycle, clock.nowMs - fromMs] as const);
  await clock.advance(500);
  return answer;
}

test('a young snapshot is answered with at once', async () => {
  await clock.advance(999);
  expect((await asked())[0]).toBe(1);
  expect(wakes).toEqual([]);
});

test('an old one wakes the loop, and the next snapshot is the answer', async () => {
  await clock.advance(1_001);
  const [answered, tookMs] = await asked();
  expect(answered).toBe(2);
  expect(tookMs).toBeLessThan(50);
  expect(wakes).toHaveLength(1);
});

test('a loop that does not come round in time is answered for by what there is, and not waited for again', async () => {
  cycleMs = undefined;
  await clock.advance(2_000);
  expect((await asked())[1]).toBeGreaterThanOrEqual(199);
  const [answered, tookMs] = await asked();
  expect(answered).toBe(1);
  expect(tookMs).toBeLessThan(5);
  expect(wakes).toHaveLength(1);
});

test.each([20, 700, undefined])(
  '2,000 requests a second are one wake a second, with cycles of %s ms',
  async (takesMs) => {
    cycleMs = takesMs;
    await clock.advance(5_000);
    for (let ms = 0; ms < 3_000; ms += 1) {
      void freshener.fresh(1_000, 200);
      void freshener.fresh(1_000, 200);
      await clock.advance(1);
    }
    expect(wakes.length).toBeLessThanOrEqual(3);
    expect(wakes.length).toBeGreaterThanOrEqual(2);
  },
);

test('a snapshot of a cycle that had looked before it was asked is not what is waited for', async () => {
  await clock.advance(1_500);
  const older = { ...snapshot(), cycle: 99 };
  await clock.advance(1_500);
  const answer = freshener.fresh(1_000, 200);
  freshener.take(older);
  await clock.advance(30);
  expect((await answer)?.cycle).not.toBe(99);
});

test('before the first cycle has ended there is nothing to answer with', async () => {
  const young = new Freshener({ clock, wake: () => undefined });
  const answer = young.fresh(1_000, 200);
  await clock.advance(200);
  expect(await answer).toBeUndefined();
});

test('what a request has changed is in the next answer, however young the last one', async () => {
  await clock.advance(10);
  freshener.noteChange('written', 200);
  expect((await asked())[0]).toBe(2);
  expect(wakes).toEqual(['written']);
});

test('a key that cannot be understood is told of once, and again when it changes', () => {
  const told: string[] = [];
  const teller = new TroubleTeller((text) => told.push(text));
  const broken = seen(view({ nonsense: [{ key: '/service/x/config', why: 'ttl: soon' }] }), 0);
  for (const cluster of [broken, broken, unknown('silent'), broken, seen(view(), 0), broken]) teller.look(cluster);
  expect(told).toEqual(Array(2).fill('/service/x/config cannot be used: ttl: soon'));
});

test('what there is to say about a configuration is told once, and again when it has changed', () => {
  const told: string[] = [];
  let reviews = 0;
  const teller = new TroubleTeller(
    (text) => told.push(text),
    (document) => {
      reviews += 1;
      return Object.keys(document);
    },
  );
  const configured = (raw: Record<string, unknown>, revision: number) =>
    seen(view({ config: { ...view().config, raw, revision } }), 0);
  for (const cluster of [
    configured({ x: 1 }, 5),
    configured({ x: 1 }, 5),
    configured({ x: 1, y: 1 }, 6),
    configured({}, 7),
  ])
    teller.look(cluster);
  expect(told).toEqual(['/config: x', '/config: y']);
  expect(reviews).toBe(3);
});
