// Finds out that the endpoint of an open watch hangs. A watch on a member that is stopped or unreachable is silent for
// ever, and silence is also what a quiet store sounds like.
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Gateway } from './gateway.ts';

const ANSWER_MS_MAX = 700;

export interface ProbeTimes {
  readonly clock: Clock;
  /** Any other answer from the endpoint within this time makes the question needless. */
  readonly everyMs: number;
}

export class EndpointProbe {
  readonly #gateway: Gateway;
  readonly #times: ProbeTimes;
  readonly #onSilent: (why: string) => void;
  readonly #stopListening: () => void;
  #cancelTimer: CancelTimer = () => undefined;
  #isAsking = false;
  #isOver = false;

  constructor(gateway: Gateway, times: ProbeTimes, onSilent: (why: string) => void) {
    this.#gateway = gateway;
    this.#times = times;
    this.#onSilent = onSilent;
    this.#stopListening = gateway.line.whenInTrouble(() => void this.#ask());
    this.#schedule();
  }

  stop(): void {
    this.#isOver = true;
    this.#stopListening();
    this.#cancelTimer();
  }

  #schedule(): void {
    const { clock, everyMs } = this.#times;
    const dueMs = this.#gateway.line.heardAtMs + everyMs - clock.bootMs();
    this.#cancelTimer = clock.after(Math.min(Math.max(dueMs, 1), everyMs), () => this.#whenDue());
  }

  #whenDue(): void {
    const { clock, everyMs } = this.#times;
    if (clock.bootMs() - this.#gateway.line.heardAtMs < everyMs) return this.#schedule();
    void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking || this.#isOver) return;
    this.#isAsking = true;
    this.#cancelTimer();
    const exchange = await this.#gateway.isAlive(this.#times.clock.bootMs() + ANSWER_MS_MAX);
    this.#isAsking = false;
    if (this.#isOver) return;
    if (exchange.kind === 'answered') return this.#schedule();
    this.stop();
    this.#onSilent(`${this.#gateway.name}: ${exchange.why}`);
  }
}
