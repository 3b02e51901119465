// Spends the budget of one call over the endpoints: the preferred one first, each with its share of the time, so that
// one which hangs leaves time for the others. An endpoint that failed is preferred no longer.
import type { Clock } from '../ports/clock.ts';
import type { Gateway } from './gateway.ts';

export type Try<T> =
  | { readonly kind: 'final'; readonly value: T }
  | { readonly kind: 'next'; readonly sent: boolean; readonly why: string };

export type Ending<T> =
  | { readonly kind: 'final'; readonly value: T }
  /** `sent`: at least one try may have reached etcd. */
  | { readonly kind: 'spent'; readonly sent: boolean; readonly why: string };

export interface Spending {
  readonly budgetMs: number;
  /** False: once a try may have reached etcd there is no other, since both could take effect. */
  readonly mayRepeat: boolean;
}

type Attempt<T> = (gateway: Gateway, deadlineMs: number) => Promise<Try<T>>;

interface Course extends Spending {
  readonly startedMs: number;
  readonly endMs: number;
  sent: boolean;
  readonly failures: Map<string, string>;
}

/** Below this a try over a network has hardly a chance, so fewer endpoints get one. */
const SHARE_MS_MIN = 200;
const PAUSE_MS_FIRST = 50;
const PAUSE_MS_MAX = 1_000;
/** With less than this left, another round would find nobody in time. */
const LEFT_MS_MIN = 20;
/** With the pauses between them more than any budget holds. */
const ROUNDS_MAX = 600;

export class Rotation {
  readonly #gateways: readonly Gateway[];
  readonly #clock: Clock;
  #preferredIndex = 0;
  #isClosed = false;

  constructor(gateways: readonly [Gateway, ...Gateway[]], clock: Clock) {
    this.#gateways = gateways;
    this.#clock = clock;
  }

  get preferred(): Gateway {
    return this.#gateways[this.#preferredIndex] ?? unreachable();
  }

  get size(): number {
    return this.#gateways.length;
  }

  /** Prefers the next one, unless another call has already moved away from this one. */
  moveFrom(gateway: Gateway): void {
    if (this.preferred === gateway) this.#preferredIndex = (this.#preferredIndex + 1) % this.#gateways.length;
  }

  async spend<T>(spending: Spending, attempt: Attempt<T>): Promise<Ending<T>> {
    const startedMs = this.#clock.bootMs();
    const course: Course = {
      ...spending,
      startedMs,
      endMs: startedMs + spending.budgetMs,
      sent: false,
      failures: new Map(),
    };
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const order = this.#inOrder();
      // The only endpoint gets a second try, since a new connection may do what the old one could not.
      let triesLeft = order.length === 1 && round === 0 && spending.mayRepeat ? 2 : order.length;
      for (const gateway of order) {
        const ending = await this.#spendShare(course, gateway, triesLeft, attempt);
        if (ending !== undefined) return ending;
        triesLeft -= 1;
      }
      const leftMs = course.endMs - this.#clock.bootMs();
      if (leftMs < LEFT_MS_MIN) break;
      await this.#pause(Math.min(PAUSE_MS_FIRST * 2 ** round, PAUSE_MS_MAX, leftMs / 2));
    }
    return this.#spent(course);
  }

  /** Undefined: there may be another try. */
  async #spendShare<T>(
    course: Course,
    gateway: Gateway,
    triesLeft: number,
    attempt: Attempt<T>,
  ): Promise<Ending<T> | undefined> {
    const nowMs = this.#clock.bootMs();
    if (nowMs >= course.endMs || this.#isClosed) return this.#spent(course);
    const tried = await attempt(gateway, nowMs + shareOf(course.endMs - nowMs, triesLeft));
    if (tried.kind === 'final') return tried;
    this.moveFrom(gateway);
    course.failures.set(gateway.name, tried.why);
    course.sent ||= tried.sent;
    return course.sent && !course.mayRepeat ? this.#spent(course) : undefined;
  }

  close(): void {
    this.#isClosed = true;
  }

  #inOrder(): readonly Gateway[] {
    return [...this.#gateways.slice(this.#preferredIndex), ...this.#gateways.slice(0, this.#preferredIndex)];
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(pauseMs, resolve);
    });
  }

  #spent({ sent, failures, startedMs }: Course): Ending<never> {
    const parts = [...failures].map(([name, why]) => `${name}: ${why}`);
    const tookMs = Math.round(this.#clock.bootMs() - startedMs);
    const why = this.#isClosed
      ? 'this store was closed'
      : `${parts.join('; ') || 'no time for a try'} (${tookMs} ms in all)`;
    return { kind: 'spent', sent, why };
  }
}

function shareOf(leftMs: number, tries: number): number {
  return Math.min(leftMs, Math.max(leftMs / tries, SHARE_MS_MIN));
}

function unreachable(): never {
  throw new Error('a rotation without endpoints');
}
