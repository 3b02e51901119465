// Where people's requests come in. What changes the cluster is one transaction that compares what the answer was made from.
import { compactJson } from '../core/layout/compact-json.ts';
import { encodeFailover } from '../core/layout/failover-key.ts';
import type { Keys } from '../core/layout/keys.ts';
import type { ClusterView, FailoverRequest } from '../core/model/cluster.ts';
import type { DivergenceRecord } from '../core/model/divergence-record.ts';
import type { Beat } from '../core/model/leader-signs.ts';
import type { Asked, PeerStatus } from '../core/model/observation.ts';
import type { Seen } from '../core/model/seen.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import { mergePatch } from '../core/settings/merge-patch.ts';
import type { Clock } from '../ports/clock.ts';
import { newRefusals } from '../core/settings/new-refusals.ts';
import type { Desk, DeskOutcome, JsonObject } from '../ports/desk.ts';
import type { ForgetRequest, Peers, PromiseRequest } from '../ports/peers.ts';
import type { Postgres } from '../ports/postgres.ts';
import type { PromiseGiven } from '../ports/promises.ts';
import type { TxnOutcome } from '../ports/store.ts';
import { BUDGETS } from './budgets.ts';
import { Freshener } from './freshener.ts';
import type { Mirror } from './mirror.ts';
import type { PromiseBook } from './promise-book.ts';
import type { Pulse } from './pulse.ts';
import type { Requests } from './requests.ts';
import type { Transactor } from './transactor.ts';

/** People wait longer than the loop does. */
const DESK_WRITE_MS = 5_000;
/** Within this time a cycle usually shows what was written. */
const SHOW_MS = 200;
/** Of requests that the core has not answered; more than people have, and fewer than a script in a loop sends. */
const OPEN_MAX = 32;
/** A loop that is alive takes note of a request well within this time. */
const ACCEPT_MS = 10_000;

export interface DeskParts {
  readonly clock: Clock;
  readonly keys: Keys;
  readonly mirror: Mirror;
  readonly transactor: Transactor;
  readonly peers: Peers;
  readonly postgres: Pick<Postgres, 'divergences' | 'discardDivergence'>;
  readonly requests: Requests;
  readonly promises: PromiseBook;
  readonly pulse: Pick<Pulse, 'listen'>;
  readonly wake: (reason: string) => void;
  readonly reload: () => void;
}

function fromTxn<T>(outcome: TxnOutcome, value: T): DeskOutcome<T> {
  if (outcome.kind === 'unknown' || outcome.kind === 'notDone') return { kind: outcome.kind, why: outcome.why };
  return outcome.kind === 'done' ? { kind: 'done', value } : { kind: 'conflict' };
}

export class RuntimeDesk implements Desk {
  private readonly parts: DeskParts;
  private readonly freshener: Freshener;
  private readonly listeners = new Set<(snapshot: Snapshot) => void>();
  /** Called once the core has taken on the bootstrap request of that id. */
  private readonly onAccepted = new Map<number, () => void>();

  constructor(parts: DeskParts) {
    this.parts = parts;
    this.freshener = new Freshener(parts);
  }

  snapshot(): Snapshot | undefined {
    return this.freshener.snapshot();
  }

  fresh(maxAgeMs: number, budgetMs: number): Promise<Snapshot | undefined> {
    return this.freshener.fresh(maxAgeMs, budgetMs);
  }

