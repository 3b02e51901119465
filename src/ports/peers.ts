import type { Lsn } from '../core/model/lsn.ts';
import type { Seen } from '../core/model/seen.ts';
import type { Beat, PostgresSign } from '../core/model/leader-signs.ts';
import type { Upstream } from '../core/model/local-postgres.ts';
import type { PeerStatus } from '../core/model/observation.ts';

/** Asks a member to promise not to lead and not to pledge. The fields outside of `own` are Patroni's. */
export interface PromiseRequest {
  readonly name: string;
  readonly connUrl: string | undefined;
  readonly apiUrl: string | undefined;
  readonly slots: Readonly<Record<string, Lsn>>;
  /** undefined: asked by a Patroni leader. */
  readonly own: OwnPromiseRequest | undefined;
}

export interface OwnPromiseRequest {
  readonly scope: string;
  /** Who is asked: an address may have become somebody else's. */
  readonly to: string;
  readonly promiseMs: number;
  readonly reign: number;
  /** Greater in each later request of one reign. */
  readonly number: number;
}

/** Takes back what was asked for in a reign, up to a number. */
export interface ForgetRequest {
  readonly name: string;
  readonly scope: string;
  readonly to: string;
  readonly reign: number;
  readonly upTo: number;
}

/** `reachedLsn`: how far the WAL of the member that promises reaches. */
export type PromiseAnswer =
  | { readonly kind: 'accepted'; readonly reachedLsn?: Lsn | undefined }
  | { readonly kind: 'refused'; readonly why: string };

/** What a stream of heartbeats brings. Nothing comes after `onEnd`, nor after the stream was closed. */
export interface BeatSink {
  onBeat(beat: Beat): void;
  /**
   * It is over, or could not be had. refused: the other machine's own word (connection refused, reset or ended). silent: anything
   * else, such as no answer in time, no way to it, or an answer that is no heartbeat.
   */
  onEnd(how: 'refused' | 'silent', why: string): void;
}

/** What can be asked of the other members. */
export interface Peers {
  /** Status document of the member behind `apiUrl`, or why there is none within `budgetMs`. */
  probe(apiUrl: string, budgetMs: number): Promise<Seen<PeerStatus>>;
  /** POST /failsafe of the member behind `apiUrl`. Refused: also without an answer in time. */
  askFailsafe(apiUrl: string, request: PromiseRequest, budgetMs: number): Promise<PromiseAnswer>;
  /** DELETE /failsafe, which a Patroni member does not know. Whether it arrived does not matter: a promise runs out by itself. */
  forgetFailsafe(apiUrl: string, request: ForgetRequest, budgetMs: number): Promise<void>;
  /**
   * Listens to the heartbeat of the member behind `apiUrl`, which has `budgetMs` to begin it. What is no beat is skipped; a stream
   * that cannot be one ends. Never throws.
   */
  heartbeat(apiUrl: string, sink: BeatSink, budgetMs: number): { close(): void };
  /** Whether anything answers as PostgreSQL there. It is not logged in to; one that speaks TLS notes a handshake that did not come. Never throws. */
  probePostgres(where: Upstream, budgetMs: number): Promise<PostgresSign>;
}
