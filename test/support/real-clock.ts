// The machine's own time for tests on real things; it stands still while the machine sleeps, which no test waits for.
import type { Clock } from '../../src/ports/clock.ts';

export const realClock: Clock = {
  bootMs: () => performance.now(),
  wallAt: () => new Date().toISOString(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

/** Waits for something that must come true, and says what did not. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited ${withinMs} ms in vain until ${what}`);
    await sleep(20);
  }
}
