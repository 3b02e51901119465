import { namesOfNewReign } from '../sync/first-names.ts';
import { unionOf } from '../election/election.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import type { Context, HeldLease, Rule, Ruling } from './context.ts';
import { claimedTimeline, settingsGiven, settingsWith, startJob, syncManner } from './context.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { leadsStandby } from './remote.ts';
import { surelyWritesNothing } from './writes-nothing.ts';

/** The store shows our name, but no lease of this agent: nobody here writes, so the key is given back for everybody's sake. */
function giveBack(ctx: Context): Ruling | undefined {
  const { leader, obs } = ctx;
  if (leader === undefined || leader.name !== ctx.me || obs.lease.kind !== 'none' || ctx.mayWrite) return undefined;
  if (!surelyWritesNothing(ctx))
    return { why: '/leader names us; what is left of PostgreSQL may write yet', wakeInMs: LIMITS.paceMs };
  if (obs.guard.kind === 'unanswered')
    return { why: `/leader names us; the guard does not answer: ${obs.guard.why}`, wakeInMs: LIMITS.primaryQuietMs };
  return {
    why: '/leader names us without a lease of ours, and nothing here accepts writes',
    steps: [releaseStep(ctx, leader.reign, undefined)],
    events: [
      {
        kind: 'leader.released',
        text: `${ctx.me} gives back a key of an earlier life`,
        evidence: { reign: leader.reign },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** A release whose outcome is not known may have been done: whoever leads by now must not meet a primary here. */
function releaseAgain(ctx: Context): Ruling | undefined {
  if (ctx.held === undefined || ctx.mayWrite || !ctx.obs.unsettled.has('release')) return undefined;
  return {
    why: 'the leader key may have been released: tried again until it is known to be',
    steps: [releaseStep(ctx, ctx.held.reign, undefined)],
    wakeInMs: LIMITS.paceMs,
  };
}

/** A standby that holds the key: it is to be promoted, but in a standby cluster. */
function toPromote(ctx: Context): { readonly held: HeldLease; readonly standby: StandbyStatus } | undefined {
  const { held, standby, config } = ctx;
  if (held === undefined || standby === undefined || config.standbyCluster !== undefined) return undefined;
  return { held, standby };
}

function cutOff(ctx: Context): Ruling | undefined {
  const it = toPromote(ctx);
  if (it === undefined || (!it.standby.receiverRuns && it.standby.upstream === undefined)) return undefined;
  return {
    why: 'the receiver is stopped before the promotion',
    steps: [startJob(ctx, { kind: 'cutOff', settings: settingsWith(ctx, undefined) }, LIMITS.cutOffMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Promoted in this reign already, by an agent that is no more: a second promotion would take a number that nobody claimed. */
function isClaimUsed(ctx: Context): boolean {
  const timeline = claimedTimeline(ctx);
  return timeline !== undefined && ctx.standby !== undefined && ctx.standby.timeline >= timeline;
}

function giveUp(ctx: Context): Ruling | undefined {
  const it = toPromote(ctx);
  if (it === undefined) return undefined;
  if (isClaimUsed(ctx)) {
    const why = 'the timeline claimed with the key is used already: another reign is needed';
    return { why, steps: [releaseStep(ctx, it.held.reign, undefined)], wakeInMs: LIMITS.paceMs };
  }
  if (ctx.mem.promoteTries < LIMITS.promoteTries) return undefined;
  return {
    why: `promotion failed ${ctx.mem.promoteTries} times`,
    steps: [releaseStep(ctx, it.held.reign, undefined)],
    memory: { standAsideUntilMs: ctx.nowMs + LIMITS.holdOffMaxMs },
    events: [
      {
        kind: 'leader.released',
        text: `${ctx.me} gives up leadership: it could not be promoted`,
        evidence: { tries: ctx.mem.promoteTries },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** The first list of the new reign is everybody who could elect somebody else; only afterwards /sync shrinks (F14). */
function firstNames(ctx: Context): string | undefined {
  if (ctx.view === undefined) return undefined;
  const others = unionOf(ctx.view).filter((name) => name.toLowerCase() !== ctx.me.toLowerCase());
  return namesOfNewReign(others, ctx.view.sync.value.quorum, syncManner(ctx));
}

/** A refusal ends the reign: others may lead where this member is not let. */
function giveUpRefused(ctx: Context): Ruling | undefined {
  const { mem } = ctx;
  const held = toPromote(ctx)?.held;
  if (held === undefined || mem.prePromoteRefused !== held.reign) return undefined;
  return {
    why: 'pre_promote refuses the promotion: the leader key is released',
    steps: [releaseStep(ctx, held.reign, undefined)],
    memory: { standAsideUntilMs: ctx.nowMs + ctx.config.ttlMs },
    events: [
      {
        kind: 'leader.released',
        text: `${ctx.me} gives up leadership: pre_promote refused`,
        evidence: { asideMs: ctx.config.ttlMs },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

function askPrePromote(ctx: Context): Ruling | undefined {
  const { mem, obs } = ctx;
  const held = toPromote(ctx)?.held;
  if (held === undefined || claimedTimeline(ctx) === undefined) return undefined;
  if (obs.self.hasPrePromote !== true || mem.prePromotedReign === held.reign) return undefined;
  return {
    why: 'the leader key is held: pre_promote is asked',
    steps: [startJob(ctx, { kind: 'prePromote' }, LIMITS.prePromoteMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

function promote(ctx: Context): Ruling | undefined {
  const held = toPromote(ctx)?.held;
  const timeline = claimedTimeline(ctx);
  if (held === undefined || ctx.view === undefined || timeline === undefined) return undefined;
  const syncNames = firstNames(ctx);
  const job = {
    kind: 'promote',
    reign: held.reign,
    aboveTimeline: timeline - 1,
    settings: settingsWith(ctx, syncNames),
  } as const;
  return {
    why: `the leader key is held: promoted, on timeline ${timeline} or above`,
    steps: [startJob(ctx, job, Math.max(ctx.config.primaryStartTimeoutMs, LIMITS.takeUpMs))],
    memory: { ...settingsGiven(ctx), syncNamesSet: syncNames },
    wakeInMs: LIMITS.paceMs,
  };
}

function waitToServe(ctx: Context): Ruling | undefined {
  if (ctx.held === undefined || ctx.primary !== undefined || ctx.obs.postgres.postmaster === undefined)
    return undefined;
  if (leadsStandby(ctx)) return undefined;
  return { why: 'the leader key is held; PostgreSQL does not answer yet', wakeInMs: LIMITS.paceMs };
}

export const OWN_KEY_RULES: readonly Rule[] = [
  { id: 'L10', title: 'give back a key of an earlier life', match: giveBack },
  { id: 'L15', title: 'release again until it is known to be', match: releaseAgain },
  { id: 'L20', title: 'stop the receiver before promoting', match: cutOff },
  { id: 'L30', title: 'give up after failed promotions, or with a claim used up', match: giveUp },
  { id: 'L32', title: 'give up where pre_promote refuses', match: giveUpRefused },
  { id: 'L35', title: 'ask pre_promote', match: askPrePromote },
  { id: 'L40', title: 'promote', match: promote },
  { id: 'L50', title: 'wait for PostgreSQL to serve', match: waitToServe },
];
