// The leader's heartbeat: says several times a second that it leads, and at once when that changes. Costs nothing while nobody
// listens.
import type { Beat } from '../core/model/leader-signs.ts';
import type { Plan } from '../core/model/plan.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';

const BEAT_MS = 250;

/** The lease that is held: `isRenewed`: with leave to go on. */
export interface Leading {
  readonly reign: number;
  readonly renewMs: number;
  readonly isRenewed: boolean;
}

type Listener = (beat: Beat | undefined) => void;

export class Pulse {
  private readonly clock: Clock;
  private readonly leading: () => Leading | undefined;
  private readonly listeners = new Set<Listener>();
  private said: Plan['pulse'] = 'leads';
  private told: Beat['state'] | undefined;
  private cancelTimer: CancelTimer | undefined;

  /** `leading` tells of no lease with undefined. */
  constructor(clock: Clock, leading: () => Leading | undefined) {
    this.clock = clock;
    this.leading = leading;
  }

  /** undefined: there is no reign to tell of. The first beat comes before this returns, and undefined as the last. */
  listen(listener: Listener): (() => void) | undefined {
    const beat = this.beat();
    if (beat === undefined) return undefined;
    // Who listened before learns of a change now as well, so that everybody was last told the same.
    if (this.listeners.size > 0 && beat.state !== this.told) this.tell();
    this.listeners.add(listener);
    this.told = beat.state;
    listener(beat);
    if (this.cancelTimer === undefined) this.beatLater();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.rest();
    };
  }

  /** The core's word of this cycle; what it changes is told at once. */
  say(state: Plan['pulse']): void {
    this.said = state;
    if (this.listeners.size > 0 && this.beat()?.state !== this.told) this.tell();
  }

  stop(): void {
    for (const listener of this.listeners) listener(undefined);
    this.listeners.clear();
    this.rest();
  }

  private rest(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private beat(): Beat | undefined {
    const leading = this.leading();
    if (leading === undefined) return undefined;
    const { reign, renewMs, isRenewed } = leading;
    // A stop on purpose is one, also while the loop is too busy with it for a fresh verdict.
    return { reign, renewMs, state: isRenewed || this.said === 'stopping' ? this.said : 'withheld' };
  }

  private tell(): void {
    const beat = this.beat();
    this.told = beat?.state;
    if (beat === undefined) this.stop();
    else for (const listener of this.listeners) listener(beat);
  }

  private beatLater(): void {
    this.cancelTimer = this.clock.after(BEAT_MS, () => {
      this.cancelTimer = undefined;
      this.tell();
      if (this.listeners.size > 0) this.beatLater();
    });
  }
}
