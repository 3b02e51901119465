// Listens to the leader's heartbeat, and while it is overdue finds out by other ways whether the leader lives: asks its PostgreSQL
// for an answer and the store for the age of its lease. It only tells; what follows from it the core decides.
import type { Beat, LeaderSigns, LeaderToWatch, LinkState } from '../core/model/leader-signs.ts';
import { type LeaseAgeSeen, leaseAgeAfter } from '../core/model/lease-age.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Peers } from '../ports/peers.ts';
import type { Store } from '../ports/store.ts';
import { BUDGETS } from './budgets.ts';

/** Beats come every 250 ms. */
const OVERDUE_MS = 300;
/** A stream without a beat for so long is taken for one that nobody writes to any more. */
const STREAM_SILENT_MS = 1_000;
const RELINK_MS = 250;
/** After that many tries in vain they come less often. */
const RELINKS_QUICK = 40;
const RELINK_SLOW_MS = 2_000;
/** Between two questions of a kind, while something may come of it soon. */
const ASK_MS = 100;
/** After so long with nothing decided the questions come less often. */
const URGENT_MS = 10_000;
const PATIENT_ASK_MS = 1_000;
/** A leader that keeps its lease and was not heard for so long is one that this member cannot hear. */
const CLOSED_MS = 60_000;
const CLOSED_ASK_MS = 10_000;

export interface LeaderWatchParts {
  readonly peers: Pick<Peers, 'heartbeat' | 'probePostgres'>;
  readonly store: Pick<Store, 'leaseRemaining'>;
  readonly clock: Clock;
  /** Something is known that may change a verdict. */
  readonly wake: (reason: string) => void;
}

/** Of one leader's reign, from the first look to the last. */
class Vigil {
  readonly leader: LeaderToWatch;
  private readonly parts: LeaderWatchParts;
  private beat: LeaderSigns['beat'];
  private said: LeaderSigns['said'];
  private link: LinkState = 'silent';
  private postgres: LeaderSigns['postgres'];
  private lease: LeaseAgeSeen | undefined;
  private over = false;
  private failures = 0;
  /** Since when beats are overdue; undefined: they are not. */
  private overdueMs: number | undefined;
  private closeLink: (() => void) | undefined;
  private readonly timers = new Map<'link' | 'overdue' | 'silent' | 'postgres' | 'lease', CancelTimer>();

  constructor(leader: LeaderToWatch, parts: LeaderWatchParts) {
    this.leader = leader;
    this.parts = parts;
    this.connect();
  }

  signs(): LeaderSigns {
    const { beat, said, link, postgres, lease } = this;
    return { reign: this.leader.reign, beat, said, link, postgres, lease };
  }

  end(): void {
    this.over = true;
    this.closeLink?.();
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }

  private later(what: 'link' | 'overdue' | 'silent' | 'postgres' | 'lease', delayMs: number, fire: () => void): void {
    this.timers.get(what)?.();
    this.timers.set(
      what,
      this.parts.clock.after(delayMs, () => {
        this.timers.delete(what);
        if (!this.over) fire();
      }),
    );
  }

  private connect(): void {
    let isOpen = true;
    const stream = this.parts.peers.heartbeat(
      this.leader.apiUrl,
      {
        onBeat: (beat) => {
          if (isOpen && !this.over) this.noteBeat(beat);
        },
        onEnd: (how) => {
          if (!isOpen || this.over) return;
          isOpen = false;
          this.unlinked(how);
        },
      },
      BUDGETS.heartbeat,
    );
    this.closeLink = () => {
      isOpen = false;
      stream.close();
    };
    this.later('silent', STREAM_SILENT_MS, () => this.relink());
  }

  /** Whoever was at the other end may be another by now, or be gone. */
  private relink(): void {
    this.closeLink?.();
    this.unlinked('silent');
  }

  private unlinked(how: 'refused' | 'silent'): void {
    const isNews = how !== this.link;
    this.link = how;
    this.timers.get('silent')?.();
    this.failures += 1;
    this.later('link', this.failures < RELINKS_QUICK ? RELINK_MS : RELINK_SLOW_MS, () => this.connect());
    if (this.beat !== undefined) this.suspectBeats();
    if (isNews && how === 'refused') this.parts.wake('the heartbeat of the leader broke off');
  }

