import type { Snapshot } from '../core/model/snapshot.ts';
import type { Clock } from '../ports/clock.ts';

export interface FreshenerParts {
  readonly clock: Clock;
  readonly wake: (reason: string) => void;
}

/** Gets people a newer snapshot without letting them set the pace of the loop. */
export class Freshener {
  private readonly parts: FreshenerParts;
  private last: Snapshot | undefined;
  /** When the loop was last woken for people, and since when what it sees holds what they did. */
  private wokenMs = Number.NEGATIVE_INFINITY;
  private changedMs = Number.NEGATIVE_INFINITY;
  /** Resolves once there is a snapshot from after `wokenMs`, or nobody shall wait for it any longer. */
  private newer: Promise<void> = Promise.resolve();
  private settle: () => void = () => undefined;

  constructor(parts: FreshenerParts) {
    this.parts = parts;
  }

  snapshot(): Snapshot | undefined {
    return this.last;
  }

  async fresh(maxAgeMs: number, budgetMs: number): Promise<Snapshot | undefined> {
    const nowMs = this.parts.clock.bootMs();
    const seenMs = this.last?.observation.nowMs ?? Number.NEGATIVE_INFINITY;
    if (seenMs >= Math.max(nowMs - maxAgeMs, this.changedMs)) return this.last;
    // A loop too busy to answer in time is left alone until the next turn; who asks meanwhile does not wait for it either.
    if (nowMs - this.wokenMs >= maxAgeMs) this.wake('asked how things are', budgetMs);
    await this.newer;
    return this.last;
  }

  /** A request has just changed something: only snapshots from now on show it. */
  noteChange(reason: string, budgetMs: number): void {
    this.changedMs = this.parts.clock.bootMs();
    this.wake(reason, budgetMs);
  }

  take(snapshot: Snapshot): void {
    this.last = snapshot;
    if (snapshot.observation.nowMs >= this.wokenMs) this.settle();
  }

  private wake(reason: string, budgetMs: number): void {
    this.settle();
    this.wokenMs = this.parts.clock.bootMs();
    this.newer = new Promise((resolve) => {
      const cancel = this.parts.clock.after(budgetMs, resolve);
      this.settle = () => {
        cancel();
        resolve();
      };
    });
    this.parts.wake(reason);
  }
}
