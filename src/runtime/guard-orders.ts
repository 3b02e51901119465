// What the guard has been told. One order at a time, so that the last one given is the one in force.
import type { PostmasterId } from '../core/model/local-postgres.ts';
import type { Clock } from '../ports/clock.ts';
import type { Guard } from '../ports/guard.ts';
import type { LeaseId } from '../ports/store.ts';
import { BUDGETS } from './budgets.ts';

export interface GuardOrdersOptions {
  readonly guard: Guard;
  readonly clock: Clock;
  /** The postmaster as last seen. */
  readonly postmaster: () => PostmasterId | undefined;
}

interface Enforced {
  readonly reign: number;
  readonly leaseId: LeaseId;
  readonly deadlineMs: number;
}

/** Answers are reasons why the guard does not do what it was told; undefined: it does. */
export class GuardOrders {
  private readonly options: GuardOrdersOptions;
  private last: Promise<unknown> = Promise.resolve();
  /** An order of which nobody knows whether it arrived may still arrive. */
  private unsureUntilMs = 0;

  constructor(options: GuardOrdersOptions) {
    this.options = options;
  }

  /** Does the work once all that was to be done before has ended, however that ended. */
  inTurn(work: () => Promise<string | undefined>): Promise<string | undefined> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  /** To be called in turn. */
  async arm({ reign, leaseId, deadlineMs }: Enforced): Promise<string | undefined> {
    const order = { postmaster: this.options.postmaster(), reign, leaseId, deadlineMs };
    const answer = await this.options.guard.arm(order, BUDGETS.guard);
    if (answer.kind === 'unanswered') {
      this.unsureUntilMs = Math.max(this.unsureUntilMs, deadlineMs);
      return `the guard does not answer: ${answer.why}`;
    }
    if (answer.state.kind !== 'armed') return `the guard is not armed but ${answer.state.kind}`;
    return answer.state.order.deadlineMs === deadlineMs ? undefined : 'the guard enforces another deadline';
  }

  /** To be called in turn. */
  async disarm(): Promise<string | undefined> {
    const answer = await this.options.guard.disarm(BUDGETS.guard);
    if (answer.kind === 'unanswered') return `the guard does not answer: ${answer.why}`;
    return answer.state.kind === 'armed' ? 'the guard stays armed' : undefined;
  }

  /** No order given before can move the deadline any more. */
  areSettled(): boolean {
    return this.options.clock.bootMs() >= this.unsureUntilMs;
  }
}
