import type { StandbyStatus } from '../model/local-postgres.ts';
import type { LeaderKey } from '../model/cluster.ts';
import { judgeDivergence } from '../recovery/divergence.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { hasNewSettings, isTagged, leaderServes, memberOf, settingsGiven, settingsWith, startJob } from './context.ts';
import { dueOf } from './due.ts';
import { recordedHere } from './healing.ts';
import { copyLogicalSlots } from './copy-slots.ts';
import { isLeaderStandby, leaderLine } from './leader-line.ts';
import { LIMITS } from './limits.ts';
import { whyNotMe } from './why-not-me.ts';
import { mayStream } from './rules-down.ts';
import { slotChore } from './slot-chores.ts';
import { targetToFollow } from './slot-scene.ts';
import { suspected } from './suspicion.ts';
import { sameUpstream } from './upstream.ts';

interface Following {
  readonly leader: LeaderKey;
  readonly standby: StandbyStatus;
}

function following(ctx: Context): Following | undefined {
  const { leader, standby } = ctx;
  if (leader === undefined || leader.name === ctx.me || standby === undefined) return undefined;
  return { leader, standby };
}

/** Confirmed before anything is streamed again (safety-findings F7c). */
function withdraw(ctx: Context): Ruling | undefined {
  if (ctx.leader === undefined || ctx.leader.name === ctx.me || ctx.held !== undefined || mayStream(ctx))
    return undefined;
  if (suspected(ctx) !== undefined) return undefined;
  const standing = ctx.view?.pledges.some((pledge) => pledge.name === ctx.me) ?? false;
  if (!standing && !ctx.obs.unsettled.has('pledge'))
    return { why: 'the pledge is withdrawn', memory: { pledge: undefined }, wakeInMs: 0 };
  return {
    why: [whyNotMe(ctx), `${ctx.leader.name} leads: the pledge is withdrawn`]
      .filter((part) => part !== undefined)
      .join('; '),
    steps: [{ kind: 'withdrawPledge' }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Another leader's key is there but ours still points at the old one: nothing more is taken from it. */
function cutOff(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  if (it === undefined || it.standby.upstream === undefined) return undefined;
  const target = targetToFollow(ctx);
  if (target !== undefined && sameUpstream(it.standby.upstream, target.upstream)) return undefined;
  if (leaderServes(ctx) && target !== undefined) return undefined;
  return {
    why: reasonToCutOff(ctx, it.leader.name),
    steps: [startJob(ctx, { kind: 'cutOff', settings: settingsWith(ctx, undefined) }, LIMITS.cutOffMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

/** A Patroni leader says that it stops before its last checkpoint, during which much may still arrive. */
function isHandingOverToMe(ctx: Context, leader: string): boolean {
  const request = ctx.view?.failover.value;
  if (request?.candidate !== ctx.me || dueOf(ctx, request) !== 'now') return false;
  const data = memberOf(ctx, leader)?.data;
  return data?.kornak !== undefined && (data.state === 'stopping' || data.state === 'stopped');
}

/**
 * It stops to hand over to this member, and the stream has ended: what a promotion would have to wait for is done while the old
 * leader still makes sure that everything has arrived. Should it lead on, it is followed again.
 */
function cutOffForHandOver(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  if (it === undefined || it.standby.upstream === undefined || it.standby.receiverRuns) return undefined;
  if (ctx.obs.job !== undefined || !isHandingOverToMe(ctx, it.leader.name)) return undefined;
  return {
    why: `${it.leader.name} has stopped to hand over to this member: nothing more is received from it`,
    steps: [startJob(ctx, { kind: 'cutOff', settings: settingsWith(ctx, undefined) }, LIMITS.cutOffMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

function reasonToCutOff(ctx: Context, leader: string): string {
  return isTagged(ctx, ctx.me, 'nostream')
    ? 'tagged nostream: WAL comes from the archive only'
    : `${leader} leads now: nothing more is received from its predecessor`;
}

function leave(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  const line = it === undefined ? undefined : leaderLine(ctx);
  if (it === undefined || line === undefined || !it.standby.replayedAll) return undefined;
  const verdict = judgeDivergence(
    { position: { timeline: it.standby.timeline, lsn: it.standby.receivedLsn }, cleanPrimary: false },
    line,
  );
  if (verdict.kind !== 'diverged' || recordedHere(ctx)?.verdict === 'none') return undefined;
  return {
    why: `diverged from ${it.leader.name}: ${verdict.why}; stopped to be mended`,
    steps: [startJob(ctx, { kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'diverged' }, LIMITS.stopMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

function follow(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  if (it === undefined) return undefined;
  const target = targetToFollow(ctx);
  if (target === undefined || !leaderServes(ctx)) return undefined;
  // A receiver without its slot, or with one that is not to be used, counts for nobody (F10).
  const usesSlot = it.standby.receiver === undefined || it.standby.receiver.slot === target.slot;
  if (sameUpstream(it.standby.upstream, target.upstream) && usesSlot) return undefined;
  if (leaderLine(ctx) === undefined && !isLeaderStandby(ctx))
    return { why: `waiting for ${it.leader.name} to tell its history`, wakeInMs: LIMITS.primaryQuietMs };
  if (ctx.nowMs < ctx.mem.holdOffMs)
    return { why: 'following failed; waiting before the next try', wakeInMs: ctx.mem.holdOffMs - ctx.nowMs };
  return {
    why: `following ${target.member}`,
    steps: [startJob(ctx, { kind: 'follow', follow: target, settings: settingsWith(ctx, undefined) }, LIMITS.followMs)],
    memory: { ...settingsGiven(ctx), role: 'replica' },
    events: [{ kind: 'member.following', text: `${ctx.me} follows ${target.member}` }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Slots of the others are kept and moved on, so that whoever is promoted has them. Until the leader serves, nothing is dropped. */
function keepSlots(ctx: Context): Ruling | undefined {
  const chore = following(ctx) === undefined ? undefined : slotChore(ctx, !leaderServes(ctx));
  if (chore === undefined) return undefined;
  const { why, steps, memory, events } = chore;
  return { why, steps, memory, events, wakeInMs: LIMITS.primaryQuietMs };
}

function copySlots(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  return it === undefined || ctx.paused ? undefined : copyLogicalSlots(ctx, it.standby);
}

const RESUMES_REPLAY = 140_000;

/** Before version 14 a standby that lacks resources stops instead; there only people pause it. */
function resumeReplay(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  if (it === undefined || ctx.paused || !it.standby.replayPaused || it.standby.serverVersion < RESUMES_REPLAY)
    return undefined;
  return {
    why: 'replay is paused: resumed',
    steps: [{ kind: 'resumeReplay' }],
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

function applyConfig(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  if (it === undefined || !hasNewSettings(ctx)) return undefined;
  return {
    why: 'changed configuration applied',
    steps: [
      {
        kind: 'applySettings',
        settings: settingsWith(ctx, undefined),
        callback: { action: 'on_reload', role: 'replica' },
      },
    ],
    memory: settingsGiven(ctx),
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** A standby that failed to connect waits for seconds before it tries again; a reload ends that wait. */
function nudge(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  if (it === undefined || it.standby.receiverRuns || it.standby.upstream === undefined || !leaderServes(ctx))
    return undefined;
  if (ctx.nowMs - ctx.mem.nudgedMs < LIMITS.nudgeMs) return undefined;
  return {
    why: `not connected to ${it.leader.name}: asked to try again at once`,
    steps: [{ kind: 'applySettings', settings: settingsWith(ctx, undefined) }],
    memory: { nudgedMs: ctx.nowMs },
    wakeInMs: LIMITS.nudgeMs,
  };
}

function secondary(ctx: Context): Ruling | undefined {
  const it = following(ctx);
  if (it === undefined) return undefined;
  const streaming = it.standby.receiver?.status === 'streaming';
  if (isTagged(ctx, ctx.me, 'nostream'))
    return { why: `no action. I am (${ctx.me}), a secondary without streaming, and ${it.leader.name} leads` };
  if (!streaming) return { why: `not streaming from ${it.leader.name} yet`, wakeInMs: LIMITS.nudgeMs };
  return { why: `no action. I am (${ctx.me}), a secondary, and following a leader (${it.leader.name})` };
}

export const REPLICA_RULES: readonly Rule[] = [
  { id: 'R10', title: 'withdraw the pledge once somebody leads', match: withdraw },
  { id: 'R20', title: 'receive nothing from a former leader', match: cutOff },
  { id: 'R22', title: 'receive nothing more from a leader that has stopped to hand over', match: cutOffForHandOver },
  { id: 'R30', title: 'stop what has diverged', match: leave },
  { id: 'R40', title: 'follow the leader', match: follow },
  { id: 'R57', title: 'resume replay that was paused', match: resumeReplay },
  { id: 'R60', title: 'apply a changed configuration', match: applyConfig },
  { id: 'R80', title: 'have a standby connect again at once', match: nudge },
  { id: 'R50', title: 'make, move and drop slots', match: keepSlots },
  { id: 'R55', title: 'copy logical slots from the leader', match: copySlots },
  { id: 'R90', title: 'follow on', match: secondary },
];
