import type { Lsn } from '../core/model/lsn.ts';
import type { Seen } from '../core/model/seen.ts';
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

/** The other members' REST listeners. */
export interface Peers {
  /** Status document of the member behind `apiUrl`, or why there is none within `budgetMs`. */
  probe(apiUrl: string, budgetMs: number): Promise<Seen<PeerStatus>>;
  /** POST /failsafe of the member behind `apiUrl`. Refused: also without an answer in time. */
  askFailsafe(apiUrl: string, request: PromiseRequest, budgetMs: number): Promise<PromiseAnswer>;
  /** DELETE /failsafe, which a Patroni member does not know. Whether it arrived does not matter: a promise runs out by itself. */
  forgetFailsafe(apiUrl: string, request: ForgetRequest, budgetMs: number): Promise<void>;
}
