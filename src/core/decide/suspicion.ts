// Whether the leader may be taken for dead before its lease has run out (safety.md 4). Never against a leader that lives as far as
// anything tells: its word, its PostgreSQL, its WAL or its lease.
import type { LeaderSigns, LeaseAge } from '../model/leader-signs.ts';
import { LEASE_ROUNDING_MS } from '../model/lease-age.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import type { Memory, Suspicion } from '../model/memory.ts';
import { epochMsOf } from '../model/timestamp.ts';
import type { Context } from './context.ts';
import { boundMs } from './failsafe.ts';
import { LIMITS } from './limits.ts';
import { type Revocable, revocableLeader } from './revocable.ts';

/** Something is done with the leader on purpose, or it serves nobody: what it looks like says nothing about its life. */
function isAtWork(ctx: Context, { view, data }: Revocable): boolean {
  if (data.state !== 'running' || data.role !== 'primary' || data.pause === true) return true;
  if (ctx.obs.leaderSigns?.said === 'stopping' || boundMs(ctx) > 0) return true;
  const request = view.failover.value;
  if (request === undefined) return false;
  const atMs = request.scheduledAt === undefined ? undefined : epochMsOf(request.scheduledAt);
  return atMs === undefined || atMs <= ctx.obs.wallMs;
}

function isStreaming({ receiver }: StandbyStatus): boolean {
  return receiver?.status === 'streaming';
}

/** When the last message came to the WAL receiver. */
function walMs({ nowMs, standby }: Context): number {
  const ageMs = standby?.receiver?.lastMessageAgeMs;
  // A wall clock that was set back makes messages of the future, which say nothing.
  return ageMs === undefined || ageMs < 0 ? Number.NEGATIVE_INFINITY : nowMs - ageMs;
}

/** It should have been renewed since, if anybody renewed it: whoever cannot reach the leader alone is told so by this. */
function isLeaseOverdue(ctx: Context, signs: LeaderSigns, renewMs: number, sinceMs: number): boolean {
  const { lease } = signs;
  if (lease === undefined || lease.askedMs <= sinceMs || ctx.nowMs - lease.askedMs > LIMITS.leaseToldMs) return false;
  return lease.minAgeMs >= renewMs + LIMITS.renewalLateMs;
}

/** Its machine itself says that neither agent nor PostgreSQL is there. */
function isCutOff({ link, postgres }: LeaderSigns, standby: StandbyStatus): boolean {
  return link === 'refused' && postgres?.kind === 'refused' && !isStreaming(standby);
}

/** Its PostgreSQL was asked since then, and did not answer. */
function isDeaf({ postgres }: LeaderSigns, sinceMs: number): boolean {
  return postgres !== undefined && postgres.kind !== 'answers' && postgres.askedMs > sinceMs;
}

/**
 * A member alone may be the one that is cut off, by something that refuses in the leader's name. Where its pledge is not enough, what
 * another finds for itself decides.
 */
function countsAtOnce({ view }: Revocable, silentMs: number): boolean {
  return view.sync.value.quorum > 0 && silentMs <= LIMITS.refusedMs;
}

const REFUSES = 'refuses connections to agent and PostgreSQL';
const SILENT = 'is silent: no heartbeat, PostgreSQL does not answer';

function isLong(silentMs: number, isCut: boolean): boolean {
  return isCut || silentMs >= LIMITS.silentLeaderMs;
}

/** Why the leader is taken for dead; undefined: something tells that it may live. */
function grounds(ctx: Context, it: Revocable, standby: StandbyStatus): Memory['suspicion'] {
  const { leader } = it;
  const signs = ctx.obs.leaderSigns;
  if (signs?.reign !== leader.reign || signs.beat === undefined) return undefined;
  const heardMs = Math.max(signs.beat.atMs, walMs(ctx));
  const silentMs = ctx.nowMs - heardMs;
  const isCut = isCutOff(signs, standby);
  if (!isDeaf(signs, heardMs) || !isLong(silentMs, isCut)) return undefined;
  const isOverdue = isLeaseOverdue(ctx, signs, signs.beat.renewMs, heardMs);
  const isAtOnce = !isOverdue && isCut && countsAtOnce(it, silentMs);
  if (!isOverdue && !isAtOnce) return undefined;
  const looks = isCut ? REFUSES : SILENT;
  const rest = isAtOnce ? 'and no WAL arrives' : 'no WAL arrives, and its lease is not renewed';
  const why = `${leader.name} ${looks}, ${rest}; last heard of ${Math.round(silentMs)} ms ago`;
  return { leader: leader.name, reign: leader.reign, sinceMs: ctx.nowMs, heardMs, isAtOnce, why };
}

/** What the store tells of a lease is up to a second older than it says, unless it was overdue already. */
function isRenewedSince({ askedMs, minAgeMs }: LeaseAge, { sinceMs, isAtOnce }: Suspicion, renewMs: number): boolean {
  return isAtOnce ? askedMs - minAgeMs - LEASE_ROUNDING_MS > sinceMs : askedMs > sinceMs && minAgeMs < renewMs;
}

/** A sign of life since. */
function isCleared(ctx: Context, suspicion: Suspicion): boolean {
  const signs = ctx.obs.leaderSigns;
  if (signs?.reign !== suspicion.reign || signs.beat === undefined) return true;
  const { beat, postgres, lease } = signs;
  if (beat.atMs > suspicion.sinceMs || walMs(ctx) > suspicion.sinceMs) return true;
  // When the suspicion began it did not, so this answer is newer.
  if (postgres?.kind === 'answers') return true;
  return lease !== undefined && isRenewedSince(lease, suspicion, beat.renewMs);
}

/** The suspicion as it stands after this observation. */
export function noteSuspicion(ctx: Context): Memory['suspicion'] {
  const { standby, mem } = ctx;
  const it = revocableLeader(ctx);
  if (it === undefined || isAtWork(ctx, it)) return undefined;
  const { suspicion } = mem;
  if (suspicion?.reign === it.leader.reign) return isCleared(ctx, suspicion) ? undefined : suspicion;
  if (standby === undefined || !standby.replayedAll || !mem.hasStreamed) return undefined;
  return grounds(ctx, it, standby);
}

/** The suspicion against the holder of the key, whose power may be taken away. */
export function suspected({ leader, mem }: Context): Suspicion | undefined {
  return leader !== undefined && mem.suspicion?.reign === leader.reign ? mem.suspicion : undefined;
}
