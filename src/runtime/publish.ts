// Keeps this member's key in the store: on a lease of its own, written only when what it says or its lease changed, and at
// most a few times a second. Pledges stand on the same lease.
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { LeaseId, Store } from '../ports/store.ts';
import { BUDGETS } from './budgets.ts';
import type { Mirror } from './mirror.ts';
import { pause } from './pause.ts';
import type { Transactor, Write } from './transactor.ts';

const PUT_GAP_MS = 250;
/** So many may follow each other without a gap after a quiet time: the others act on what a change of roles has it say. */
const PUTS_AT_ONCE = 3;
const RETRY_MS = 1_000;
/** A refused write learns the newer revision and is repeated; another writer under our name is not fought for ever. */
const REFUSALS_MAX = 3;

export interface PublisherOptions {
  readonly store: Store;
  readonly transactor: Transactor;
  readonly mirror: Mirror;
  readonly clock: Clock;
  readonly memberKey: string;
  readonly ttlMs: () => number;
  readonly onTrouble: (text: string) => void;
}

interface MemberLease {
  readonly leaseId: LeaseId;
  /** As asked for; the store may have granted more. */
  readonly ttlMs: number;
}

export class Publisher {
  private readonly options: PublisherOptions;
  private wanted: string | undefined;
  /** When the loop last said that this is still what it wants. */
  private heardMs = 0;
  private lease: MemberLease | undefined;
  private granting: Promise<MemberLease | undefined> | undefined;
  private working: Promise<void> | undefined;
  private putting: Promise<unknown> | undefined;
  /** When the writes begun until now would have been over at the pace of the long run. */
  private paidUntilMs = Number.NEGATIVE_INFINITY;
  private stopped = false;
  private cancelRenewal: CancelTimer | undefined;

  constructor(options: PublisherOptions) {
    this.options = options;
  }

  stop(): void {
    this.stopped = true;
    this.cancelRenewal?.();
  }

  /** undefined: nothing new to say. Called every cycle: a loop that hangs lets the member key expire. */
  publish(value: string | undefined): void {
    this.heardMs = this.options.clock.bootMs();
    this.wanted = value ?? this.wanted;
    if (this.lease !== undefined && this.lease.ttlMs !== this.options.ttlMs()) this.lease = undefined;
    if (this.isDue()) this.working ??= this.work();
  }

  /** As `publish`, and waits a little for it to be written: nothing is said after it. */
  async lastWord(value: string | undefined): Promise<void> {
    this.publish(value);
    if (this.working !== undefined) await Promise.race([this.working, pause(this.options.clock, BUDGETS.write)]);
  }

  /** Ends once no write of the member key is under way; one that waits for its time does not count. */
  async idle(): Promise<void> {
    await this.putting;
  }

  /** The lease that this member's own keys stand on; undefined: the store granted none. */
  async memberLease(): Promise<LeaseId | undefined> {
    return (await this.currentLease())?.leaseId;
  }

  /** A write of the member key for a transaction of somebody else's; from now on this is what it shall say. */
  write(value: string | undefined, leaseId: LeaseId): Write | undefined {
    this.wanted = value ?? this.wanted;
    return this.wanted === undefined
      ? undefined
      : { kind: 'put', key: this.options.memberKey, value: this.wanted, leaseId };
  }

  private isDue(): boolean {
    if (this.stopped || this.wanted === undefined) return false;
    const key = this.options.mirror.get(this.options.memberKey);
    return key?.value !== this.wanted || this.lease === undefined || key.leaseId !== this.lease.leaseId;
  }

  private async work(): Promise<void> {
    let refusals = 0;
    while (this.isDue() && refusals < REFUSALS_MAX) {
      const waitMs = this.paidUntilMs - (PUTS_AT_ONCE - 1) * PUT_GAP_MS - this.options.clock.bootMs();
      if (waitMs > 0) await pause(this.options.clock, waitMs);
      const putting = this.put();
      this.putting = putting;
      const came = await putting;
      refusals = came === 'refused' ? refusals + 1 : 0;
      if (came === 'failed') await pause(this.options.clock, RETRY_MS);
    }
    this.working = undefined;
  }

  private async put(): Promise<'done' | 'refused' | 'failed'> {
    const lease = await this.currentLease();
    if (lease === undefined) return 'failed';
    const write = this.write(undefined, lease.leaseId);
    if (write === undefined || !this.isDue()) return 'done';
    this.paidUntilMs = Math.max(this.paidUntilMs, this.options.clock.bootMs()) + PUT_GAP_MS;
    const { memberKey, mirror, transactor } = this.options;
    const revision = mirror.get(memberKey)?.modRevision ?? 0;
    const outcome = await transactor.commit([{ target: 'mod', key: memberKey, revision }], [write]);
    if (outcome.kind === 'done' || outcome.kind === 'refused') return outcome.kind;
    // The lease may be what the store did not accept.
    if (outcome.kind === 'notDone') await this.renew();
    return 'failed';
  }

  private currentLease(): Promise<MemberLease | undefined> {
    if (this.lease !== undefined) return Promise.resolve(this.lease);
    this.granting ??= this.grant();
    return this.granting;
  }

  private async grant(): Promise<MemberLease | undefined> {
    const ttlMs = this.options.ttlMs();
    const answer = await this.options.store.grantLease(ttlMs, { budgetMs: BUDGETS.lease });
    this.granting = undefined;
    if (answer.kind !== 'alive' || this.stopped) return undefined;
    this.lease = { leaseId: answer.leaseId, ttlMs };
    this.renewLater(ttlMs / 3);
    return this.lease;
  }

  private renewLater(delayMs: number): void {
    this.cancelRenewal?.();
    if (this.stopped) return;
    this.cancelRenewal = this.options.clock.after(delayMs, () => void this.renew());
  }

  private async renew(): Promise<void> {
    const { lease } = this;
    if (lease === undefined) return;
    const { clock, store, onTrouble } = this.options;
    if (clock.bootMs() - this.heardMs > lease.ttlMs) {
      onTrouble('the member lease is not renewed: the loop is silent');
      this.renewLater(lease.ttlMs / 3);
      return;
    }
    const answer = await store.keepAlive(lease.leaseId, { budgetMs: BUDGETS.lease });
    if (this.lease !== lease || this.stopped) return;
    if (answer.kind === 'gone') {
      this.lease = undefined;
      onTrouble('the store ended the member lease; a new one is asked for');
      if (this.isDue()) this.working ??= this.work();
      return;
    }
    this.renewLater(answer.kind === 'alive' ? lease.ttlMs / 3 : RETRY_MS);
  }
}
