import { expect, test } from 'vitest';
import type { Mutant } from '../../src/sim/mutant/mutant.ts';
import type { Options } from '../../src/sim/options.ts';
import { simulate } from '../../src/sim/run.ts';

/** Nothing goes wrong but the store, again and again, for seconds or for minutes. */
function outages(isFailsafe: boolean): Mutant {
  const options = (chosen: Options): Options => ({
    ...chosen,
    memberCount: 3,
    isFailsafe,
    leaderTtlMs: 3_000,
    lossRate: 0,
    slowRate: 0,
    networkDelayMs: 0.6,
    lostAnswerRate: 0,
    habits: { ...chosen.habits, jobFailureRate: 0, cloneMsMax: 1_000 },
    faults: new Map([['store-outage', 1]]),
    faultEveryMs: 25_000,
    faultLengthMs: 20_000,
    faultyMs: 300_000,
  });
  return { name: 'outages', without: 'nothing', options };
}

const run = (seed: number, isFailsafe: boolean): ReturnType<typeof simulate> =>
  simulate({ seed, mutant: outages(isFailsafe), isControl: true });

test.each([1, 2, 3, 4, 5])('seed %i: with the store out and all members there, the primary stays', async (seed) => {
  const { violation, leaderChanges, rules, faultCount } = await run(seed, true);
  expect(violation).toBeUndefined();
  expect(faultCount).toBeGreaterThan(0);
  expect(leaderChanges).toBe(0);
  // Neither killed nor started again.
  expect(rules.get('F30')).toBeUndefined();
  expect(rules.get('F40')).toBeUndefined();
});

test('without failsafe mode the same outages stop it', async () => {
  const { violation, rules } = await run(1, false);
  expect(violation).toBeUndefined();
  expect(rules.get('F40')).toBeGreaterThan(0);
});
