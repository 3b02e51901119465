import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SystemClock } from '../../../src/agent/system-clock.ts';
import { uptimeStepMs } from '../../../src/guard/uptime-clock.ts';

const uptimeMs = () => Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1_000;

test('is never behind what /proc/uptime says, nor ahead of what it may mean, and never goes back', () => {
  const clock = new SystemClock();
  let lastMs = 0;
  for (let reading = 0; reading < 5_000; reading += 1) {
    const beforeMs = uptimeMs();
    const nowMs = clock.bootMs();
    const afterMs = uptimeMs();
    // Floating point of the same decimal text: a thousandth covers the rounding.
    expect(nowMs).toBeGreaterThanOrEqual(beforeMs - 0.001);
    expect(nowMs).toBeLessThan(afterMs + uptimeStepMs);
    expect(nowMs).toBeGreaterThanOrEqual(lastMs);
    lastMs = nowMs;
  }
});

test('tells wall time with its offset', () => {
  expect(new SystemClock().wallAt()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/);
});
