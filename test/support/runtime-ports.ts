// In-memory ports for the runtime's tests: time stands still unless a test moves it, and the store can be told to misbehave.
import type { CancelTimer, Clock } from '../../src/ports/clock.ts';
import type { Guard, GuardAnswer, GuardOrder, GuardState } from '../../src/ports/guard.ts';
import type { Log } from '../../src/ports/log.ts';
import type { PostgresSign } from '../../src/core/model/leader-signs.ts';
import type { Upstream } from '../../src/core/model/local-postgres.ts';
import type { BeatSink, ForgetRequest, Peers, PromiseAnswer, PromiseRequest } from '../../src/ports/peers.ts';
import type { PromiseFile, PromisesRead, StandingPromise } from '../../src/ports/promises.ts';
import type { PeerStatus, Self } from '../../src/core/model/observation.ts';
import type { Seen } from '../../src/core/model/seen.ts';
import type {
  Compare,
  KeyValue,
  LeaseAnswer,
  LeaseRemaining,
  RangeAnswer,
  Store,
  Txn,
  TxnOutcome,
  Unanswered,
  Watch,
  WatchSink,
} from '../../src/ports/store.ts';

/** Promises in a row between two looks. */
const HOPS = 60;

export async function settle(): Promise<void> {
  for (let hop = 0; hop < HOPS; hop += 1) await Promise.resolve();
}

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  nowMs = 1_000_000;
  private timers: Timer[] = [];

  bootMs(): number {
    return this.nowMs;
  }

  wallAt(): string {
    return '2026-11-24T03:00:00.000+00:00';
  }

  after(delayMs: number, fire: () => void): CancelTimer {
    const timer = { atMs: this.nowMs + delayMs, fire };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  }

  /** Lets everything happen that is due within `ms`, in order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await settle();
    for (;;) {
      const next = this.timers.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.fire();
      await settle();
    }
    this.nowMs = untilMs;
  }
}

export type Trouble = 'lost answer, done' | 'lost answer, not done' | 'no answer';

const SILENT: Unanswered = { kind: 'unanswered', why: 'no answer in time' };

/** A store that keeps etcd's promises, but for the answers that a test takes away. */
export class FakeStore implements Store {
  readonly keys = new Map<string, KeyValue>();
  readonly leases = new Map<string, { ttlMs: number; untilMs: number }>();
  readonly txns: Txn[] = [];
  revision = 1;
  /** How long each answer takes. */
  delayMs = 0;
  keepAlives = 0;
  grants = 0;
  /** What happens to the next transactions that write, and to those that only read. */
  readonly writeTroubles: Trouble[] = [];
  readonly readTroubles: Trouble[] = [];
  readonly keepAliveTroubles: Trouble[] = [];
  readonly rangeTroubles: Trouble[] = [];
  readonly sinks = new Set<WatchSink>();
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  async range(prefix: string): Promise<RangeAnswer | Unanswered> {
    await this.delay();
    if (this.rangeTroubles.shift() !== undefined) return SILENT;
    const keyValues = [...this.keys.values()].filter(({ key }) => key.startsWith(prefix));
    return { kind: 'ok', revision: this.revision, keyValues };
  }

  async txn(txn: Txn): Promise<TxnOutcome> {
    const sentAtMs = this.clock.nowMs;
    const writes = txn.success.some((op) => op.kind !== 'read');
    const trouble = (writes ? this.writeTroubles : this.readTroubles).shift();
    await this.delay();
    if (trouble === 'lost answer, not done' || trouble === 'no answer') return { kind: 'unknown', why: trouble };
    const outcome = this.apply(txn, sentAtMs);
    return trouble === undefined ? outcome : { kind: 'unknown', why: trouble };
  }

