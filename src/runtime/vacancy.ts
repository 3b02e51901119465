// Tells how the leader key went: given up by its holder, run out before our eyes, or just gone.
import type { Vacancy } from '../core/model/observation.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { KeyValue, LeaseId, Revision, Store } from '../ports/store.ts';
import type { KeyChange } from './key-map.ts';

const POLL_BUDGET_MS = 500;
/** Pace of the polls once something looks wrong. */
const SUSPICIOUS_POLL_MS = 500;
/** The store tells remaining time in whole seconds, rounded down. */
const ROUNDING_MS = 1_000;
/** Only a poll as young as this says how a lease ended. */
const POLL_AGE_MAX_MS = 1_500;
/** How long after its time a lease that is not reported gone is asked for again. */
const OVERDUE_MAX_MS = 5_000;

export interface VacancyOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly name: string;
  readonly leaderKey: string;
  readonly memberKey: (name: string) => string;
  readonly get: (key: string) => KeyValue | undefined;
  /** Life of leases as configured: the leader's own and a member's, which a Patroni leader's key is on. */
  readonly ttls: () => { readonly leaderTtlMs: number; readonly ttlMs: number };
  /** In synchronous mode pledges decide, and nobody needs to watch the lease. */
  readonly isSynchronous: () => boolean;
  /** The manner of a standing vacancy became another. */
  readonly onChange: (reason: string) => void;
}

interface Leader {
  readonly name: string;
  readonly reign: number;
  readonly leaseId: LeaseId | undefined;
}

/** What the polls of one lease came to. */
interface LeaseWatch {
  readonly sentAtMs: number;
  readonly remainingMs: number;
  readonly grantedMs: number;
}

interface Gone {
  readonly sinceMs: number;
  readonly previous: Leader | undefined;
  readonly previousTtlMs: number;
  /** undefined: learnt from a range. */
  readonly revision: Revision | undefined;
  /** Its member key was seen written with the deletion, whatever it says since. */
  readonly isReleased: boolean;
}

interface MemberStanding {
  readonly state: unknown;
  readonly isKornak: boolean;
}

function standingOf(member: KeyValue | undefined): MemberStanding | undefined {
  if (member === undefined) return undefined;
  try {
    const data: unknown = JSON.parse(member.value);
    if (typeof data !== 'object' || data === null) return undefined;
    return { state: 'state' in data ? data.state : undefined, isKornak: 'kornak' in data };
  } catch {
    // Nonsense in a member key tells nothing about its owner.
    return undefined;
  }
}

export class VacancyWatch {
  private readonly options: VacancyOptions;
  private leader: Leader | undefined;
  private gone: Gone | undefined;
  private lastPoll: LeaseWatch | undefined;
  private ranOut = false;
  private seemedOver = false;
  private leaseEnded = false;
  private receiverLost = false;
  private polling = false;
  private stopped = false;
  private cancelPoll: CancelTimer | undefined;

  constructor(options: VacancyOptions) {
    this.options = options;
  }

  stop(): void {
    this.stopped = true;
    this.cancelPoll?.();
  }

  /** undefined while somebody holds the key. To be asked only when the keys are known. */
  vacancy(): Vacancy | undefined {
    if (this.options.get(this.options.leaderKey) !== undefined) return undefined;
    this.gone ??= {
      sinceMs: this.options.clock.bootMs(),
      previous: undefined,
      previousTtlMs: 0,
      revision: undefined,
      isReleased: false,
    };
    const { previous, previousTtlMs, sinceMs } = this.gone;
    return {
      sinceMs,
      previous: previous && { name: previous.name, reign: previous.reign, leaseTtlMs: previousTtlMs },
      manner: this.manner(this.gone),
    };
  }

  /** A standby that lost its stream looks at the lease more often. */
  noteReceiver(lost: boolean): void {
    const changed = lost !== this.receiverLost;
    this.receiverLost = lost;
    if (changed && lost) this.schedule();
  }

  /** To be called after the changes are in the mirror. */
  noteChanges(changes: readonly KeyChange[]): void {
    for (const change of changes) {
      if (change.key !== this.options.leaderKey) continue;
      if (change.after === undefined) this.noteGone(change, changes);
      else this.noteLeader(change.after);
    }
    if (this.cancelPoll === undefined) this.schedule();
  }

  private noteLeader(key: KeyValue): void {
    if (key.leaseId !== this.leader?.leaseId) {
      this.lastPoll = undefined;
      this.leaseEnded = false;
    }
    this.leader = { name: key.value, reign: key.modRevision, leaseId: key.leaseId };
    this.gone = undefined;
    this.ranOut = false;
    this.seemedOver = false;
    this.schedule();
  }

