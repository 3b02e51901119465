import type { ClusterStatus } from '../model/cluster.ts';
import { LSN_ZERO } from '../model/lsn.ts';
import { isStandbyCluster } from '../settings/is-standby-cluster.ts';
import type { SlotInput } from '../slots/plan-slots.ts';
import { type SlotScene, wantedSlots } from '../slots/wanted-slots.ts';
import { whomToFollow } from '../topology/whom-to-follow.ts';
import type { FollowTarget } from '../model/job.ts';
import { slotNameOf } from '../layout/slot-name.ts';
import { NO_STATUS } from '../layout/status-key.ts';
import type { Context } from './context.ts';
import { followTarget } from './context.ts';
import { leadsStandby, remoteToFollow } from './remote.ts';

/** From whom this member is to stream, and how; undefined: from nobody, or where that is cannot be told. */
export function targetToFollow(ctx: Context): FollowTarget | undefined {
  if (leadsStandby(ctx)) return remoteToFollow(ctx);
  const name = whomToFollow(ctx.topology, ctx.me);
  return name === undefined ? undefined : followTarget(ctx, name);
}

export function slotSceneOf(ctx: Context): SlotScene {
  const { config } = ctx;
  return {
    me: ctx.me,
    topology: ctx.topology,
    settings: config,
    isStandbyCluster: isStandbyCluster(config.raw),
    status: statusFor(ctx),
    recentlyGone: recentlyGone(ctx),
    serverVersion: (ctx.primary ?? ctx.standby)?.serverVersion ?? 0,
  };
}

/** The leader goes by whom it has seen itself. */
function statusFor(ctx: Context): ClusterStatus {
  const told = ctx.view?.status ?? NO_STATUS;
  const seen = ctx.held === undefined ? undefined : ctx.mem.slots.membersSeen;
  return seen === undefined ? told : { ...told, retainSlots: Object.keys(seen.atMs) };
}

/** Who comes back within the life of a lease keeps its slot as it is: dropped and made anew it would have lost WAL. */
function recentlyGone(ctx: Context): ReadonlySet<string> {
  const seen = ctx.held === undefined ? undefined : ctx.mem.slots.membersSeen;
  const recent = Object.entries(seen?.atMs ?? {}).filter(([, atMs]) => ctx.nowMs - atMs <= 2 * ctx.config.ttlMs);
  return new Set(recent.map(([name]) => name));
}

/** Slots as they are and as they should be; undefined: the server does not answer. */
export function slotInputOf(ctx: Context, keepsAll: boolean): SlotInput | undefined {
  const server = ctx.primary ?? ctx.standby;
  if (server === undefined || ctx.view === undefined) return undefined;
  return {
    wanted: wantedSlots(slotSceneOf(ctx)),
    actual: server.slots,
    ignored: ctx.config.ignoreSlots,
    isPrimary: server.kind === 'primary',
    keepsAll: keepsAll || ctx.paused,
    // With use_slots off people keep slots of their own; those that members left would keep WAL for ever.
    droppable: ctx.config.useSlots ? undefined : new Set(ctx.view.members.map(({ name }) => slotNameOf(name))),
    reachedLsn: ctx.primary?.flushLsn ?? ctx.standby?.replayedLsn ?? LSN_ZERO,
    broken: ctx.obs.postgres.brokenSlots ?? {},
  };
}
