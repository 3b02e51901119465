import type { Self } from '../../core/model/observation.ts';
import type { Step, StepKind } from '../../core/model/plan.ts';
import type { Keys } from '../../core/layout/keys.ts';
import type { Callbacks } from '../../ports/callbacks.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Guard } from '../../ports/guard.ts';
import type { Postgres } from '../../ports/postgres.ts';
import type { Store } from '../../ports/store.ts';
import type { Fence } from '../fence.ts';
import type { JobRunner } from '../jobs.ts';
import type { LeaseKeeper } from '../lease-keeper.ts';
import type { Mirror } from '../mirror.ts';
import type { PromiseBook } from '../promise-book.ts';
import type { Publisher } from '../publish.ts';
import type { Requests } from '../requests.ts';
import type { Transactor } from '../transactor.ts';
import type { WatchdogFeeder } from '../watchdog-feeder.ts';
import type { Unsettled } from '../unsettled.ts';

/** What steps are done with. */
export interface Hands {
  readonly self: Self;
  readonly keys: Keys;
  readonly callbacks: Callbacks;
  readonly clock: Clock;
  readonly store: Store;
  readonly postgres: Postgres;
  readonly guard: Guard;
  readonly mirror: Mirror;
  readonly transactor: Transactor;
  readonly keeper: LeaseKeeper;
  readonly feeder: WatchdogFeeder;
  readonly jobs: JobRunner;
  readonly publisher: Publisher;
  readonly fence: Fence;
  readonly requests: Requests;
  readonly unsettled: Unsettled;
  readonly promises: PromiseBook;
  readonly exit: (code: number, why: string) => void;
}

export type StepOutcome = { readonly kind: 'done' } | { readonly kind: 'notDone'; readonly why: string };

export const DONE: StepOutcome = { kind: 'done' };

export function notDone(why: string): StepOutcome {
  return { kind: 'notDone', why };
}

export type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>;

export type Perform<K extends StepKind> = (step: StepOf<K>, hands: Hands) => Promise<StepOutcome>;