  private noteGone(change: KeyChange, changes: readonly KeyChange[]): void {
    const nowMs = this.options.clock.bootMs();
    const memberKey = this.leader && this.options.memberKey(this.leader.name);
    // Where both are gone nothing says how, and a range tells no revision of what is gone.
    const isWith = ({ key, after }: KeyChange): boolean =>
      key === memberKey && after !== undefined && after.modRevision === change.revision;
    this.gone = {
      sinceMs: nowMs,
      previous: this.leader,
      previousTtlMs: this.ttlOfLeaderMs(),
      revision: change.revision,
      isReleased: changes.some(isWith),
    };
    this.seemedOver = this.shouldBeOver(nowMs);
    this.schedule();
  }

  private ttlOfLeaderMs(): number {
    const { leaderTtlMs, ttlMs } = this.options.ttls();
    if (this.lastPoll !== undefined) return this.lastPoll.grantedMs;
    const member = this.leader && standingOf(this.options.get(this.options.memberKey(this.leader.name)));
    return member?.isKornak === true ? leaderTtlMs : Math.max(leaderTtlMs, ttlMs);
  }

  private manner(gone: Gone): Vacancy['manner'] {
    if (this.isReleased(gone)) return 'released';
    return this.ranOut ? 'expired' : 'vanished';
  }

  /** Its member key was written with the deletion, as only a release does, or says since that PostgreSQL is stopped. */
  private isReleased({ previous, revision, isReleased }: Gone): boolean {
    if (previous === undefined) return false;
    if (isReleased) return true;
    const member = this.options.get(this.options.memberKey(previous.name));
    if (member === undefined) return false;
    if (member.modRevision === revision) return true;
    return member.modRevision > previous.reign && standingOf(member)?.state === 'stopped';
  }

  private shouldBeOver(nowMs: number): boolean {
    const { lastPoll } = this;
    if (lastPoll === undefined || nowMs - lastPoll.sentAtMs > POLL_AGE_MAX_MS) return false;
    return lastPoll.sentAtMs + lastPoll.remainingMs <= nowMs;
  }

  private isWorthPolling(): boolean {
    if (this.stopped || this.leaseEnded || this.options.isSynchronous()) return false;
    if (this.leader?.leaseId === undefined || this.leader.name === this.options.name) return false;
    if (this.gone === undefined) return true;
    return this.options.clock.bootMs() - this.gone.sinceMs <= this.gone.previousTtlMs + OVERDUE_MAX_MS;
  }

  private delayMs(): number {
    if (this.gone !== undefined) return this.seemedOver && !this.polling ? 0 : SUSPICIOUS_POLL_MS;
    if (this.lastPoll === undefined) return 0;
    const { remainingMs, grantedMs } = this.lastPoll;
    if (this.receiverLost || remainingMs < grantedMs / 2) return SUSPICIOUS_POLL_MS;
    return Math.min(grantedMs / 2, Math.max(SUSPICIOUS_POLL_MS, remainingMs - ROUNDING_MS));
  }

  private schedule(minMs = 0): void {
    this.cancelPoll?.();
    this.cancelPoll = undefined;
    if (this.polling || !this.isWorthPolling()) return;
    this.cancelPoll = this.options.clock.after(Math.max(minMs, this.delayMs()), () => {
      this.cancelPoll = undefined;
      void this.poll();
    });
  }

  private async poll(): Promise<void> {
    const leaseId = this.leader?.leaseId;
    if (leaseId === undefined || !this.isWorthPolling()) return;
    this.polling = true;
    const answer = await this.options.store.leaseRemaining(leaseId, { budgetMs: POLL_BUDGET_MS });
    this.polling = false;
    if (leaseId === this.leader?.leaseId) {
      if (answer.kind === 'alive') this.lastPoll = answer;
      if (answer.kind === 'gone') this.noteLeaseEnd();
    }
    this.schedule(this.gone === undefined && answer.kind === 'alive' ? 0 : SUSPICIOUS_POLL_MS);
  }

  /** A key deleted by hand leaves its lease alive; only a lease that is gone, and was due, has run out. */
  private noteLeaseEnd(): void {
    this.leaseEnded = true;
    this.ranOut = this.seemedOver || this.shouldBeOver(this.options.clock.bootMs());
    if (this.ranOut && this.gone !== undefined) this.options.onChange('the leader lease ran out');
  }
}
