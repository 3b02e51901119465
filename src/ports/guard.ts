import type { PostmasterId } from '../core/model/local-postgres.ts';

/** What the guard is to enforce: past `deadlineMs` (boot clock) nothing works in the data directory. */
export interface GuardOrder {
  /** undefined: whatever postmaster runs in the data directory. */
  readonly postmaster: PostmasterId | undefined;
  readonly reign: number;
  readonly leaseId: string;
  readonly deadlineMs: number;
}

export type GuardState =
  | { readonly kind: 'armed'; readonly order: GuardOrder }
  | { readonly kind: 'disarmed' }
  /** The deadline passed and it acted; `left` processes still live (state D cannot be killed). */
  | { readonly kind: 'fired'; readonly reign: number; readonly left: number };

export type GuardAnswer =
  { readonly kind: 'ok'; readonly state: GuardState } | { readonly kind: 'unanswered'; readonly why: string };

/** The small program that fences PostgreSQL when nobody pushes its deadline forward. No answer: no renewal, no promotion. */
export interface Guard {
  /** Replaces the order in force. Only ok with state `armed` and the same deadline counts. */
  arm(order: GuardOrder, budgetMs: number): Promise<GuardAnswer>;
  /** Only when PostgreSQL is down or runs as a standby. */
  disarm(budgetMs: number): Promise<GuardAnswer>;
  state(budgetMs: number): Promise<GuardAnswer>;
}
