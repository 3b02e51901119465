import type { PostmasterId } from './local-postgres.ts';

/** Keys of `postgresql.callbacks` (contract). */
export type CallbackAction = 'on_start' | 'on_restart' | 'on_stop' | 'on_reload' | 'on_role_change';

/** What a callback is told this member is; never `promoted`, which is told as `primary` once it accepts writes. */
export type CallbackRole = 'primary' | 'replica' | 'standby_leader' | 'demoted';

export interface CallbackCall {
  readonly action: CallbackAction;
  readonly role: CallbackRole;
}

/** What the callbacks have been told so far, so that each change is told once. */
export interface CallbacksTold {
  /** undefined: nothing yet in this agent's life. */
  readonly role: CallbackRole | undefined;
  /** The server whose start was told, while it runs; undefined: none runs, or the callbacks do not know of it. */
  readonly server: PostmasterId | undefined;
  /** The server went for a restart: its start is told as `on_restart`. */
  readonly restarting: boolean;
}

export const NOTHING_TOLD: CallbacksTold = { role: undefined, server: undefined, restarting: false };
