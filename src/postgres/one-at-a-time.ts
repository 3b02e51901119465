import { type Deadline, isOver, remainingMs } from './deadline.ts';

/** A little more than the deadline, so that work which ends at it by itself can still say why. */
const SLACK_MS = 50;

/**
 * Work that may hang in the kernel, where nothing ends it: one piece at a time, so that hanging ones do not pile up and take
 * the threads that everything else needs. Whoever comes while one hangs waits until its own deadline at most.
 */
export class OneAtATime {
  readonly #waiting = new Set<() => void>();
  #isBusy = false;

  /** undefined: it was not begun or has not ended by the deadline; in the latter case it may still end later. */
  async run<T>(work: () => Promise<T>, deadline: Deadline): Promise<{ readonly value: T } | undefined> {
    while (this.#isBusy) {
      if (isOver(deadline)) return undefined;
      await this.#turn(deadline);
    }
    this.#isBusy = true;
    return new Promise((resolve, reject) => {
      const cancel = deadline.clock.after(remainingMs(deadline) + SLACK_MS, () => resolve(undefined));
      const end = (): void => {
        cancel();
        this.#isBusy = false;
        for (const wake of this.#waiting) wake();
      };
      void work()
        .then((value) => resolve({ value }), reject)
        .finally(end);
    });
  }

  /** Resolves when the work under way has ended, or at the deadline. */
  #turn(deadline: Deadline): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        deadline.signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = deadline.clock.after(remainingMs(deadline), done);
      deadline.signal.addEventListener('abort', done);
      this.#waiting.add(done);
    });
  }
}
