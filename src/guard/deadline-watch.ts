// The guard's one duty: past the deadline, nothing works in the data directory. Every entry into the guard, be it a timer,
// a request or a signal, goes through check() first, so that a guard that was stopped itself kills before it listens.
import type { Prey } from './kill-directory.ts';
import type { Order, WatchState } from './protocol.ts';

export interface WatchParts {
  readonly dataDir: string;
  readonly nowMs: () => number;
  /** How far the clock's reading may be behind. */
  readonly clockLagMs: number;
  readonly killRound: (prey: Prey) => number;
  /** The kill without the signals: keeps its code and what it reads in memory. */
  readonly rehearse: (prey: Prey) => void;
  readonly leaveStandbySignal: (dataDir: string) => Promise<void>;
  readonly log: (text: string) => void;
}

const tickMsMax = 250;
const lookAgainMs = 20;
/** Looks at the short pace; then only state D is left, and nothing but patience helps. */
const quickLooks = 100;
const rehearseMs = 30_000;
const gapMs = 1_000;

export class DeadlineWatch {
  readonly #parts: WatchParts;
  #state: WatchState = { kind: 'disarmed' };
  #timer: NodeJS.Timeout | undefined;
  #checkedMs: number;
  #rehearsedMs = Number.NEGATIVE_INFINITY;
  /** Kill rounds or the signal file are still under way. */
  #acting = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#checkedMs = parts.nowMs();
  }

  get state(): WatchState {
    return this.#state;
  }

  /** Nothing is left to enforce or to finish. */
  get isIdle(): boolean {
    return this.#state.kind !== 'armed' && !this.#acting;
  }

  /** Fires if the deadline has passed. To be called before anything else is done, and whenever time may have gone by. */
  check(): void {
    const nowMs = this.#parts.nowMs();
    const awayMs = nowMs - this.#checkedMs;
    this.#checkedMs = nowMs;
    const state = this.#state;
    if (state.kind !== 'armed') return;
    const leftMs = state.order.deadlineMs - nowMs - this.#parts.clockLagMs;
    if (leftMs <= 0) this.#fire(state.order);
    else this.#wait(leftMs, nowMs, state.order);
    if (awayMs > tickMsMax + gapMs) this.#parts.log(`did not run for ${awayMs} ms`);
  }

  /** Puts an order in force; returns why it was refused. A deadline that has passed already fires at once. */
  arm(order: Order): string | undefined {
    const state = this.#state;
    if (this.#acting) return 'the last deadline is still being enforced';
    if (state.kind === 'fired' && order.reign <= state.reign)
      return `reign ${order.reign} is over: its deadline has passed`;
    if (state.kind === 'armed' && order.reign < state.order.reign) return `reign ${state.order.reign} is in force`;
    const isNew = state.kind !== 'armed' || state.order.reign !== order.reign;
    this.#state = { kind: 'armed', order };
    if (isNew) this.#parts.log(`armed for reign ${order.reign}`);
    this.check();
    return undefined;
  }

  disarm(): string | undefined {
    if (this.#acting) return 'the last deadline is still being enforced';
    if (this.#state.kind !== 'disarmed') this.#parts.log('disarmed');
    this.#state = { kind: 'disarmed' };
    clearTimeout(this.#timer);
    return undefined;
  }

  #wait(leftMs: number, nowMs: number, { postmaster }: Order): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), Math.min(leftMs, tickMsMax));
    if (nowMs - this.#rehearsedMs < rehearseMs) return;
    this.#rehearsedMs = nowMs;
    this.#parts.rehearse({ dataDir: this.#parts.dataDir, postmaster });
  }

  #fire({ reign, postmaster, deadlineMs }: Order): void {
    clearTimeout(this.#timer);
    this.#acting = true;
    const prey = { dataDir: this.#parts.dataDir, postmaster };
    const left = this.#round(prey);
    this.#state = { kind: 'fired', reign, left };
    const lateMs = Math.max(0, this.#checkedMs - deadlineMs);
    this.#parts.log(`the deadline of reign ${reign} passed ${lateMs} ms ago: SIGKILL to ${left} processes`);
    const signal = this.#parts.leaveStandbySignal(prey.dataDir).then(
      () => this.#parts.log('left standby.signal'),
      (error: unknown) => this.#parts.log(`no standby.signal: ${String(error)}`),
    );
    this.#lookAgain(prey, reign, signal, 1);
  }

  /** A round that failed leaves somebody alive, for all we know. */
  #round(prey: Prey): number {
    try {
      return this.#parts.killRound(prey);
    } catch (error) {
      this.#parts.log(`could not look: ${String(error)}`);
      return 1;
    }
  }

  #lookAgain(prey: Prey, reign: number, signal: Promise<void>, looks: number): void {
    setTimeout(
      () => {
        const left = this.#round(prey);
        this.#state = { kind: 'fired', reign, left };
        if (left > 0) {
          if (looks === quickLooks) this.#parts.log(`${left} processes do not die: waiting for the kernel`);
          this.#lookAgain(prey, reign, signal, looks + 1);
          return;
        }
        this.#parts.log('nothing works in the data directory');
        void signal.then(() => (this.#acting = false));
      },
      looks < quickLooks ? lookAgainMs : tickMsMax,
    );
  }
}
