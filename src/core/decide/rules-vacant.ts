import { elect, standingPledges, unionOf } from '../election/election.ts';
import type { ClusterView, FailoverRequest } from '../model/cluster.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import { comparePositions, positionToText, type WalPosition } from '../model/lsn.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { isTagged, memberOf, settingsWith, startJob } from './context.ts';
import { LIMITS } from './limits.ts';
import { isSystemId } from './rules-identity.ts';
import { takeOverOf } from './take-over.ts';
import { betterOff, storageBarsStart, unfitOf } from './unfit.ts';

interface Vacant {
  readonly view: ClusterView;
  readonly standby: StandbyStatus;
  /** Since when the key has been seen gone. */
  readonly sinceMs: number;
}

/** Nobody leads, and this member runs as a standby of a cluster that the store knows. */
function vacant(ctx: Context): Vacant | undefined {
  const { view, standby } = ctx;
  if (view === undefined || standby === undefined || ctx.leader !== undefined || ctx.held !== undefined)
    return undefined;
  return { view, standby, sinceMs: ctx.mem.candidateSinceMs ?? ctx.nowMs };
}

/** A lease that nobody had reason to watch may have run out as well; pledges make that no matter. */
const MANNER = { released: ': released', expired: ': its lease ran out', vanished: '' } as const;

function cutOff(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || (!it.standby.receiverRuns && it.standby.upstream === undefined)) return undefined;
  const previous = ctx.obs.vacancy?.previous;
  return {
    why: 'nobody leads: the receiver is stopped, so that no commit is acknowledged for a leader that thaws',
    steps: [startJob(ctx, { kind: 'cutOff', settings: settingsWith(ctx, undefined) }, LIMITS.cutOffMs)],
    events: [
      {
        kind: 'leader.gone',
        text: `the leader key${previous === undefined ? '' : ` of ${previous.name}`} is gone${MANNER[ctx.obs.vacancy?.manner ?? 'vanished']}`,
        evidence: { reign: previous?.reign ?? null, manner: ctx.obs.vacancy?.manner ?? null },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

function learnPosition(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || it.standby.replayedAll) return undefined;
  return {
    why: 'restarted: how far the WAL reaches is known only when replay has got to its end',
    wakeInMs: LIMITS.paceMs,
  };
}

function positionOf(standby: StandbyStatus): WalPosition {
  return { timeline: standby.timeline, lsn: standby.receivedLsn };
}

function pledge(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined) return undefined;
  const position = positionOf(it.standby);
  const standing = standingPledges(it.view).find((item) => item.name === ctx.me);
  if (standing !== undefined && comparePositions(standing.position, position) === 0 && !ctx.obs.unsettled.has('pledge'))
    return undefined;
  const reign = it.view.reign.revision;
  return {
    why: `pledged at ${positionToText(position)}`,
    steps: [{ kind: 'putPledge', reign, position }],
    memory: { pledge: { reign, position } },
    wakeInMs: LIMITS.paceMs,
  };
}

/** Who holds every acknowledged commit cannot be read: only the last leader surely does. It writes /sync anew once it leads. */
function unreadableSync(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || !it.view.nonsense.some(({ key }) => key.endsWith('/sync'))) return undefined;
  const last = it.view.reign.value?.name;
  if (last === ctx.me) return undefined;
  return {
    why: `/sync cannot be read: only ${last ?? 'the last leader'}, who led last, surely holds every commit; start it, or write /sync by hand`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** How long the leader that went may still be inside its deadline, as far as can be told. */
function deadlineAheadMs(ctx: Context, it: Vacant): number {
  const { vacancy } = ctx.obs;
  if (vacancy === undefined) return it.sinceMs + ctx.config.leaderTtlMs - ctx.nowMs;
  const { manner, previous, sinceMs } = vacancy;
  // Of a later reign than the one that was watched nothing is known, but that it was.
  if (previous !== undefined && previous.reign < it.view.reign.revision) {
    const seenMs = Math.max(ctx.mem.reignSeen?.sinceMs ?? ctx.nowMs, sinceMs);
    return seenMs + ctx.config.leaderTtlMs - ctx.nowMs;
  }
  if (manner !== 'vanished' || previous?.name === ctx.me) return 0;
  return sinceMs + Math.max(previous?.leaseTtlMs ?? 0, ctx.config.leaderTtlMs) - ctx.nowMs;
}

/** Asynchronous: the old leader may be inside its deadline as long as its lease could have been running. */
function waitOutDeadline(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || unionOf(it.view).length > 0) return undefined;
  const leftMs = deadlineAheadMs(ctx, it);
  if (leftMs <= 0) return undefined;
  return {
    why: `the leader key vanished unwatched: its holder may still be inside its deadline for ${Math.ceil(leftMs / 1000)} s`,
    wakeInMs: Math.min(leftMs, LIMITS.primaryQuietMs),
  };
}

function unknownCluster(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || isSystemId(it.view.initialize.value)) return undefined;
  return { why: 'nobody leads and /initialize names no cluster', wakeInMs: LIMITS.primaryQuietMs };
}

/** The candidate that a request names, while it can be expected to take the key. */
function namedCandidate(ctx: Context, request: FailoverRequest | undefined, waitedMs: number): string | undefined {
  const name = request?.candidate;
  if (name === undefined || name === ctx.me) return name;
  const able = memberOf(ctx, name)?.data.state === 'running' && !isTagged(ctx, name, 'nofailover');
  return able && waitedMs < LIMITS.namedCandidateWaitMs ? name : undefined;
}

