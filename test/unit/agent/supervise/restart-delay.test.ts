import { expect, test } from 'vitest';
import { restartDelayMs } from '../../../../src/agent/supervise/restart-delay.ts';

test('the first crash costs no wait, further ones twice as much each, up to half a minute', () => {
  expect([1, 2, 3, 4, 5].map(restartDelayMs)).toEqual([0, 100, 200, 400, 800]);
  expect([10, 11, 1_000_000].map(restartDelayMs)).toEqual([25_600, 30_000, 30_000]);
});
