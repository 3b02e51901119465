import { commonLsn, contains, type WalEnd, walEndToText } from '../database/wal.ts';
import type { PgHost } from '../database/world.ts';
import type { Reign } from './ledger.ts';

/** Clocks may run a twelfth fast. */
const CLOCK_ERROR = 1 / 12;

/** What a promotion of an asynchronous cluster is judged by. */
export interface Promotion {
  readonly host: PgHost;
  readonly from: WalEnd;
  readonly reign: Reign;
  readonly previous: Reign | undefined;
  /** When the agent that promotes was started. */
  readonly agentStartedAtMs: number;
  /** Whoever led last runs as a standby. */
  readonly isPreviousBack: boolean;
  readonly nowMs: number;
}

/**
 * I3: without synchronous replication a failover loses no more than `maximum_lag_on_failover` and what was written after the last
 * position that the leader published; one that was asked for, and for which the leader stopped, nothing; and the first member that
 * is back after an outage of everything leads without whoever led last only where nothing is lost by it.
 */
export class LossCheck {
  private published: WalEnd | undefined;
  /** The last commit acknowledged in the present reign, or the last one before it. */
  private newest: WalEnd | undefined;
  private newestAtMs = 0;
  private newestBy: string | undefined;
  /** The reign that was handed over to somebody who was seen to have everything. */
  handedOver: number | undefined;
  private readonly maximumLagBytes: number;
  private readonly primaryStartTimeoutMs: number;

  constructor(options: { readonly maximumLagBytes: number; readonly primaryStartTimeoutMs: number }) {
    this.maximumLagBytes = options.maximumLagBytes;
    this.primaryStartTimeoutMs = options.primaryStartTimeoutMs;
  }

  /** The leader has told how far its WAL reaches. */
  told(host: PgHost | undefined, lsn: number): void {
    const log = host?.disk.files?.log;
    if (log !== undefined) this.published = { branch: log.branch, lsn: Math.min(lsn, log.lsn) };
  }

  acknowledged(host: PgHost, at: WalEnd, nowMs: number): void {
    this.newest = at;
    this.newestBy = host.name;
    this.newestAtMs = nowMs;
  }

  /** What is wrong with a promotion; undefined: nothing. */
  judge(promotion: Promotion): string | undefined {
    const why = this.tooMuch(promotion) ?? this.tooSoon(promotion) ?? this.atHandOver(promotion);
    this.newest = undefined;
    return why;
  }

  private tooMuch({ host, from, reign }: Promotion): string | undefined {
    const { published } = this;
    if (published === undefined || reign.isOrdered) return undefined;
    const lost = published.lsn - commonLsn(from, published);
    if (lost <= this.maximumLagBytes) return undefined;
    return `${host.name} leads from ${walEndToText(from)} without the last ${lost} bytes up to ${walEndToText(published)}, which was published`;
  }

  private tooSoon({
    host,
    from,
    reign,
    previous,
    agentStartedAtMs,
    isPreviousBack,
    nowMs,
  }: Promotion): string | undefined {
    const { newest } = this;
    if (newest === undefined || previous?.endedAtMs === undefined || reign.isOrdered || isPreviousBack)
      return undefined;
    if (previous.name === host.name || !this.isNew(host, agentStartedAtMs, previous.endedAtMs)) return undefined;
    // Who held the key and gave it up without having served has nothing to be waited for.
    if (previous.name !== this.newestBy) return undefined;
    if (nowMs - agentStartedAtMs >= this.primaryStartTimeoutMs / (1 + CLOCK_ERROR) || contains(from, newest))
      return undefined;
    return `${host.name}, back after an outage, leads from ${walEndToText(from)} without waiting for ${previous.name}, which led last and has the commit at ${walEndToText(newest)}`;
  }

  /** It saw nothing of the last reign: its agent came when that was over, or its machine after the last commit. */
  private isNew(host: PgHost, agentStartedAtMs: number, endedAtMs: number): boolean {
    return agentStartedAtMs > endedAtMs || host.machine.upSinceMs > this.newestAtMs;
  }

  private atHandOver({ host, from, reign, previous }: Promotion): string | undefined {
    const { newest } = this;
    if (newest === undefined || !reign.isOrdered || previous?.reign !== this.handedOver || contains(from, newest))
      return undefined;
    return `${host.name} was handed the leadership and leads from ${walEndToText(from)} without the commit at ${walEndToText(newest)}`;
  }
}