/** Without writes there is no promotion. Little room, or a slow server, is better than nobody once the others have had their time. */
function unfitNow(ctx: Context, waitedMs: number): string | undefined {
  const bars = storageBarsStart(ctx);
  if (bars !== undefined) return `unable to lead: ${bars.why}`;
  const unfit = unfitOf(ctx);
  if (unfit === undefined || waitedMs >= LIMITS.unfitAsideMs) return undefined;
  const [other] = betterOff(ctx, unfit);
  return other === undefined ? undefined : `${unfit.why}: ${other.name} is better off`;
}

/** Who took the key only to give it back would keep it from everybody else, again and again. */
function unableNow(ctx: Context, waitedMs: number): string | undefined {
  const { guard } = ctx.obs;
  if (guard.kind === 'unanswered') return `the guard does not answer, and nobody leads without one: ${guard.why}`;
  const unfit = unfitNow(ctx, waitedMs);
  if (unfit !== undefined) return unfit;
  const leftMs = ctx.mem.standAsideUntilMs - ctx.nowMs;
  return leftMs > 0 ? `others first for ${Math.ceil(leftMs / 1000)} s` : undefined;
}

function standAside(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined) return undefined;
  const waitedMs = ctx.nowMs - it.sinceMs;
  const why = unableNow(ctx, waitedMs);
  if (why !== undefined) return { why, wakeInMs: LIMITS.paceMs };
  const request = it.view.failover.value;
  const named = namedCandidate(ctx, request, waitedMs);
  if (named !== undefined && named !== ctx.me)
    return { why: `${named} is to lead, as asked for`, wakeInMs: LIMITS.paceMs };
  const leaving = request?.leader === ctx.me && waitedMs < LIMITS.switchedAwayMs;
  return leaving && ctx.view !== undefined && ctx.view.members.length > 1
    ? { why: 'switched away from this member: others first', wakeInMs: LIMITS.paceMs }
    : undefined;
}

function lagging(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const optime = it?.view.status.optime;
  if (
    it === undefined ||
    optime === undefined ||
    unionOf(it.view).length > 0 ||
    it.view.failover.value?.candidate === ctx.me
  )
    return undefined;
  const behind = optime - it.standby.receivedLsn;
  if (behind <= BigInt(ctx.config.maximumLagOnFailoverBytes)) return undefined;
  return {
    why: `${behind} bytes behind the last known position of the leader: more than maximum_lag_on_failover`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** By its own word, so that nobody waits for it as the better one. */
function isUnfit(ctx: Context, name: string): boolean {
  return memberOf(ctx, name)?.data.kornak?.unfit !== undefined;
}

function run(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined) return undefined;
  const { view } = it;
  const waitedMs = ctx.nowMs - it.sinceMs;
  const up = view.members.filter(
    (member) =>
      member.data.state === 'running' &&
      member.data.role !== 'primary' &&
      member.name !== ctx.obs.vacancy?.previous?.name,
  );
  const result = elect(
    view,
    {
      name: ctx.me,
      position: positionOf(it.standby),
      barred: new Set(
        [ctx.me, ...view.members.map((member) => member.name)].filter(
          (name) => isTagged(ctx, name, 'nofailover') || (name !== ctx.me && isUnfit(ctx, name)),
        ),
      ),
      expected: up.filter((member) => member.data.kornak?.can.includes('pledge') === true).map((member) => member.name),
      named: view.failover.value?.candidate,
    },
    { pledgesOver: waitedMs >= LIMITS.pledgeWaitMs, betterOver: waitedMs >= LIMITS.betterWaitMs },
  );
  if (result.kind !== 'take')
    return {
      why: `not taking the key: ${result.why}`,
      wakeInMs: result.kind === 'wait' ? LIMITS.paceMs : LIMITS.primaryQuietMs,
    };
  const takeOver = takeOverOf(ctx, view, result.counted);
  return {
    why: `takes the leader key: ${result.why}`,
    steps: [{ kind: 'takeKey', takeOver }],
    events: [
      {
        kind: 'leader.acquired',
        text: `${ctx.me} goes for the leader key: ${result.why}`,
        evidence: {
          previous: ctx.obs.vacancy?.previous?.name ?? null,
          manner: ctx.obs.vacancy?.manner ?? null,
          vacantMs: waitedMs,
          pledges: result.counted.map((item) => `${item.name} ${positionToText(item.position)}`).join('; '),
          timeline: takeOver.timeline,
        },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

export const VACANT_RULES: readonly Rule[] = [
  { id: 'V10', title: 'stop the receiver once nobody leads', match: cutOff },
  { id: 'V20', title: 'wait until the own position is known', match: learnPosition },
  { id: 'V30', title: 'pledge', match: pledge },
  { id: 'V40', title: 'no leader for a cluster without identity', match: unknownCluster },
  { id: 'V45', title: 'leave the lead to the last leader while /sync cannot be read', match: unreadableSync },
  { id: 'V50', title: 'wait out the deadline of a leader that vanished', match: waitOutDeadline },
  { id: 'V60', title: 'stand aside for whom a request names, or while unable to lead', match: standAside },
  { id: 'V70', title: 'too far behind to lead', match: lagging },
  { id: 'V80', title: 'take the key, or leave it to whom it falls', match: run },
];
