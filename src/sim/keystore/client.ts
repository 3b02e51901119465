import type {
  Budget,
  LeaseAnswer,
  LeaseId,
  LeaseRemaining,
  RangeAnswer,
  Revision,
  Store,
  Txn,
  TxnOutcome,
  Unanswered,
  Watch,
  WatchSink,
} from '../../ports/store.ts';
import type { Network } from '../network.ts';
import type { Chance } from '../time/chance.ts';
import type { Process } from '../time/process.ts';
import type { StoreServer } from './server.ts';
import { SimWatch } from './watch.ts';

/** After this long without an answer another endpoint is asked. */
const TRY_MS = 700;
const SILENT: Unanswered = { kind: 'unanswered', why: 'no answer in time' };
const REFUSED: Unanswered = { kind: 'unanswered', why: 'connection refused' };

/** What a request is to the store: done there in one instant, wherever it is asked. */
interface Request<T> {
  /** undefined: the store has no answer to it. */
  readonly apply: (sentAtMs: number) => T | undefined;
  /** What a store member cut off from the others says; undefined: nothing. */
  readonly stale?: (sentAtMs: number) => T | undefined;
  /** A read may be asked again elsewhere, a write may not: it could happen twice. */
  readonly isRepeatable: boolean;
  /** It stays on the way for this long. */
  readonly heldMs?: number;
}

