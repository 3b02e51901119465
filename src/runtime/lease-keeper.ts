// Holds the leader lease: renews it on a timer of its own, for as long as the core's last verdict says so and is young.
// A deadline counts only once the guard has answered that it enforces it. Losing the lease is told at once.
import type { LeaseState } from '../core/model/observation.ts';
import type { FailsafeCall, LeaseVerdict } from '../core/model/plan.ts';
import type { CancelTimer } from '../ports/clock.ts';
import type { LeaseId, Store } from '../ports/store.ts';
import type { Peers } from '../ports/peers.ts';
import { BUDGETS } from './budgets.ts';
import { FailsafeRounds } from './failsafe-rounds.ts';
import { GuardOrders, type GuardOrdersOptions } from './guard-orders.ts';
import { deadlineMs, renewalPace } from './lease-times.ts';
import type { Leading } from './pulse.ts';
import { isOwnKey, type OwnKey, readOwnKey } from './own-key.ts';

export interface LeaseKeeperOptions extends GuardOrdersOptions {
  readonly store: Store;
  readonly leaderKey: string;
  readonly name: string;
  readonly scope: string;
  readonly peers: Peers;
  /** PostgreSQL must not accept a write from this moment on. */
  readonly onLost: (why: string) => void;
  /** The key is gone, or the deadline has come to rest on something else: worth a decision. */
  readonly onChange: (reason: string) => void;
  /** Something about renewing that is worth a line. */
  readonly onTrouble: (text: string) => void;
  /** Is told of every renewal, and may want the deadline earlier. */
  readonly watchdog?: {
    readonly renewed: (sentAtMs: number, ttlMs: number) => void;
    readonly capMs: (sentAtMs: number, ttlMs: number) => number;
  };
}

/** A lease just granted for a key just taken. */
export interface NewReign {
  readonly reign: number;
  readonly leaseId: LeaseId;
  readonly ttlMs: number;
  readonly sentAtMs: number;
  /** Our mark stands, so that nothing needs to enforce the deadline. */
  readonly unguarded: boolean;
}

type Held = Extract<LeaseState, { kind: 'held' }>;
type Renewal = 'renewed' | 'again' | 'over';

