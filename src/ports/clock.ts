/** Undoes a timer; harmless once it has fired. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds of boot time: monotonic, and counts while the machine sleeps. Every deadline is in it. */
  bootMs(): number;
  /** Wall time as ISO 8601 with offset. For people and schedules only. */
  wallAt(): string;
  /** Calls `fire` once after at least `delayMs`. */
  after(delayMs: number, fire: () => void): CancelTimer;
}
