import type { FailoverRequest } from '../../../src/core/model/cluster.ts';
import type { DivergenceRecord } from '../../../src/core/model/divergence-record.ts';
import type { Beat } from '../../../src/core/model/leader-signs.ts';
import type { Asked, PeerStatus } from '../../../src/core/model/observation.ts';
import type { Seen } from '../../../src/core/model/seen.ts';
import { seen } from '../../../src/core/model/seen.ts';
import type { Snapshot } from '../../../src/core/model/snapshot.ts';
import type { Desk, DeskOutcome, JsonObject } from '../../../src/ports/desk.ts';
import type { ForgetRequest, PromiseRequest } from '../../../src/ports/peers.ts';
import type { PromiseGiven } from '../../../src/ports/promises.ts';
import { NOW_MS } from './snapshots.ts';

export const PEER: PeerStatus = {
  role: 'replica',
  state: 'running',
  location: undefined,
  receivedLsn: undefined,
  replayedLsn: undefined,
  timeline: 1,
  tags: {},
  watchdogFailed: false,
};

/** A desk whose answers are set by the test, and which keeps what it was asked. */
export class FakeDesk implements Desk {
  last: Snapshot | undefined;
  readonly asked: unknown[] = [];
  readonly freshened: { readonly maxAgeMs: number; readonly budgetMs: number }[] = [];
  config: DeskOutcome<JsonObject> = { kind: 'done', value: { ttl: 30 } };
  failover: DeskOutcome<null> = { kind: 'done', value: null };
  bootstrapping: DeskOutcome<string> = { kind: 'done', value: 'the bootstrap has begun' };
  reinitializing: DeskOutcome<string> = { kind: 'done', value: 'reinitialize started' };
  records: readonly DivergenceRecord[] = [];
  peer: Seen<PeerStatus> = seen(PEER, NOW_MS);
  given: PromiseGiven = { kind: 'accepted' };
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();

  constructor(last?: Snapshot) {
    this.last = last;
  }

  /** The next cycle has ended so. */
  show(snapshot: Snapshot): void {
    this.last = snapshot;
    for (const listener of this.#listeners) listener(snapshot);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  snapshot(): Snapshot | undefined {
    return this.last;
  }

  fresh(maxAgeMs: number, budgetMs: number): Promise<Snapshot | undefined> {
    this.freshened.push({ maxAgeMs, budgetMs });
    return Promise.resolve(this.last);
  }

  onSnapshot(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  nowMs(): number {
    return NOW_MS;
  }

  changeConfig(change: {
    readonly kind: 'patch' | 'replace';
    readonly value: JsonObject;
  }): Promise<DeskOutcome<JsonObject>> {
    this.asked.push(change);
    return Promise.resolve(this.config);
  }

  writeFailover(request: FailoverRequest | undefined): Promise<DeskOutcome<null>> {
    this.asked.push(request);
    return Promise.resolve(this.failover);
  }

  bootstrap(): Promise<DeskOutcome<string>> {
    this.asked.push('bootstrap');
    return Promise.resolve(this.bootstrapping);
  }

  reinitialize(how: { readonly force: boolean; readonly fromLeader: boolean }): Promise<DeskOutcome<string>> {
    this.asked.push(how);
    return Promise.resolve(this.reinitializing);
  }

  divergences(): Promise<readonly DivergenceRecord[]> {
    return Promise.resolve(this.records);
  }

  discardDivergence(id: string): Promise<DeskOutcome<DivergenceRecord>> {
    this.asked.push(id);
    const record = this.records.find((each) => each.id === id);
    return Promise.resolve(record === undefined ? { kind: 'absent', why: 'none' } : { kind: 'done', value: record });
  }

  operating: DeskOutcome<string> = { kind: 'done', value: 'restarted successfully' };

  operate(asked: Asked): Promise<DeskOutcome<string>> {
    this.asked.push(asked);
    return Promise.resolve(this.operating);
  }

  reload(): void {
    this.asked.push('reload');
  }

  /** undefined: this member does not lead. */
  beat: Beat | undefined;
  readonly beatListeners = new Set<(beat: Beat | undefined) => void>();

  heartbeat(listener: (beat: Beat | undefined) => void): (() => void) | undefined {
    if (this.beat === undefined) return undefined;
    this.beatListeners.add(listener);
    listener(this.beat);
    return () => {
      this.beatListeners.delete(listener);
    };
  }

  probe(apiUrl: string): Promise<Seen<PeerStatus>> {
    this.asked.push(apiUrl);
    return Promise.resolve(this.peer);
  }

  promise(request: PromiseRequest): Promise<PromiseGiven> {
    this.asked.push(request);
    return Promise.resolve(this.given);
  }

  forget(request: ForgetRequest): void {
    this.asked.push(request);
  }
}
