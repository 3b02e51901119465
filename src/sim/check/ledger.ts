import { decodeFailsafe } from '../../core/layout/failsafe-key.ts';
import { decodeSync, NO_SYNC } from '../../core/layout/sync-key.ts';
import { recordFromJson } from '../../core/layout/fields.ts';
import { type Keys, nameBelow } from '../../core/layout/keys.ts';
import { decodeFailover } from '../../core/layout/failover-key.ts';
import { containsName, unionOf } from '../../core/election/union.ts';
import type { FailoverRequest, SyncState } from '../../core/model/cluster.ts';
import { isStandbyCluster } from '../../core/settings/is-standby-cluster.ts';
import type { PromiseRequest } from '../../ports/peers.ts';
import type { Txn } from '../../ports/store.ts';
import { type Change, keyOf, type Lease } from '../keystore/state.ts';

/** One holding of the leader key, as the store's own truth has it. */
export interface Reign {
  readonly reign: number;
  readonly name: string;
  readonly lease: Lease | undefined;
  readonly ttlMs: number;
  /** Members whose pledges the take-over compared. */
  readonly counted: readonly string[];
  /** A request of an operator named its holder. */
  readonly isOrdered: boolean;
  /** Taken while the cluster was to follow another one: nobody is promoted under it. */
  readonly ofStandby: boolean;
  /** It was not among those whom /sync named when it took the key. */
  readonly isOutsider: boolean;
  endedAtMs: number | undefined;
  /** Its lease ran out, as opposed to the key being deleted. */
  hasExpired: boolean;
  /** True time past which its holder must not write, by the last renewal that reached the store. */
  deadlineAtMs: number;
  /** The same by the promises of everybody in /failsafe. */
  promisedUntilMs: number;
  /** Of the last question that each member promised upon: until when that lets the leader write. */
  readonly promises: Map<string, number>;
}

/** The store's truth about who leads and who may, from its changes. */
export class Ledger {
  readonly keys: Keys;
  readonly reigns: Reign[] = [];
  current: Reign | undefined;
  sync: SyncState = NO_SYNC;
  private request: FailoverRequest | undefined;
  /** Names in /failsafe. */
  failsafe: readonly string[] = [];
  /** /config says so now. */
  isPaused = false;
  /** /config has the cluster follow another one. */
  isStandbyCluster = false;
  /** Whom /failover names, without a time. */
  named: string | undefined;
  /** Members whose mark says that nothing guards their PostgreSQL. */
  readonly marks = new Set<string>();
  private readonly leases: ReadonlyMap<string, Lease>;
  private readonly clockRateOf: (name: string) => number;

  constructor(keys: Keys, leases: ReadonlyMap<string, Lease>, clockRateOf: (name: string) => number) {
    this.keys = keys;
    this.leases = leases;
    this.clockRateOf = clockRateOf;
  }

  /** The last reign of a member, over or not. */
  lastReignOf(name: string): Reign | undefined {
    return this.reigns.findLast((each) => each.name === name);
  }

  get isSynchronous(): boolean {
    return this.sync.leader !== undefined;
  }

  note(change: Change, nowMs: number): void {
    for (const event of change.events) {
      const key = keyOf(event);
      this.notePause(key, event.kind === 'put' ? event.keyValue.value : undefined);
      if (key === this.keys.leader) this.noteLeader(change, event.kind === 'put' ? event.keyValue : undefined, nowMs);
      if (key === this.keys.failover)
        this.request = event.kind === 'put' ? decodeFailover(event.keyValue.value).value : undefined;
      if (key === this.keys.failsafe) this.noteFailsafe(event.kind === 'put' ? event.keyValue.value : undefined);
      if (key === this.keys.sync) this.sync = event.kind === 'put' ? decodeSync(event.keyValue.value).value : NO_SYNC;
    }
  }

  /** A keepalive or a grant has reached the store: it was sent at this true time. */
  noteRenewal(leaseId: string, sentAtMs: number): void {
    const { current } = this;
    if (current === undefined || current.lease?.id !== leaseId) return;
    current.deadlineAtMs = Math.max(
      current.deadlineAtMs,
      sentAtMs + (current.ttlMs * 5) / 6 / this.clockRateOf(current.name),
    );
  }

  /** A member has promised what a leader asked for at `sentAtMs` of true time. Only all of them together let it write. */
  notePromise(member: string, { name: leader, own }: PromiseRequest, sentAtMs: number): void {
    const reign = this.reigns.find((each) => each.reign === own?.reign && each.name === leader);
    const promiseMs = own?.promiseMs ?? 0;
    if (reign === undefined || !this.failsafe.includes(leader)) return;
    const untilMs = sentAtMs + (promiseMs * 5) / 6 / this.clockRateOf(leader);
    reign.promises.set(member, Math.max(untilMs, reign.promises.get(member) ?? untilMs));
    const all = this.failsafe.filter((name) => name !== leader).map((name) => reign.promises.get(name) ?? 0);
    reign.promisedUntilMs = Math.max(reign.promisedUntilMs, Math.min(...all));
  }

  /** Nonsense in the key changes nothing for a leader that does not see it, nor for those who go on promising. */
  private noteFailsafe(text: string | undefined): void {
    const members = text === undefined ? {} : decodeFailsafe(text).value;
    if (members !== undefined) this.failsafe = Object.keys(members);
  }

  private notePause(key: string, value: string | undefined): void {
    if (key === this.keys.config) {
      const config = recordFromJson(value ?? '');
      this.isPaused = config?.['pause'] === true;
      this.isStandbyCluster = isStandbyCluster(config ?? {});
    }
    if (key === this.keys.failover) {
      const request = value === undefined ? undefined : decodeFailover(value).value;
      this.named = request?.scheduledAt === undefined ? request?.candidate : undefined;
    }
    const marked = nameBelow(this.keys.unguardedMarks, key);
    if (marked === undefined) return;
    if (value === undefined) this.marks.delete(marked);
    else this.marks.add(marked);
  }

  private noteLeader(
    change: Change,
    key: { readonly value: string; readonly leaseId: string | undefined } | undefined,
    nowMs: number,
  ): void {
    if (this.current !== undefined) {
      this.current.endedAtMs = nowMs;
      this.current.hasExpired = change.txn === undefined && (this.current.lease?.endsAtMs ?? nowMs) <= nowMs;
    }
    this.current = undefined;
    if (key === undefined) return;
    const lease = key.leaseId === undefined ? undefined : this.leases.get(key.leaseId);
    const ttlMs = lease?.ttlMs ?? 0;
    this.current = {
      reign: change.revision,
      name: key.value,
      lease,
      ttlMs,
      counted: pledgesCompared(change.txn, this.keys),
      isOrdered: this.request?.candidate === key.value,
      ofStandby: this.isStandbyCluster,
      isOutsider: this.sync.leader !== undefined && !containsName(unionOf({ sync: { value: this.sync } }), key.value),
      endedAtMs: undefined,
      hasExpired: false,
      deadlineAtMs: nowMs + (ttlMs * 5) / 6 / this.clockRateOf(key.value),
      promisedUntilMs: Number.NEGATIVE_INFINITY,
      promises: new Map(),
    };
    this.reigns.push(this.current);
  }
}

function pledgesCompared(txn: Txn | undefined, keys: Keys): readonly string[] {
  const names = (txn?.compares ?? []).map((compare) => nameBelow(keys.pledges, compare.key));
  return names.filter((name) => name !== undefined);
}
