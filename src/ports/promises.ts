/** What this member has promised to one leader: until then neither to lead nor to pledge. */
export interface StandingPromise {
  readonly leader: string;
  readonly connUrl: string | undefined;
  /** Orders the requests of one leader; undefined: a Patroni leader's, which cannot be taken back. */
  readonly asked: PromiseOrder | undefined;
  /** Boot clock. */
  readonly receivedMs: number;
  readonly lengthMs: number;
}

/** Of a leader's request: a later one of the same reign is greater. */
export interface PromiseOrder {
  readonly reign: number;
  readonly number: number;
}

export type PromisesRead =
  | { readonly kind: 'read'; readonly promises: readonly StandingPromise[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** What a leader that asked is told; `status` is the answer to HTTP. */
export type PromiseGiven =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly status: 400 | 500 | 502 | 503; readonly why: string };

/** Promises as they outlive the agent and the machine. */
export interface PromiseFile {
  /** Never throws. */
  read(): Promise<PromisesRead>;
  /** Resolves with nothing once they would survive a loss of power, else with the reason. Replaces what was there. Never throws. */
  write(promises: readonly StandingPromise[]): Promise<string | undefined>;
  /** Afterwards it is absent, also after a loss of power; else the reason. Never throws. */
  remove(): Promise<string | undefined>;
}
