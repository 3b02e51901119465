import type { FailoverRequest } from '../core/model/cluster.ts';
import type { DivergenceRecord } from '../core/model/divergence-record.ts';
import type { Beat } from '../core/model/leader-signs.ts';
import type { Asked, PeerStatus } from '../core/model/observation.ts';
import type { Seen } from '../core/model/seen.ts';
import type { Snapshot } from '../core/model/snapshot.ts';

import type { ForgetRequest, PromiseRequest } from './peers.ts';
import type { PromiseGiven } from './promises.ts';

/** done, certainly not done because another was faster, certainly not done for another reason, or unknown. */
export type DeskOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'absent'; readonly why: string }
  | { readonly kind: 'notDone'; readonly why: string }
  /** What is asked for cannot be: `why` names the place. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

export type JsonObject = Readonly<Record<string, unknown>>;

/** Where the REST API hands in what people ask for. Everything that changes something goes through here into the loop. */
export interface Desk {
  /** undefined until the first cycle has ended. */
  snapshot(): Snapshot | undefined;
  /**
   * A snapshot of what was looked at within the last `maxAgeMs`. Where there is none, the loop is woken, once for everybody who
   * asks within that time, and waited for no longer than `budgetMs`; then the last snapshot, whatever its age.
   */
  fresh(maxAgeMs: number, budgetMs: number): Promise<Snapshot | undefined>;
  /** Called after each cycle. Returns how to stop that. */
  onSnapshot(listener: (snapshot: Snapshot) => void): () => void;
  /** Boot clock, to tell ages. */
  nowMs(): number;
  /** Merges (null deletes, objects merge, anything else replaces) or replaces /config, comparing its revision. */
  changeConfig(change: {
    readonly kind: 'patch' | 'replace';
    readonly value: JsonObject;
  }): Promise<DeskOutcome<JsonObject>>;
  /** Writes /failover if it still has the revision of the snapshot; undefined clears it to `{}`. Wakes the loop. */
  writeFailover(request: FailoverRequest | undefined): Promise<DeskOutcome<null>>;
  /** Starts `bootstrap CLUSTER` on this member; done once accepted, refused with the reason otherwise. Progress is in the snapshots. */
  bootstrap(): Promise<DeskOutcome<string>>;
  /** Clones this member anew; done once it has begun, notDone with the reason where it may not. Progress is in the snapshots. */
  reinitialize(how: { readonly force: boolean; readonly fromLeader: boolean }): Promise<DeskOutcome<string>>;
  /** What this member has given up, oldest first. */
  divergences(): Promise<readonly DivergenceRecord[]>;
  /** Deletes what is kept of it; what was held may then be given up. absent: there is no such record. */
  discardDivergence(id: string): Promise<DeskOutcome<DivergenceRecord>>;
  /**
   * Hands a request to the loop: done or not done as the core answers it, unknown where it has not within `budgetMs` (10 s by
   * default). A request that nobody waits for any more is dropped unless it is under way already.
   */
  operate(asked: Asked, budgetMs?: number): Promise<DeskOutcome<string>>;
  /** Has the member's own file read again. */
  reload(): void;
  probe(apiUrl: string): Promise<Seen<PeerStatus>>;
  /** A leader without the store asks this member not to lead. Accepted once the promise is durable. */
  promise(request: PromiseRequest): Promise<PromiseGiven>;
  /**
   * Has `listener` told of each beat of this leader, the first at once; undefined: it does not lead any more, and nothing comes
   * after that. Returns how to stop it, or nothing where this member does not lead.
   */
  heartbeat(listener: (beat: Beat | undefined) => void): (() => void) | undefined;
  /** It leads through the store again. */
  forget(request: ForgetRequest): void;
}
