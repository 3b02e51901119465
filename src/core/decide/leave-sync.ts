import type { MemberData } from '../model/cluster.ts';
import type { Memory } from '../model/memory.ts';
import { isNeverSync } from '../model/sync-tags.ts';
import { isSameName } from '../sync/sync-names.ts';
import type { Context, Ruling } from './context.ts';
import { LIMITS } from './limits.ts';

/** The leader of today counts on this member. */
function isVoterOfLeader(ctx: Context): boolean {
  const { leader, view } = ctx;
  if (leader === undefined || view === undefined || leader.name === ctx.me || ctx.held !== undefined) return false;
  const sync = view.sync.value;
  return sync.leader === leader.name && sync.voters.some((name) => isSameName(name, ctx.me));
}

/** What to remember so that the leader is asked, for as long as it is remembered anew. */
export function askToLeaveSync(ctx: Context): Pick<Memory, 'syncWatch'> {
  const { leaving } = ctx.mem.syncWatch;
  const isOngoing = leaving !== undefined && ctx.nowMs - leaving.atMs < LIMITS.leavingMs;
  const sinceMs = isOngoing ? leaving.sinceMs : ctx.nowMs;
  return { syncWatch: { ...ctx.mem.syncWatch, leaving: { sinceMs, atMs: ctx.nowMs } } };
}

/**
 * For whatever takes a synchronous standby away on purpose: first the leader is asked to count on others, so that no commit waits
 * for it. undefined: nobody counts on it, nobody can be asked, or the leader has had its time.
 */
export function leaveSyncFirst(ctx: Context, what: string): Ruling | undefined {
  if (!isVoterOfLeader(ctx) || isNeverSync(ctx.obs.self.tags)) return undefined;
  const memory = askToLeaveSync(ctx);
  const askedForMs = ctx.nowMs - (memory.syncWatch.leaving?.sinceMs ?? ctx.nowMs);
  if (askedForMs > LIMITS.leaveSyncLoops * ctx.config.loopWaitMs) return undefined;
  return {
    why: `${what}: waiting to be out of /sync, so that no commit waits for this member`,
    memory,
    wakeInMs: LIMITS.paceMs,
  };
}

export function isLeavingSync({ mem, nowMs }: Context): boolean {
  const { leaving } = mem.syncWatch;
  return leaving !== undefined && nowMs - leaving.atMs < LIMITS.leavingMs;
}

/** Member data of one that asks to be left out: as if it were tagged so. */
export function withLeaving(ctx: Context): Pick<MemberData, 'tags'> {
  const { tags } = ctx.obs.self;
  if (isLeavingSync(ctx)) return { tags: { ...tags, nosync: true, sync_priority: 0 } };
  return Object.keys(tags).length > 0 ? { tags } : {};
}