export class LeaseKeeper {
  private readonly options: LeaseKeeperOptions;
  private held: Held | undefined;
  private lost: Extract<LeaseState, { kind: 'lost' }> | undefined;
  /** Counts what was taken and let go of, so that an answer that belongs to an earlier lease is recognised. */
  private epoch = 0;
  private verdict: { readonly said: LeaseVerdict; readonly atMs: number } | undefined;
  private readonly rounds: FailsafeRounds;
  private readonly orders: GuardOrders;
  private cancelPatience: CancelTimer | undefined;
  /** When the next renewal is to begin, and when the last one did. */
  private dueMs = 0;
  private begunMs = 0;
  private failures = 0;
  private renewing = false;
  private cancelRenewal: CancelTimer | undefined;
  private cancelDeadline: CancelTimer | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.options = options;
    const { peers, clock, name, scope, onTrouble } = options;
    this.orders = new GuardOrders(options);
    this.rounds = new FailsafeRounds({
      peers,
      clock,
      name,
      scope,
      onTrouble,
      reign: () => this.held?.reign,
      call: () => this.failsafe(),
      onPromised: (sentAtMs, promiseMs, isStill) => this.carry(sentAtMs, promiseMs, isStill),
    });
  }

  state(): LeaseState {
    this.checkDeadline();
    if (this.lost !== undefined || this.held?.carriedSinceMs === undefined)
      return this.lost ?? this.held ?? { kind: 'none' };
    return { ...this.held, reached: this.rounds.reached() };
  }

  /** Arms the guard for a new reign and holds it from then on; the reason if the guard does not say that it is armed. */
  async begin(start: NewReign): Promise<string | undefined> {
    const { clock } = this.options;
    const held: Held = {
      kind: 'held',
      reign: start.reign,
      leaseId: start.leaseId,
      deadlineMs: this.deadline(start.sentAtMs, start.ttlMs),
      ttlMs: start.ttlMs,
      takenMs: clock.bootMs(),
      unguarded: start.unguarded,
    };
    const asked = this.rounds.end();
    const refusal = await this.arm(held);
    if (refusal !== undefined) return refusal;
    if (clock.bootMs() >= held.deadlineMs) return 'the lease is all but over';
    if (asked !== undefined && this.orders.areSettled()) this.rounds.forget(asked);
    this.hold(held, start.sentAtMs + renewalPace(start.ttlMs).intervalMs);
    this.options.watchdog?.renewed(start.sentAtMs, start.ttlMs);
    return undefined;
  }

  /** Goes on with a lease that this machine's guard enforces already; it is renewed at once. */
  adopt(lease: {
    readonly reign: number;
    readonly leaseId: LeaseId;
    readonly deadlineMs: number;
    readonly ttlMs: number;
    readonly unguarded: boolean;
  }): void {
    const nowMs = this.options.clock.bootMs();
    this.hold({ kind: 'held', ...lease, takenMs: nowMs }, nowMs);
  }

  /** Our mark stands: the guard is disarmed, and from then on a lease is only renewed. The reason if the guard does not say so. */
  standDown(): Promise<string | undefined> {
    return this.orders.inTurn(async () => {
      const refusal = await this.orders.disarm();
      if (refusal !== undefined) return refusal;
      if (this.held !== undefined) this.hold({ ...this.held, carriedSinceMs: undefined, unguarded: true }, this.dueMs);
      return undefined;
    });
  }

  /** Holds the lease anew and has the guard enforce it from now on; the reason if that could not be done. */
  async guardAgain(reign: number): Promise<string | undefined> {
    const { held, epoch } = this;
    if (held?.reign !== reign) return 'no lease of that reign is held';
    if (!held.unguarded) return undefined;
    const { store } = this.options;
    const { requestMs, intervalMs } = renewalPace(held.ttlMs);
    const lease = await store.keepAlive(held.leaseId, { budgetMs: requestMs });
    if (lease.kind !== 'alive') return 'the store did not renew the lease';
    const outcome = await readOwnKey(store, this.ownKey(held), requestMs);
    if (!isOwnKey(outcome, this.ownKey(held))) return 'the store did not show the leader key as ours';
    const { sentAtMs, ttlMs } = lease;
    const guarded: Held = { ...held, ttlMs, deadlineMs: this.deadline(sentAtMs, ttlMs), unguarded: false };
    const refusal = await this.orders.inTurn(() => this.orders.arm(guarded));
    if (refusal !== undefined || epoch !== this.epoch) return refusal ?? 'the lease is another meanwhile';
    this.hold(guarded, sentAtMs + intervalMs);
    return undefined;
  }

  /** The core's word on whether to go on. A loop that hangs does not renew it, and its age withholds the lease. */
  judge(verdict: LeaseVerdict, atMs: number): void {
    const before = this.verdict?.said.kind;
    this.verdict = { said: verdict, atMs };
    if (verdict.kind === 'withhold' && before === 'renew' && this.held !== undefined)
      this.options.onTrouble(`the leader lease is not renewed: ${verdict.why}`);
    if (verdict.kind !== 'renew' || this.held === undefined) return;
    // A pace that has become quicker counts from the renewal under way, and makes up for no earlier ones.
    this.dueMs = Math.min(this.dueMs, this.begunMs + this.intervalMs(this.held));
    this.schedule();
  }

  /** The key may have changed: find out now rather than at the next renewal. */
  checkNow(): void {
    if (this.held === undefined) return;
    this.dueMs = 0;
    this.schedule();
  }

  /** A loss that has been dealt with is history. */
  forgetLost(): void {
    this.lost = undefined;
  }

  /** The key is given up or about to be: nothing is renewed or enforced by this keeper any more. */
  letGo(): void {
    this.clear();
    this.lost = undefined;
  }

  /** Promises may carry the lead now: they do not bind whom /failsafe does not name yet. */
  isAskingMembers(): boolean {
    return this.rounds.isRunning();
  }

  /** Linearizable proof that the key is ours in this reign, with a deadline ahead that the guard enforces. */
  async confirm(reign: number): Promise<boolean> {
    const { held, epoch } = this;
    if (held === undefined || held.reign !== reign) return false;
    const outcome = await readOwnKey(this.options.store, this.ownKey(held), BUDGETS.confirm);
    if (outcome.kind !== 'done' || !isOwnKey(outcome, this.ownKey(held))) return false;
    if (held.unguarded) return epoch === this.epoch && this.state().kind === 'held';
    const answer = await this.options.guard.state(BUDGETS.guard);
    if (answer.kind !== 'ok' || answer.state.kind !== 'armed' || answer.state.order.reign !== reign) return false;
    const nowMs = this.options.clock.bootMs();
    return epoch === this.epoch && answer.state.order.deadlineMs > nowMs && this.state().kind === 'held';
  }

  private hold(held: Held, dueMs: number): void {
    this.clear();
    this.lost = undefined;
    this.held = held;
    this.dueMs = dueMs;
    this.begunMs = this.options.clock.bootMs();
    this.watchDeadline(held);
    this.schedule();
  }

  private clear(): void {
    this.rounds.end();
    this.cancelPatience?.();
    this.epoch += 1;
    this.held = undefined;
    this.failures = 0;
    this.renewing = false;
    this.cancelRenewal?.();
    this.cancelDeadline?.();
  }

  private lose(why: string): void {
    if (this.held === undefined) return;
    const { reign, unguarded } = this.held;
    this.clear();
    // Nothing enforced it, so nothing follows from it but that there is none.
    if (unguarded) {
      this.options.onChange(why);
      return;
    }
    this.lost = { kind: 'lost', reign, why };
    this.options.onLost(why);
  }

  private checkDeadline(): void {
    if (this.held !== undefined && this.options.clock.bootMs() >= this.held.deadlineMs)
      this.lose('the deadline of the leader lease passed');
  }

  private watchDeadline(held: Held): void {
    this.cancelDeadline?.();
    const leftMs = held.deadlineMs - this.options.clock.bootMs();
    // A timer may come a little early by the clock that deadlines are in; the next one must not come at the same time again.
    this.cancelDeadline = this.options.clock.after(Math.max(1, leftMs), () => {
      this.checkDeadline();
      if (this.held !== undefined) this.watchDeadline(this.held);
    });
  }

  private schedule(): void {
    const { held } = this;
    if (held === undefined || this.renewing) return;
    this.cancelRenewal?.();
    this.cancelRenewal = this.options.clock.after(Math.max(0, this.dueMs - this.options.clock.bootMs()), () => {
      void this.renew();
    });
  }

  /** What the heartbeat may say. */
  leading(): Leading | undefined {
    this.checkDeadline();
    const { held } = this;
    return held && { reign: held.reign, renewMs: this.intervalMs(held), isRenewed: this.mayRenew(held) };
  }

  private intervalMs({ ttlMs }: Held): number {
    const { intervalMs } = renewalPace(ttlMs);
    return this.verdict?.said.kind === 'renew'
      ? Math.min(intervalMs, this.verdict.said.everyMs ?? intervalMs)
      : intervalMs;
  }

  private mayRenew(held: Held): boolean {
    if (this.verdict?.said.kind !== 'renew') return false;
    return this.options.clock.bootMs() - this.verdict.atMs <= renewalPace(held.ttlMs).verdictAgeMaxMs;
  }

  private async renew(): Promise<void> {
    this.checkDeadline();
    const { held, epoch } = this;
    // Without leave nothing is scheduled either: the next verdict does that, and until then the deadline draws near.
    if (held === undefined || this.renewing || !this.mayRenew(held)) return;
    this.renewing = true;
    const { pauseMs, requestMs } = renewalPace(held.ttlMs);
    this.begunMs = this.options.clock.bootMs();
    this.dueMs = this.begunMs + this.intervalMs(held);
    this.cancelPatience?.();
    this.cancelPatience = this.options.clock.after(requestMs, () => this.askMembers());
    // Whatever goes wrong here must not keep the deadline from passing.
    const came = await this.tryRenewal(held, epoch).catch((error: unknown) =>
      this.failed(`renewing: ${String(error)}`),
    );
    if (epoch !== this.epoch) return;
    this.cancelPatience();
    this.renewing = false;
    this.failures = came === 'again' ? this.failures + 1 : 0;
    if (came === 'again') this.dueMs = this.options.clock.bootMs() + pauseMs;
    this.checkDeadline();
    this.schedule();
  }

  /** Lease first, then the key, then the guard: only all three move the deadline, counted from the sending of the first. */
  private async tryRenewal(held: Held, epoch: number): Promise<Renewal> {
    const { requestMs } = renewalPace(held.ttlMs);
    const lease = await this.options.store.keepAlive(held.leaseId, { budgetMs: requestMs });
    if (epoch !== this.epoch) return 'over';
    if (lease.kind === 'unanswered') return this.silent(`the store did not renew the lease: ${lease.why}`);
    if (lease.kind === 'gone') return this.gone('the store ended the leader lease');
    const outcome = await readOwnKey(this.options.store, this.ownKey(held), requestMs);
    if (epoch !== this.epoch) return 'over';
    if (outcome.kind === 'notDone' || outcome.kind === 'unknown')
      return this.silent(`the store did not show the leader key: ${outcome.why}`);
    if (!isOwnKey(outcome, this.ownKey(held)))
      return this.notOurs(outcome.kind === 'refused' || outcome.kind === 'done' ? outcome.reads[0]?.value : undefined);
    if (!this.mayRenew(held)) return 'again';
    return this.extend(held, epoch, { ttlMs: lease.ttlMs, sentAtMs: lease.sentAtMs });
  }

  private async extend(held: Held, epoch: number, lease: { ttlMs: number; sentAtMs: number }): Promise<Renewal> {
    const next: Held = {
      ...held,
      ttlMs: lease.ttlMs,
      deadlineMs: this.deadline(lease.sentAtMs, lease.ttlMs),
      carriedSinceMs: undefined,
    };
    const asked = this.rounds.end();
    // Promises that are about to be forgotten carry nothing any more: the deadline may move back to the lease's.
    const isCarried = this.held?.carriedSinceMs !== undefined;
    if (!isCarried && next.deadlineMs <= held.deadlineMs) return 'again';
    const refusal = await this.arm(next);
    if (epoch !== this.epoch) return 'over';
    this.checkDeadline();
    if (epoch !== this.epoch) return 'over';
    if (refusal !== undefined) return this.failed(refusal);
    this.held = next;
    this.watchDeadline(next);
    this.options.watchdog?.renewed(lease.sentAtMs, lease.ttlMs);
    if (asked !== undefined && this.orders.areSettled()) this.rounds.forget(asked);
    if (isCarried) this.options.onChange('the lead is carried by the store again');
    return 'renewed';
  }

  /** What the core lets the members be asked now. */
  private failsafe(): FailsafeCall | undefined {
    if (this.held === undefined || this.held.unguarded || !this.mayRenew(this.held)) return undefined;
    return this.verdict?.said.kind === 'renew' ? this.verdict.said.failsafe : undefined;
  }

  private askMembers(): void {
    if (this.failsafe() !== undefined) this.rounds.begin();
  }

  /** All have promised: the deadline counts from the sending of the questions. */
  private async carry(sentAtMs: number, promiseMs: number, isStill: () => boolean): Promise<void> {
    const { epoch } = this;
    const refusal = await this.orders.inTurn(async () => {
      const { held } = this;
      if (held === undefined || epoch !== this.epoch || !isStill()) return undefined;
      const carriedSinceMs = held.carriedSinceMs ?? this.options.clock.bootMs();
      const next: Held = { ...held, deadlineMs: this.deadline(sentAtMs, promiseMs), carriedSinceMs };
      if (next.deadlineMs <= held.deadlineMs) return undefined;
      const why = await this.orders.arm(next);
      this.checkDeadline();
      if (why === undefined && epoch === this.epoch && isStill()) {
        this.held = next;
        this.watchDeadline(next);
        if (held.carriedSinceMs === undefined) this.options.onChange('the members carry the lead without the store');
        this.options.watchdog?.renewed(sentAtMs, promiseMs);
      }
      return why;
    });
    if (refusal !== undefined) this.failed(refusal);
  }

  private deadline(sentAtMs: number, ttlMs: number): number {
    return Math.min(
      deadlineMs(sentAtMs, ttlMs),
      this.options.watchdog?.capMs(sentAtMs, ttlMs) ?? Number.POSITIVE_INFINITY,
    );
  }

  private arm(held: Held): Promise<string | undefined> {
    const isStoodDown = (): boolean => this.held?.reign === held.reign && this.held.unguarded;
    return this.orders.inTurn(async () => (held.unguarded || isStoodDown() ? undefined : await this.orders.arm(held)));
  }

  private ownKey({ leaseId, reign }: Held): OwnKey {
    return { key: this.options.leaderKey, name: this.options.name, leaseId, reign };
  }

  private failed(text: string): Renewal {
    if (this.failures === 0) this.options.onTrouble(text);
    return 'again';
  }

  private silent(text: string): Renewal {
    this.askMembers();
    return this.failed(text);
  }

  /** Nobody's key: where every member has promised not to take it, the core may create it again. */
  private gone(why: string): Renewal {
    const isBridged = this.held?.carriedSinceMs !== undefined && this.failsafe()?.mayLeadAgain === true;
    if (!isBridged) return this.ended(why);
    this.options.onChange(why);
    return this.failed(`${why}; the members carry the lead`);
  }

  /** Under our own name it may be the one that is being created again at this moment. */
  private notOurs(holder: string | undefined): Renewal {
    const why = 'the leader key is not ours any more';
    return holder === undefined || holder === this.options.name ? this.gone(why) : this.ended(why);
  }

  private ended(why: string): Renewal {
    this.lose(why);
    return 'over';
  }
}
