// The store port on etcd v3, over the JSON gateway. It never logs, and no text of it holds a secret.
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
} from '../ports/store.ts';
import { headerFrom, keyValuesFrom, leaseTimesFrom, txnAnswerFrom } from './answers.ts';
import type { EtcdOptions } from './etcd-options.ts';
import { EtcdWatch } from './etcd-watch.ts';
import { isLeaseNotFound } from './gateway-error.ts';
import { Gateway } from './gateway.ts';
import { HttpLine } from './http-line.ts';
import { isRecord, type JsonRecord } from './json-record.ts';
import { prefixRange } from './key-range.ts';
import { Login } from './login.ts';
import { Rotation, type Try } from './rotation.ts';
import { TermGuard } from './term-guard.ts';
import { isReadOnly, txnRequest } from './txn-request.ts';

/** Rare enough for an idle member to stay below fifteen requests a minute, its own included. */
const PROBE_EVERY_MS = 5_000;

interface Call {
  readonly path: string;
  readonly body: JsonRecord;
  readonly budgetMs: number;
  /** False for a write: it is sent once at most, and believed whatever the term, since a majority agreed to it. */
  readonly mayRepeat: boolean;
  /** Answered by consensus, not from one member's memory. */
  readonly isLinearizable: boolean;
}

type Asked<T> =
  | { readonly kind: 'answer'; readonly value: T; readonly revision: Revision; readonly sentAtMs: number }
  | { readonly kind: 'rejected'; readonly why: string }
  | { readonly kind: 'spent'; readonly sent: boolean; readonly why: string };

export class EtcdStore implements Store {
  readonly #options: EtcdOptions;
  readonly #gateways: readonly Gateway[];
  readonly #rotation: Rotation;
  readonly #terms = new TermGuard();
  readonly #watches = new Set<Watch>();

  /** Connects to nothing yet. `options.endpoints` holds at least one. */
  constructor(options: EtcdOptions) {
    const { username, password } = options;
    const login = new Login(username === undefined ? undefined : { username, password: password ?? '' });
    const [first, ...others] = options.endpoints.map(
      (endpoint) => new Gateway(new HttpLine(endpoint, options.tls, options.clock), login),
    );
    if (first === undefined) throw new Error('no etcd endpoint is given');
    this.#options = options;
    this.#gateways = [first, ...others];
    this.#rotation = new Rotation([first, ...others], options.clock);
  }

  /** Ends all connections and watches. Calls under way are answered as unanswered or unknown. */
  close(): void {
    this.#rotation.close();
    for (const watch of this.#watches) watch.close();
    for (const gateway of this.#gateways) gateway.line.close();
  }

  async range(prefix: string, { budgetMs }: Budget): Promise<RangeAnswer | Unanswered> {
    const call = {
      path: '/kv/range',
      body: { ...prefixRange(prefix) },
      budgetMs,
      mayRepeat: true,
      isLinearizable: true,
    };
    const asked = await this.#ask(call, keyValuesFrom);
    return asked.kind === 'answer'
      ? { kind: 'ok', revision: asked.revision, keyValues: asked.value }
      : unanswered(asked.why);
  }

  async txn(txn: Txn, { budgetMs }: Budget): Promise<TxnOutcome> {
    const call = { path: '/kv/txn', body: txnRequest(txn), budgetMs, mayRepeat: isReadOnly(txn), isLinearizable: true };
    const asked = await this.#ask(call, (body) => txnAnswerFrom(body, txn));
    if (asked.kind === 'answer') {
      return { kind: asked.value.kind, revision: asked.revision, reads: asked.value.reads, sentAtMs: asked.sentAtMs };
    }
    return { kind: asked.kind === 'spent' && asked.sent ? 'unknown' : 'notDone', why: asked.why };
  }

  /** An unanswered one may leave a lease behind that nobody uses, until it runs out. */
  async grantLease(ttlMs: number, { budgetMs }: Budget): Promise<LeaseAnswer> {
    const body = { TTL: String(Math.ceil(ttlMs / 1000)) };
    const call = { path: '/lease/grant', body, budgetMs, mayRepeat: true, isLinearizable: true };
    const asked = await this.#ask(call, (answer) => {
      const lease = leaseTimesFrom(answer);
      return lease?.ttlMs === undefined ? undefined : { leaseId: lease.leaseId, ttlMs: lease.ttlMs };
    });
    return asked.kind === 'answer'
      ? { kind: 'alive', ...asked.value, sentAtMs: asked.sentAtMs }
      : unanswered(asked.why);
  }