type Reply<T> =
  | { readonly kind: 'answer'; readonly value: T; readonly sentAtMs: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' };

/** A request that has reached the store. */
interface Arrival<T> {
  readonly request: Request<T>;
  readonly sentAtMs: number;
  readonly answer: (value: T) => void;
  readonly finish: (reply: Reply<T>) => void;
}

/** Told what happens to this client's requests. */
export interface StoreWitness {
  /** Of the requests that arrive, how many are answered into the void. */
  lostAnswerRate(): number;
  /** A keepalive is answered as done, be it to no effect; boot-clock time at which it was sent. */
  renewed(leaseId: LeaseId, sentAtMs: number): void;
  /** The comparisons of a transaction did not hold. */
  refused(txn: Txn, budgetMs: number): void;
  /** A write ends without an answer. */
  unknown(): void;
  /** Somebody asks for something. */
  called(): void;
}

/** One member's client of the store: the port, over a network that delays, loses and cuts. */
export class StoreClient implements Store {
  private readonly server: StoreServer;
  private readonly process: Process;
  private readonly network: Network;
  private readonly chance: Chance;
  private readonly witness: StoreWitness;
  private readonly watches = new Set<SimWatch>();
  private hold: { readonly heldMs: number; readonly sent: () => void } | undefined;

  constructor(server: StoreServer, process: Process, network: Network, witness: StoreWitness) {
    this.server = server;
    this.process = process;
    this.network = network;
    this.chance = process.machine.chance;
    this.witness = witness;
  }

  async range(prefix: string, budget: Budget): Promise<RangeAnswer | Unanswered> {
    const { state } = this.server;
    const reply = await this.ask<RangeAnswer>(budget, {
      apply: () => ({ kind: 'ok', revision: state.revision, keyValues: state.range(prefix) }),
      isRepeatable: true,
    });
    return reply.kind === 'answer' ? reply.value : unanswered(reply.kind);
  }

  async txn(txn: Txn, budget: Budget): Promise<TxnOutcome> {
    const writes = [...txn.success, ...(txn.failure ?? [])].some((op) => op.kind !== 'read');
    const reply = await this.ask(budget, {
      apply: () => this.server.state.txn(txn),
      stale: () => this.server.staleTxn(txn),
      isRepeatable: !writes,
      ...(writes ? this.heldBack() : {}),
    });
    if (reply.kind === 'refused') return { kind: 'notDone', why: REFUSED.why };
    if (reply.kind === 'silent') {
      if (!writes) return { kind: 'notDone', why: SILENT.why };
      this.witness.unknown();
      return { kind: 'unknown', why: SILENT.why };
    }
    const applied = reply.value;
    if (applied.kind === 'failed') return { kind: 'notDone', why: applied.why };
    if (applied.kind === 'refused') this.witness.refused(txn, budget.budgetMs);
    return { kind: applied.kind, revision: applied.revision, reads: applied.reads, sentAtMs: reply.sentAtMs };
  }

  async grantLease(ttlMs: number, budget: Budget): Promise<LeaseAnswer> {
    const { server, process } = this;
    const reply = await this.ask(budget, {
      apply: () => server.state.grant(ttlMs, process.machine.agenda.nowMs),
      isRepeatable: false,
    });
    if (reply.kind !== 'answer') return unanswered(reply.kind);
    return { kind: 'alive', leaseId: reply.value.id, ttlMs: reply.value.ttlMs, sentAtMs: reply.sentAtMs };
  }

  async keepAlive(leaseId: LeaseId, budget: Budget): Promise<LeaseAnswer> {
    const { server, process } = this;
    const reply = await this.ask<{ readonly ttlMs: number | undefined }>(budget, {
      apply: (sentAtMs) => {
        const lease = server.state.keepAlive(leaseId, process.machine.agenda.nowMs);
        if (lease !== undefined) this.witness.renewed(leaseId, sentAtMs);
        return { ttlMs: lease?.ttlMs };
      },
      stale: (sentAtMs) => {
        const ttlMs = server.staleKeepAlive(leaseId);
        if (ttlMs !== undefined) this.witness.renewed(leaseId, sentAtMs);
        return ttlMs === undefined ? undefined : { ttlMs };
      },
      isRepeatable: true,
    });
    if (reply.kind !== 'answer') return unanswered(reply.kind);
    const { ttlMs } = reply.value;
    return ttlMs === undefined ? { kind: 'gone' } : { kind: 'alive', leaseId, ttlMs, sentAtMs: reply.sentAtMs };
  }

  async revokeLease(leaseId: LeaseId, budget: Budget): Promise<{ readonly kind: 'done' } | Unanswered> {
    const reply = await this.ask(budget, {
      apply: () => {
        this.server.state.revoke(leaseId);
        return true;
      },
      isRepeatable: true,
    });
    return reply.kind === 'answer' ? { kind: 'done' } : unanswered(reply.kind);
  }

  async leaseRemaining(leaseId: LeaseId, budget: Budget): Promise<LeaseRemaining> {
    const { server, process } = this;
    const reply = await this.ask<LeaseRemaining>(budget, {
      apply: () => {
        const lease = server.state.leases.get(leaseId);
        if (lease === undefined) return { kind: 'gone' };
        // In whole seconds, rounded down, as etcd tells it.
        const leftMs = Math.max(0, lease.endsAtMs - process.machine.agenda.nowMs);
        const remainingMs = Math.floor(leftMs / 1000) * 1000;
        return { kind: 'alive', remainingMs, grantedMs: lease.ttlMs, sentAtMs: 0 };
      },
      isRepeatable: true,
    });
    if (reply.kind !== 'answer') return unanswered(reply.kind);
    return reply.value.kind === 'alive' ? { ...reply.value, sentAtMs: reply.sentAtMs } : reply.value;
  }

  watch(prefix: string, afterRevision: Revision, sink: WatchSink): Watch {
    const watch = new SimWatch(
      { server: this.server, process: this.process, network: this.network, prefix, afterRevision, sink },
      () => {
        this.watches.delete(watch);
      },
    );
    this.watches.add(watch);
    return watch;
  }

  /** A fault: the connection that carries the watches breaks. */
  breakWatches(): void {
    for (const watch of this.watches) watch.end('broken', 'connection reset');
  }

  /** A fault: the next write of this client arrives so much later. `sent` is called as it leaves. */
  holdNextWrite(heldMs: number, sent: () => void): void {
    this.hold = { heldMs, sent };
  }

  private heldBack(): { readonly heldMs?: number } {
    const { hold } = this;
    if (hold === undefined) return {};
    this.hold = undefined;
    hold.sent();
    return { heldMs: hold.heldMs };
  }

  private ask<T>(budget: Budget, request: Request<T>): Promise<Reply<T>> {
    this.witness.called();
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (reply: Reply<T>): void => {
        if (isOver) return;
        isOver = true;
        cancel();
        resolve(reply);
      };
      const machine = this.process.machine;
      const cancel = this.process.after(budget.budgetMs / machine.clockRate, () => finish({ kind: 'silent' }));
      this.attempt(budget.budgetMs, request, finish, () => isOver);
    });
  }

  private attempt<T>(
    leftMs: number,
    request: Request<T>,
    finish: (reply: Reply<T>) => void,
    isOver: () => boolean,
  ): void {
    if (isOver()) return;
    const { machine } = this.process;
    const sentAtMs = machine.bootMs();
    const answer = (value: T): void => {
      if (this.chance.happens(this.witness.lostAnswerRate())) return;
      this.network.send('store', machine.name, () =>
        this.process.run(() => finish({ kind: 'answer', value, sentAtMs })),
      );
    };
    const arrive = (): void => this.arrive({ request, sentAtMs, answer, finish });
    const { heldMs } = request;
    if (heldMs === undefined) this.network.send(machine.name, 'store', arrive);
    else machine.agenda.after(heldMs, () => this.network.send(machine.name, 'store', arrive));
    // A request that can do no harm twice is tried again at another endpoint.
    if (request.isRepeatable && leftMs > TRY_MS) {
      this.process.after(TRY_MS, () => this.attempt(leftMs - TRY_MS, request, finish, isOver));
    }
  }

  /** One in three endpoints is the member that is cut off, while there is one. */
  private arrive<T>({ request, sentAtMs, answer, finish }: Arrival<T>): void {
    const { server } = this;
    if (server.mode === 'down') {
      this.process.after(this.network.oneWayMs(), () => finish({ kind: 'refused' }));
      return;
    }
    if (server.stale !== undefined && this.chance.happens(1 / 3)) {
      const value = request.stale?.(sentAtMs);
      if (value !== undefined) answer(value);
      return;
    }
    server.arrive(() => {
      const value = request.apply(sentAtMs);
      if (value !== undefined) answer(value);
    });
  }
}

function unanswered(kind: 'refused' | 'silent'): Unanswered {
  return kind === 'refused' ? REFUSED : SILENT;
}
