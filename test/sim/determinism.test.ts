// A failing seed is worth something only if it fails again in the same way.
import { expect, test } from 'vitest';
import { simulate } from '../../src/sim/run.ts';

test.each([3, 8, 21])('seed %i gives the same trace twice, byte for byte', async (seed) => {
  const first = await simulate({ seed, isTraced: true });
  const second = await simulate({ seed, isTraced: true });
  expect(first.trace.length).toBeGreaterThan(500);
  expect(second.trace.join('\n')).toBe(first.trace.join('\n'));
  expect(second).toEqual(first);
});