  apply(txn: Txn, sentAtMs: number): TxnOutcome {
    this.txns.push(txn);
    const holds = txn.compares.every((compare) => this.holds(compare));
    const ops = holds ? txn.success : (txn.failure ?? []);
    const lost = ops.find((op) => op.kind === 'put' && op.leaseId !== undefined && !this.leases.has(op.leaseId));
    if (lost !== undefined) return { kind: 'notDone', why: 'requested lease not found' };
    if (ops.some((op) => op.kind !== 'read')) this.revision += 1;
    const reads: (KeyValue | undefined)[] = [];
    for (const op of ops) {
      if (op.kind === 'read') reads.push(this.keys.get(op.key));
      if (op.kind === 'put') this.put(op.key, op.value, op.leaseId);
      if (op.kind === 'delete') this.remove(op.key);
    }
    return { kind: holds ? 'done' : 'refused', revision: this.revision, reads, sentAtMs };
  }

  /** As if another client had written it. */
  write(key: string, value: string, leaseId?: string): void {
    this.revision += 1;
    this.put(key, value, leaseId);
  }

  erase(key: string): void {
    this.revision += 1;
    this.remove(key);
  }

  async grantLease(ttlMs: number): Promise<LeaseAnswer> {
    const sentAtMs = this.clock.nowMs;
    await this.delay();
    this.grants += 1;
    const leaseId = `lease-${this.grants}`;
    this.leases.set(leaseId, { ttlMs, untilMs: this.clock.nowMs + ttlMs });
    return { kind: 'alive', leaseId, ttlMs, sentAtMs };
  }

  async keepAlive(leaseId: string): Promise<LeaseAnswer> {
    const sentAtMs = this.clock.nowMs;
    this.keepAlives += 1;
    const trouble = this.keepAliveTroubles.shift();
    await this.delay();
    const lease = this.leases.get(leaseId);
    if (trouble !== undefined) return SILENT;
    if (lease === undefined) return { kind: 'gone' };
    lease.untilMs = this.clock.nowMs + lease.ttlMs;
    return { kind: 'alive', leaseId, ttlMs: lease.ttlMs, sentAtMs };
  }

  async revokeLease(leaseId: string): Promise<{ readonly kind: 'done' }> {
    await this.delay();
    this.leases.delete(leaseId);
    for (const { key, leaseId: on } of this.keys.values()) if (on === leaseId) this.erase(key);
    return { kind: 'done' };
  }

  async leaseRemaining(leaseId: string): Promise<LeaseRemaining> {
    const sentAtMs = this.clock.nowMs;
    await this.delay();
    const lease = this.leases.get(leaseId);
    if (lease === undefined) return { kind: 'gone' };
    return { kind: 'alive', remainingMs: Math.max(0, lease.untilMs - sentAtMs), grantedMs: lease.ttlMs, sentAtMs };
  }

  watch(_prefix: string, _afterRevision: number, sink: WatchSink): Watch {
    this.sinks.add(sink);
    return { close: () => this.sinks.delete(sink) };
  }

  endWatches(): void {
    const ended = [...this.sinks];
    this.sinks.clear();
    for (const sink of ended) sink.onEnd('broken', 'cut');
  }

  private async delay(): Promise<void> {
    if (this.delayMs === 0) return;
    await new Promise<void>((resolve) => {
      this.clock.after(this.delayMs, resolve);
    });
  }

  private put(key: string, value: string, leaseId: string | undefined): void {
    const createRevision = this.keys.get(key)?.createRevision ?? this.revision;
    const keyValue: KeyValue = { key, value, createRevision, modRevision: this.revision, leaseId };
    this.keys.set(key, keyValue);
    for (const sink of this.sinks) sink.onEvents([{ kind: 'put', keyValue }], this.revision);
  }

  private remove(key: string): void {
    if (!this.keys.delete(key)) return;
    for (const sink of this.sinks) sink.onEvents([{ kind: 'delete', key, modRevision: this.revision }], this.revision);
  }

