import type { CallbackCall } from '../core/model/callback.ts';

/** The user's programs that are told of changes (`postgresql.callbacks`). */
export interface Callbacks {
  /**
   * Returns at once and never throws. What runs is bounded in time and ended before the next one starts, so nothing a program
   * does keeps the caller from anything.
   */
  call(call: CallbackCall): void;
}