  private noteBeat({ reign, state, renewMs }: Beat): void {
    this.link = 'open';
    this.failures = 0;
    this.later('silent', STREAM_SILENT_MS, () => this.relink());
    if (reign !== this.leader.reign) return;
    const isNews = state !== this.said;
    this.said = state;
    if (state !== 'leads') {
      if (isNews) this.parts.wake(`the leader says: ${state}`);
      return;
    }
    this.beat = { atMs: this.parts.clock.bootMs(), renewMs };
    const wasOverdue = this.overdueMs !== undefined;
    this.calm();
    this.later('overdue', OVERDUE_MS, () => this.suspectBeats());
    if (wasOverdue) this.parts.wake('the heartbeat of the leader is back');
  }

  private calm(): void {
    this.overdueMs = undefined;
    for (const what of ['postgres', 'lease'] as const) {
      this.timers.get(what)?.();
      this.timers.delete(what);
    }
  }

  private suspectBeats(): void {
    if (this.overdueMs !== undefined) return;
    this.overdueMs = this.parts.clock.bootMs();
    this.lease = undefined;
    void this.askPostgres(this.overdueMs);
    void this.askLease(this.overdueMs);
  }

  private isStill(sinceMs: number): boolean {
    return !this.over && this.overdueMs === sinceMs;
  }

  private pauseMs(sinceMs: number): number {
    const overdueMs = this.parts.clock.bootMs() - sinceMs;
    if (overdueMs < URGENT_MS) return ASK_MS;
    return overdueMs < CLOSED_MS ? PATIENT_ASK_MS : CLOSED_ASK_MS;
  }

  private async askPostgres(sinceMs: number): Promise<void> {
    const askedMs = this.parts.clock.bootMs();
    const kind = await this.parts.peers.probePostgres(this.leader.postgres, BUDGETS.probePostgres);
    if (!this.isStill(sinceMs)) return;
    this.postgres = { kind, askedMs };
    this.parts.wake('the PostgreSQL of a silent leader was asked');
    this.later('postgres', this.pauseMs(sinceMs), () => void this.askPostgres(sinceMs));
  }

  private async askLease(sinceMs: number): Promise<void> {
    const { clock, store, wake } = this.parts;
    const askedMs = clock.bootMs();
    const answer = await store.leaseRemaining(this.leader.leaseId, { budgetMs: BUDGETS.leaseAge });
    if (!this.isStill(sinceMs)) return;
    if (answer.kind === 'alive') {
      const answeredMs = clock.bootMs();
      const { grantedMs, remainingMs } = answer;
      const before = this.lease;
      this.lease = leaseAgeAfter(before, { askedMs, answeredMs, grantedMs, remainingMs });
      // A lease that was not renewed in the last second: each further answer may be the one that tells enough.
      if (this.lease.minAgeMs > 0 || (before?.minAgeMs ?? 0) > 0)
        wake('the store was asked for the lease of a silent leader');
    }
    this.later('lease', this.pauseMs(sinceMs), () => void this.askLease(sinceMs));
  }
}

export class LeaderWatch {
  private readonly parts: LeaderWatchParts;
  private vigil: Vigil | undefined;

  constructor(parts: LeaderWatchParts) {
    this.parts = parts;
  }

  /** Whom to watch from now on; undefined: nobody. */
  watch(leader: LeaderToWatch | undefined): void {
    if (leader !== undefined && this.vigil !== undefined && isSame(leader, this.vigil.leader)) return;
    this.vigil?.end();
    this.vigil = leader && new Vigil(leader, this.parts);
  }

  /** undefined: nobody is watched. */
  signs(): LeaderSigns | undefined {
    return this.vigil?.signs();
  }

  stop(): void {
    this.watch(undefined);
  }
}

function isSame(a: LeaderToWatch, b: LeaderToWatch): boolean {
  const isReign = a.reign === b.reign && a.leaseId === b.leaseId && a.name === b.name;
  return isReign && a.apiUrl === b.apiUrl && a.postgres.host === b.postgres.host && a.postgres.port === b.postgres.port;
}
