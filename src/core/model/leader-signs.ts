// How a voter knows that its leader lives (safety.md 4): what the leader says of itself, and what can be found out about it.
import type { Upstream } from './local-postgres.ts';

export type BeatState =
  /** It holds the reign, and renews. */
  | 'leads'
  /** It is about to stop or to restart PostgreSQL on purpose: what breaks off now is no failure. */
  | 'stopping'
  /** It does not renew now. */
  | 'withheld';

/** One line of a leader's heartbeat. */
export interface Beat {
  readonly reign: number;
  readonly state: BeatState;
  /** It begins a renewal of its lease at least this often. */
  readonly renewMs: number;
}

/** refused: the other machine itself said that nobody listens, or cut the connection. silent: nobody answers, for whatever reason. */
export type LinkState = 'open' | 'refused' | 'silent';
export type PostgresSign = 'answers' | 'refused' | 'silent';

/** How old a lease's last renewal is, as far as the store's answers tell. */
export interface LeaseAge {
  /** Boot time at which the newest question was sent. */
  readonly askedMs: number;
  /** The last renewal is older than this. */
  readonly minAgeMs: number;
}

/** What was last heard of the leader. All times are of this member's boot clock. */
export interface LeaderSigns {
  readonly reign: number;
  /** The last beat that says `leads`; undefined: there has been none of this reign. */
  readonly beat: { readonly atMs: number; readonly renewMs: number } | undefined;
  /** What the last beat of this reign said, whatever it was. */
  readonly said: BeatState | undefined;
  readonly link: LinkState;
  /** What came of the newest question that was begun after a beat was overdue. */
  readonly postgres: { readonly kind: PostgresSign; readonly askedMs: number } | undefined;
  readonly lease: LeaseAge | undefined;
}

/** Whom to listen to, and where to ask about it. */
export interface LeaderToWatch {
  readonly name: string;
  readonly reign: number;
  readonly leaseId: string;
  readonly apiUrl: string;
  readonly postgres: Upstream;
}
