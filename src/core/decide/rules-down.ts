import type { FollowTarget } from '../model/job.ts';
import { isCrashed } from '../recovery/divergence.ts';
import { namesToRestartWith } from '../sync/first-names.ts';
import type { Context, Rule, Ruling } from './context.ts';
import {
  claimedTimeline,
  controlOf,
  leaderServes,
  settingsGiven,
  settingsWith,
  startJob,
  syncManner,
} from './context.ts';
import { isFailoverPossible } from './failover-possible.ts';
import { LIMITS } from './limits.ts';
import { mayOthersLead } from './may-others-lead.ts';
import { mendSource } from './mend-source.ts';
import { releaseStep } from './release.ts';
import { isReignOfStandby, leadsStandby, remoteText, remoteToFollow } from './remote.ts';
import { MEND_RULES } from './rules-mend.ts';
import { CRASH_RULES } from './rules-crash.ts';
import { isStartOverdue } from './rules-start.ts';
import { targetToFollow } from './slot-scene.ts';

/**
 * Names that commits must wait for from the first moment on: every voter in /sync, and whom a write of /sync that is still on
 * its way may name. Those were in the setting before.
 */
export function syncNamesOfReign(ctx: Context): string | undefined {
  if (ctx.view === undefined || ctx.view.sync.value.leader !== ctx.me) return undefined;
  return namesToRestartWith(ctx.view.sync.value, ctx.mem.syncNamesSet, syncManner(ctx));
}

function startPrimary(ctx: Context, why: string): Ruling {
  const syncNames = syncNamesOfReign(ctx);
  return {
    why,
    steps: [
      startJob(
        ctx,
        { kind: 'startPrimary', settings: settingsWith(ctx, syncNames) },
        Math.max(ctx.config.primaryStartTimeoutMs, LIMITS.takeUpMs),
      ),
    ],
    memory: { ...settingsGiven(ctx), syncNamesSet: syncNames, switchover: undefined },
    wakeInMs: LIMITS.paceMs,
  };
}

/** A freshly initialised cluster, whose key we took: it has never been anybody's, so no new timeline is needed. */
function startNewCluster(ctx: Context): Ruling | undefined {
  const control = controlOf(ctx);
  if (control === undefined || ctx.held === undefined || ctx.nowMs < ctx.mem.holdOffMs) return undefined;
  const { data } = ctx.obs.postgres;
  // One that was a primary before and was made a standby writes again only after a promotion.
  if (isReignOfStandby(ctx) || (data.kind === 'cluster' && data.standbySignal)) return undefined;
  const isFirstClaim = claimedTimeline(ctx) === control.checkpointTimeline && ctx.mem.servingReign === undefined;
  if (!isFirstClaim || control.state !== 'shut down') return undefined;
  return startPrimary(ctx, 'the new cluster is started as primary');
}

function restartCrashed(ctx: Context): Ruling | undefined {
  const { held, mem } = ctx;
  if (
    controlOf(ctx) === undefined ||
    held === undefined ||
    mem.servingReign !== held.reign ||
    mem.switchover !== undefined ||
    isReignOfStandby(ctx)
  )
    return undefined;
  // Where nobody else can lead, nothing is won by giving up.
  const isHopeless = mem.startTries >= LIMITS.startTries && isFailoverPossible(ctx);
  if (isHopeless || isStartOverdue(ctx)) {
    return {
      why: `PostgreSQL is not back: ${ctx.obs.postgres.lastError ?? `primary_start_timeout is ${ctx.config.primaryStartTimeoutMs / 1000} s`}`,
      steps: [releaseStep(ctx, held.reign, undefined)],
      // Given up for others to have it.
      memory: { standAsideUntilMs: ctx.nowMs + LIMITS.unfitAsideMs },
      events: [
        {
          kind: 'leader.released',
          text: `${ctx.me} gives up leadership: PostgreSQL is not back, and another member can lead`,
          evidence: { tries: mem.startTries },
        },
      ],
      wakeInMs: LIMITS.paceMs,
    };
  }
  if (ctx.nowMs < mem.holdOffMs)
    return { why: 'the last start failed; waiting before the next', wakeInMs: mem.holdOffMs - ctx.nowMs };
  const ruling = startPrimary(ctx, 'PostgreSQL went while it led: started again');
  return {
    ...ruling,
    events: [
      {
        kind: 'postgres.crashed',
        text: 'PostgreSQL is gone although nobody stopped it',
        evidence: { reign: held.reign },
      },
    ],
  };
}

