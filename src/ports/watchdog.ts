import type { WatchdogState } from '../core/model/watchdog.ts';

/** `/dev/watchdog` or what stands in for it. Nothing in here takes longer than a system call, and nothing throws. */
export interface Watchdog {
  state(): WatchdogState;
  /**
   * Opens it, or goes on with it, with this timeout; what is armed afterwards has not more than that. It counts from this call.
   * Where it cannot be had with that timeout it is left disarmed.
   */
  arm(timeoutS: number): Promise<WatchdogState>;
  /** undefined: done; else why not. */
  keepAlive(): string | undefined;
  /** Closes it so that it does not reset the machine. `armed` afterwards: the device cannot be disarmed. */
  disarm(): WatchdogState;
}
