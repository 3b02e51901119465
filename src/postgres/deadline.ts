import type { Clock } from '../ports/clock.ts';

/** How long something may take, on the boot clock, and what ends it early. */
export interface Deadline {
  readonly clock: Clock;
  readonly atMs: number;
  readonly signal: AbortSignal;
}

export function deadlineIn(clock: Clock, budgetMs: number, signal?: AbortSignal): Deadline {
  return { clock, atMs: clock.bootMs() + budgetMs, signal: signal ?? new AbortController().signal };
}

/** The same end, or an earlier one. */
export function atMost(deadline: Deadline, budgetMs: number): Deadline {
  return { ...deadline, atMs: Math.min(deadline.atMs, deadline.clock.bootMs() + budgetMs) };
}

export function remainingMs(deadline: Deadline): number {
  return Math.max(0, deadline.atMs - deadline.clock.bootMs());
}

export function isOver(deadline: Deadline): boolean {
  return deadline.signal.aborted || remainingMs(deadline) <= 0;
}

/** Resolves after the delay, at the deadline or on cancelling, whichever comes first. */
export async function pause(delayMs: number, deadline: Deadline): Promise<void> {
  if (isOver(deadline)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancelTimer();
      deadline.signal.removeEventListener('abort', done);
      resolve();
    };
    const cancelTimer = deadline.clock.after(Math.min(delayMs, remainingMs(deadline)), done);
    deadline.signal.addEventListener('abort', done);
  });
}

/** Looks again and again until there is something, or the deadline passed: then undefined. Looks at least once. */
export async function poll<T>(
  look: () => Promise<T | undefined> | T | undefined,
  everyMs: number,
  deadline: Deadline,
): Promise<T | undefined> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (isOver(deadline)) return undefined;
    await pause(everyMs, deadline);
  }
}
