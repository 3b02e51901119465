/** off: never touched. automatic: used where it is there. required: without it nobody leads here. */
export type WatchdogMode = 'off' | 'automatic' | 'required';

/** The device that resets the machine when it is not kept alive in time. */
export type WatchdogState =
  | { readonly kind: 'idle' }
  /** Open, with the timeout that it itself tells. */
  | { readonly kind: 'armed'; readonly timeoutS: number }
  | { readonly kind: 'unusable'; readonly why: string };

/** Required, and not to be had: such a member does not stand for election. */
export function hasWatchdogFailed(of: {
  readonly self: { readonly watchdog?: { readonly mode: WatchdogMode } };
  readonly watchdog: WatchdogState;
}): boolean {
  return of.self.watchdog?.mode === 'required' && of.watchdog.kind === 'unusable';
}