/** Handed over by a switchover: stays down until the candidate leads, so that the race is its own. */
function awaitSuccessor(ctx: Context): Ruling | undefined {
  const releasedMs = ctx.mem.switchover?.releasedMs;
  if (controlOf(ctx) === undefined || releasedMs === undefined || ctx.held !== undefined || ctx.leader !== undefined)
    return undefined;
  if (ctx.nowMs - releasedMs > LIMITS.switchedAwayMs || !mayOthersLead(ctx)) return undefined;
  return { why: `waiting for ${ctx.mem.switchover?.candidate} to lead`, wakeInMs: LIMITS.primaryQuietMs };
}

function holdOff(ctx: Context): Ruling | undefined {
  if (controlOf(ctx) === undefined || ctx.nowMs >= ctx.mem.holdOffMs) return undefined;
  return {
    why: `the last try failed: ${ctx.obs.postgres.lastError ?? 'see the events'}`,
    wakeInMs: ctx.mem.holdOffMs - ctx.nowMs,
  };
}

function recoverCrash(ctx: Context): Ruling | undefined {
  const control = controlOf(ctx);
  if (control === undefined || mendSource(ctx) === undefined || ctx.mem.crashRecovered) return undefined;
  const { data } = ctx.obs.postgres;
  // A copy that was never started ends where its backup says.
  if (!isCrashed(control) || (data.kind === 'cluster' && data.backupLabel === true)) return undefined;
  return {
    why: 'a primary ended without shutting down: crash recovery tells where its WAL ends',
    steps: [startJob(ctx, { kind: 'recoverCrash' }, LIMITS.crashRecoveryMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Whom a standby may stream from now: a pledge that stands, or may stand, binds its owner to stream from nobody. */
export function leaderToStartWith(ctx: Context): FollowTarget | undefined {
  const { leader } = ctx;
  if (leadsStandby(ctx)) return remoteToFollow(ctx);
  if (leader === undefined || leader.name === ctx.me || !leaderServes(ctx) || !mayStream(ctx)) return undefined;
  return targetToFollow(ctx);
}

/**
 * After a rewind it comes up only with WAL of a leader. One that was started without, or with a leader that is no more, cannot
 * be asked anything and cannot be told by a reload either: it is stopped, to be started anew.
 */
function startAnew(ctx: Context): Ruling | undefined {
  const { postmaster, starting } = ctx.obs.postgres;
  // In pause it may be people who have just started it.
  if (ctx.paused || postmaster === undefined || !starting || ctx.mayWrite || ctx.held !== undefined) return undefined;
  const leader = leaderToStartWith(ctx)?.member;
  if (leader === undefined || leader === ctx.mem.startedFollowing) return undefined;
  if (ctx.nowMs - (ctx.mem.startingSinceMs ?? ctx.nowMs) <= LIMITS.startAloneMs) return undefined;
  const why = `PostgreSQL does not come up without WAL of ${leader}, who leads now: stopped, to be started anew`;
  return { why, steps: [startJob(ctx, { kind: 'stop', mode: 'fast', checkpointFirst: false, why }, LIMITS.stopMs)] };
}

function startStandby(ctx: Context): Ruling | undefined {
  if (controlOf(ctx) === undefined) return startAnew(ctx);
  const follow = leaderToStartWith(ctx);
  const where = follow === undefined ? 'without upstream' : `following ${follow.member}`;
  return {
    why: `PostgreSQL is started as standby ${where}`,
    steps: [
      startJob(ctx, { kind: 'startStandby', follow, settings: settingsWith(ctx, undefined) }, LIMITS.startStandbyMs),
    ],
    // From here on this is a standby, also while it does not answer yet.
    memory: {
      ...settingsGiven(ctx),
      syncNamesSet: undefined,
      role: 'replica',
      startedFollowing: follow?.member,
      remoteGiven: remoteText(follow),
    },
  };
}

/** No pledge of ours stands, as far as the store has confirmed. */
export function mayStream(ctx: Context): boolean {
  const standing = ctx.view?.pledges.some((pledge) => pledge.name === ctx.me) ?? true;
  return !standing && ctx.mem.pledge === undefined && !ctx.obs.unsettled.has('pledge');
}

export const DOWN_RULES: readonly Rule[] = [
  { id: 'D10', title: 'start a freshly initialised cluster', match: startNewCluster },
  ...CRASH_RULES,
  { id: 'D20', title: 'restart a crashed primary under its lease', match: restartCrashed },
  { id: 'D30', title: 'stay down until the successor leads', match: awaitSuccessor },
  { id: 'D40', title: 'pause after a failure', match: holdOff },
  { id: 'D50', title: 'crash recovery, to know where the WAL ends', match: recoverCrash },
  ...MEND_RULES,
  { id: 'D70', title: 'start as standby, anew where it does not come up', match: startStandby },
];