  async keepAlive(leaseId: LeaseId, { budgetMs }: Budget): Promise<LeaseAnswer> {
    const call = { path: '/lease/keepalive', body: { ID: leaseId }, budgetMs, mayRepeat: true, isLinearizable: false };
    const asked = await this.#ask(call, (answer) => {
      const lease = leaseTimesFrom(answer);
      return lease?.leaseId === leaseId ? { ttlMs: lease.ttlMs ?? 0 } : undefined;
    });
    if (asked.kind !== 'answer') return unanswered(asked.why);
    // etcd says that a lease is gone by leaving out the time it has left.
    const { ttlMs } = asked.value;
    return ttlMs > 0 ? { kind: 'alive', leaseId, ttlMs, sentAtMs: asked.sentAtMs } : { kind: 'gone' };
  }

  async revokeLease(leaseId: LeaseId, { budgetMs }: Budget): Promise<{ readonly kind: 'done' } | Unanswered> {
    const call = { path: '/lease/revoke', body: { ID: leaseId }, budgetMs, mayRepeat: true, isLinearizable: true };
    const asked = await this.#ask(call, () => 'revoked');
    const isGone = asked.kind === 'answer' || (asked.kind === 'rejected' && isLeaseNotFound(asked.why));
    return isGone ? { kind: 'done' } : unanswered(asked.why);
  }

  async leaseRemaining(leaseId: LeaseId, { budgetMs }: Budget): Promise<LeaseRemaining> {
    const call = { path: '/lease/timetolive', body: { ID: leaseId }, budgetMs, mayRepeat: true, isLinearizable: false };
    const asked = await this.#ask(call, (answer) => {
      const lease = leaseTimesFrom(answer);
      return lease?.leaseId === leaseId ? lease : undefined;
    });
    if (asked.kind !== 'answer') return unanswered(asked.why);
    const { ttlMs, grantedMs } = asked.value;
    // Here a time that is left out is less than a second; gone is -1.
    if ((ttlMs ?? 0) < 0 || grantedMs === undefined) return { kind: 'gone' };
    return { kind: 'alive', remainingMs: ttlMs ?? 0, grantedMs, sentAtMs: asked.sentAtMs };
  }

  watch(prefix: string, afterRevision: Revision, sink: WatchSink): Watch {
    const watch: Watch = new EtcdWatch({ prefix, afterRevision }, sink, {
      rotation: this.#rotation,
      clock: this.#options.clock,
      probeEveryMs: this.#options.probeEveryMs ?? PROBE_EVERY_MS,
      onClose: () => this.#watches.delete(watch),
    });
    this.#watches.add(watch);
    return watch;
  }

  async #ask<T>(call: Call, decode: (body: JsonRecord) => T | undefined): Promise<Asked<T>> {
    const ending = await this.#rotation.spend(call, (gateway, deadlineMs) =>
      this.#try(call, decode, gateway, deadlineMs),
    );
    return ending.kind === 'final' ? ending.value : ending;
  }

  async #try<T>(
    call: Call,
    decode: (body: JsonRecord) => T | undefined,
    gateway: Gateway,
    deadlineMs: number,
  ): Promise<Try<Asked<T>>> {
    const reply = await gateway.call(call.path, call.body, deadlineMs);
    if (reply.kind === 'rejected')
      return { kind: 'final', value: { kind: 'rejected', why: `${gateway.name}: ${reply.why}` } };
    if (reply.kind === 'failed') return { kind: 'next', sent: reply.sent, why: reply.why };
    // A keepalive is a stream of one answer to etcd.
    const body = isRecord(reply.body['result']) ? reply.body['result'] : reply.body;
    const header = headerFrom(body['header']);
    const value = header && decode(body);
    if (header === undefined || value === undefined) {
      return { kind: 'next', sent: true, why: 'an answer that cannot be understood' };
    }
    const nowMs = this.#options.clock.bootMs();
    if (call.mayRepeat && this.#terms.isStale(header, nowMs)) {
      return {
        kind: 'next',
        sent: true,
        why: `on the wrong side of a partition (raft term ${header.raftTerm} is over)`,
      };
    }
    if (call.isLinearizable) this.#terms.learn(header, nowMs);
    return { kind: 'final', value: { kind: 'answer', value, revision: header.revision, sentAtMs: reply.sentAtMs } };
  }
}

function unanswered(why: string): Unanswered {
  return { kind: 'unanswered', why };
}