  private holds(compare: Compare): boolean {
    const key = this.keys.get(compare.key);
    if (compare.target === 'value') return key?.value === compare.value;
    if (compare.target === 'lease') return key?.leaseId === compare.leaseId;
    return (
      (compare.target === 'create' ? key?.createRevision : key?.modRevision) === compare.revision ||
      (key === undefined && compare.revision === 0)
    );
  }
}

export class FakeGuard implements Guard {
  current: GuardState = { kind: 'disarmed' };
  answers = true;

  arm(order: GuardOrder): Promise<GuardAnswer> {
    if (this.answers) this.current = { kind: 'armed', order };
    return this.state();
  }

  disarm(): Promise<GuardAnswer> {
    if (this.answers) this.current = { kind: 'disarmed' };
    return this.state();
  }

  state(): Promise<GuardAnswer> {
    return Promise.resolve(
      this.answers ? { kind: 'ok', state: this.current } : { kind: 'unanswered', why: 'the line is cut' },
    );
  }
}

export class FakeLog implements Log {
  readonly lines: string[] = [];

  log(level: string, text: string): void {
    if (level !== 'DEBUG') this.lines.push(`${level}: ${text}`);
  }
}

/** Members that promise what they are asked for, unless a test has them refuse or stay silent. */
export class FakePeers implements Peers {
  readonly asked: { readonly apiUrl: string; readonly request: PromiseRequest; readonly budgetMs: number }[] = [];
  readonly forgotten: ForgetRequest[] = [];
  answer: (apiUrl: string) => Promise<PromiseAnswer> = () => Promise.resolve({ kind: 'accepted' });

  probe(): Promise<Seen<PeerStatus>> {
    return Promise.resolve({ kind: 'unknown', why: 'not asked here' });
  }

  askFailsafe(apiUrl: string, request: PromiseRequest, budgetMs: number): Promise<PromiseAnswer> {
    this.asked.push({ apiUrl, request, budgetMs });
    return this.answer(apiUrl);
  }

  forgetFailsafe(_apiUrl: string, request: ForgetRequest): Promise<void> {
    this.forgotten.push(request);
    return Promise.resolve();
  }

  /** Streams that were asked for, with whether they were closed since. */
  readonly streams: { readonly apiUrl: string; readonly sink: BeatSink; isClosed: boolean }[] = [];
  /** What the PostgreSQL that is asked does, and after which time. */
  postgres: () => Promise<PostgresSign> = () => Promise.resolve('answers');
  readonly postgresAsked: Upstream[] = [];

  heartbeat(apiUrl: string, sink: BeatSink): { close(): void } {
    const stream = { apiUrl, sink, isClosed: false };
    this.streams.push(stream);
    return {
      close: () => {
        stream.isClosed = true;
      },
    };
  }

  probePostgres(where: Upstream): Promise<PostgresSign> {
    this.postgresAsked.push(where);
    return this.postgres();
  }
}

/** What a test puts in `found` is read back; `trouble` keeps it from being written or removed. */
export class FakePromiseFile implements PromiseFile {
  found: PromisesRead = { kind: 'absent' };
  trouble: string | undefined;
  /** Until this resolves, nothing is on disk. */
  slow: Promise<void> = Promise.resolve();

  read(): Promise<PromisesRead> {
    return Promise.resolve(this.found);
  }

  async write(promises: readonly StandingPromise[]): Promise<string | undefined> {
    await this.slow;
    if (this.trouble === undefined) this.found = { kind: 'read', promises: [...promises] };
    return this.trouble;
  }

  async remove(): Promise<string | undefined> {
    await this.slow;
    if (this.trouble === undefined) this.found = { kind: 'absent' };
    return this.trouble;
  }
}

/** Ada, who tells of herself nothing but what must be told. */
export const ADA: Self = {
  name: 'ada',
  scope: 'test',
  connUrl: 'postgres://ada:5432/postgres',
  apiUrl: 'http://ada:8008/patroni',
  version: '4.1.4',
  tags: {},
  mayBootstrap: false,
  localRevision: 0,
  overrides: {},
  initialConfig: {},
};
