import type { StandbyStatus } from '../model/local-postgres.ts';
import type { LogicalSlotCopy } from '../model/logical-slot.ts';
import { slotsToCopy } from '../slots/plan-slots.ts';
import type { WantedSlot } from '../slots/wanted-slots.ts';
import {
  type Context,
  followTarget,
  leaderServes,
  type Ruling,
  settingsGiven,
  settingsWith,
  startJob,
} from './context.ts';
import { LIMITS } from './limits.ts';
import { slotInputOf, targetToFollow } from './slot-scene.ts';

/**
 * A standby cannot create logical slots before PostgreSQL 16, and none that stands where the leader's does, so it gets them as
 * files. That takes a restart: one member after the other, and while nothing else goes on.
 */
export function copyLogicalSlots(ctx: Context, standby: StandbyStatus): Ruling | undefined {
  const wanted = slotsWanted(ctx, standby);
  const names = wanted.map(({ name }) => name).join(', ');
  const from = ctx.leader === undefined ? undefined : followTarget(ctx, ctx.leader.name);
  if (names === '' || from === undefined) return undefined;
  const wantedMs = ctx.mem.slots.copyWantedMs ?? ctx.nowMs;
  const why = reasonToWait(ctx, wantedMs);
  if (why !== undefined) {
    return {
      why: `the logical slots ${names} are to be copied: ${why}`,
      memory: { slots: { ...ctx.mem.slots, copyWantedMs: wantedMs } },
      wakeInMs: LIMITS.primaryQuietMs,
    };
  }
  const follow = targetToFollow(ctx);
  const job = { kind: 'copySlots', from, slots: wanted, follow, settings: settingsWith(ctx, undefined) } as const;
  return {
    why: `the logical slots ${names} are copied from ${from.member}`,
    steps: [startJob(ctx, job, LIMITS.copySlotsMs)],
    memory: { ...settingsGiven(ctx), startedFollowing: follow?.member },
    wakeInMs: LIMITS.paceMs,
  };
}

/** Only slots that the leader tells of, and whose rows it keeps for us. */
function slotsWanted(ctx: Context, standby: StandbyStatus): readonly LogicalSlotCopy[] {
  const isFed = standby.receiver?.status === 'streaming' && standby.replayedAll && ctx.mem.appliedFeedback;
  if (!isFed || !leaderServes(ctx) || ctx.config.paused) return [];
  const input = slotInputOf(ctx, true);
  if (input === undefined) return [];
  const there = new Set(input.actual.map(({ name }) => name));
  return slotsToCopy(input).flatMap((slot: WantedSlot) => {
    if (slot.kind !== 'logical') return [];
    const { name, database, plugin } = slot;
    return [{ name, database, plugin, isThere: there.has(name) }];
  });
}

function reasonToWait(ctx: Context, wantedMs: number): string | undefined {
  if (ctx.view?.failover.value !== undefined) return 'a switchover is asked for';
  const turnMs = wantedMs + turnOf(ctx) * LIMITS.copyTurnMs - ctx.nowMs;
  if (turnMs > 0) return 'others first';
  if (ctx.nowMs < ctx.mem.slots.copyHoldOffMs) return 'the last copy was not long ago';
  const voters = ctx.view?.sync.value.voters ?? [];
  if (!voters.includes(ctx.me)) return undefined;
  // Commits wait for the voters: who could stand in for this one must be there.
  const others = (ctx.view?.members ?? []).filter(({ name }) => name !== ctx.me && name !== ctx.leader?.name);
  const isDown = others.filter(({ name, data }) => voters.includes(name) && data.state !== 'running');
  return isDown.length === 0 ? undefined : `${isDown.map(({ name }) => name).join(', ')} acknowledges no commits now`;
}

function turnOf(ctx: Context): number {
  const names = (ctx.view?.members ?? []).map(({ name }) => name).filter((name) => name !== ctx.leader?.name);
  return Math.max(0, names.toSorted().indexOf(ctx.me));
}