  onSnapshot(listener: (snapshot: Snapshot) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  nowMs(): number {
    return this.parts.clock.bootMs();
  }

  /** For the loop: what a cycle came to. */
  show(snapshot: Snapshot, acceptedRequest: number | undefined): void {
    this.freshener.take(snapshot);
    for (const listener of this.listeners) listener(snapshot);
    if (acceptedRequest !== undefined) this.onAccepted.get(acceptedRequest)?.();
  }

  async changeConfig(change: {
    readonly kind: 'patch' | 'replace';
    readonly value: JsonObject;
  }): Promise<DeskOutcome<JsonObject>> {
    const view = this.view();
    if (view === undefined) return { kind: 'notDone', why: 'the store does not answer' };
    const { raw, revision } = view.config;
    if (change.kind === 'patch' && raw === undefined)
      return { kind: 'absent', why: 'there is no dynamic configuration to patch' };
    const patched =
      change.kind === 'patch' ? mergePatch(raw ?? {}, change.value) : { value: change.value, changed: true };
    if (!patched.changed) return { kind: 'done', value: patched.value };
    // Members would go on with the last good configuration, and whoever changed it would wonder why.
    const refusals = newRefusals(raw, patched.value);
    if (refusals.length > 0) return { kind: 'refused', why: refusals.join('; ') };
    const key = this.parts.keys.config;
    const outcome = await this.write(key, revision, compactJson(patched.value));
    return fromTxn(outcome, patched.value);
  }

  async writeFailover(request: FailoverRequest | undefined): Promise<DeskOutcome<null>> {
    const cluster = this.snapshot()?.observation.cluster;
    if (cluster?.kind !== 'seen') return { kind: 'notDone', why: 'the store does not answer' };
    const outcome = await this.write(
      this.parts.keys.failover,
      cluster.value.failover.revision,
      encodeFailover(request),
    );
    return fromTxn(outcome, null);
  }

  bootstrap(): Promise<DeskOutcome<string>> {
    const { clock, requests, wake } = this.parts;
    if (requests.has('bootstrap')) return Promise.resolve({ kind: 'notDone', why: 'a bootstrap is under way already' });
    return new Promise((resolve) => {
      const id = requests.add({ kind: 'bootstrap' }, ({ ok, text }) => {
        this.onAccepted.delete(id);
        resolve(ok ? { kind: 'done', value: text } : { kind: 'notDone', why: text });
      });
      this.onAccepted.set(id, () => {
        this.onAccepted.delete(id);
        resolve({ kind: 'done', value: 'the bootstrap has begun' });
      });
      clock.after(ACCEPT_MS, () => {
        if (this.onAccepted.delete(id)) resolve({ kind: 'unknown', why: 'the agent has not taken note of it in time' });
      });
      wake('a bootstrap is asked for');
    });
  }

  reinitialize(how: { readonly force: boolean; readonly fromLeader: boolean }): Promise<DeskOutcome<string>> {
    return this.operate({ kind: 'reinitialize', ...how });
  }

  divergences(): Promise<readonly DivergenceRecord[]> {
    return this.parts.postgres.divergences();
  }

  async discardDivergence(id: string): Promise<DeskOutcome<DivergenceRecord>> {
    const record = await this.parts.postgres.discardDivergence(id);
    this.parts.wake('a divergence was discarded');
    return record === undefined
      ? { kind: 'absent', why: `there is no divergence ${id} on this member` }
      : { kind: 'done', value: record };
  }

  operate(asked: Asked, budgetMs = ACCEPT_MS): Promise<DeskOutcome<string>> {
    const { clock, requests, wake } = this.parts;
    if (requests.all().length >= OPEN_MAX)
      return Promise.resolve({ kind: 'notDone', why: `${OPEN_MAX} requests already in progress` });
    return new Promise((resolve) => {
      const cancel = clock.after(budgetMs, () => {
        requests.drop(id);
        resolve({ kind: 'unknown', why: `${asked.kind}: no outcome within ${Math.round(budgetMs / 1000)} seconds` });
      });
      const id = requests.add(asked, ({ ok, text }) => {
        cancel();
        resolve(ok ? { kind: 'done', value: text } : { kind: 'notDone', why: text });
      });
      wake(`${asked.kind} is asked for`);
    });
  }

  reload(): void {
    this.parts.reload();
  }

  probe(apiUrl: string): Promise<Seen<PeerStatus>> {
    return this.parts.peers.probe(apiUrl, BUDGETS.probe);
  }

  promise(request: PromiseRequest): Promise<PromiseGiven> {
    return this.parts.promises.give(request);
  }

  forget(request: ForgetRequest): void {
    this.parts.promises.forget(request);
  }

  heartbeat(listener: (beat: Beat | undefined) => void): (() => void) | undefined {
    return this.parts.pulse.listen(listener);
  }

  private view(): ClusterView | undefined {
    const view = this.parts.mirror.view();
    return view.kind === 'seen' ? view.value : undefined;
  }

  private async write(key: string, revision: number, value: string): Promise<TxnOutcome> {
    const outcome = await this.parts.transactor.commit(
      [{ target: 'mod', key, revision }],
      [{ kind: 'put', key, value }],
      DESK_WRITE_MS,
    );
    this.freshener.noteChange(`${key} written by request`, SHOW_MS);
    return outcome;
  }
}
