// Keeps the watchdog alive, and never beyond the leader lease: a keepalive is sent only if the reset it puts off still comes
// before anybody else can lead. So the device needs no renewal to be on time; it needs this program to run.
import type { WatchdogState } from '../core/model/watchdog.ts';
import { RESET_AFTER_DEADLINE_MS, resetByMs } from '../core/settings/watchdog-timeout.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Watchdog } from '../ports/watchdog.ts';

export interface WatchdogFeederParts {
  readonly watchdog: Watchdog;
  readonly clock: Clock;
  readonly onTrouble: (text: string) => void;
}

export class WatchdogFeeder {
  private readonly parts: WatchdogFeederParts;
  /** By then the machine must have been reset, unless the lease is renewed. */
  private limitMs = Number.NEGATIVE_INFINITY;
  private cancelLast: CancelTimer | undefined;
  private isInTrouble = false;

  constructor(parts: WatchdogFeederParts) {
    this.parts = parts;
  }

  /** A lease was granted or renewed by a request sent then. */
  renewed(sentAtMs: number, ttlMs: number): void {
    this.limitMs = resetByMs(sentAtMs, ttlMs);
    this.feed();
  }

  /** Past it PostgreSQL must not accept writes, so that it can be killed and the device put away before the reset. */
  capMs(sentAtMs: number, ttlMs: number): number {
    const isArmed = this.parts.watchdog.state().kind === 'armed';
    return isArmed ? resetByMs(sentAtMs, ttlMs) - RESET_AFTER_DEADLINE_MS : Number.POSITIVE_INFINITY;
  }

  /** Whether it could be armed now without outlasting the lease. */
  mayArm(timeoutS: number): boolean {
    return this.parts.clock.bootMs() + timeoutS * 1000 <= this.limitMs;
  }

  async arm(timeoutS: number): Promise<WatchdogState> {
    const state = await this.parts.watchdog.arm(timeoutS);
    this.feed();
    return state;
  }

  disarm(): WatchdogState {
    this.cancelLast?.();
    return this.parts.watchdog.disarm();
  }

  private feed(): void {
    const { clock, watchdog } = this.parts;
    const state = watchdog.state();
    this.cancelLast?.();
    if (state.kind !== 'armed') return;
    const leftMs = this.limitMs - state.timeoutS * 1000 - clock.bootMs();
    if (leftMs < 0) return;
    this.tell(watchdog.keepAlive());
    // Once more at the last moment that is allowed, in case no renewal comes.
    if (leftMs > 1) this.cancelLast = clock.after(leftMs - 1, () => this.feed());
  }

  private tell(trouble: string | undefined): void {
    if (trouble !== undefined && !this.isInTrouble) this.parts.onTrouble(`the watchdog was not kept alive: ${trouble}`);
    this.isInTrouble = trouble !== undefined;
  }
}
