// The watchdog alone, without the guard: a machine whose agent is frozen or killed is reset before anybody else can lead.
import { expect, test } from 'vitest';
import { guardOff } from '../../src/sim/mutant/lease-mutants.ts';
import type { Mutant } from '../../src/sim/mutant/mutant.ts';
import type { Options } from '../../src/sim/options.ts';
import { simulate } from '../../src/sim/run.ts';

const SEEDS = 6;
const MS_MAX = 120_000;

const withWatchdog: Mutant = {
  ...guardOff,
  options: (options): Options => ({
    ...(guardOff.options?.(options) ?? options),
    watchdog: 'required',
    brokenWatchdogs: 0,
    leaderTtlMs: 6000,
  }),
};

test('holds every invariant that the guard holds', { timeout: MS_MAX }, async () => {
  let resets = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violation, trace } = await simulate({ seed, mutant: withWatchdog, isTraced: true });
    expect(violation, `seed ${seed}`).toBeUndefined();
    resets += trace.filter((line) => line.includes('the watchdog resets the machine')).length;
  }
  expect(resets).toBeGreaterThan(0);
});
