import type { ClusterView, FailoverRequest } from '../model/cluster.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import { comparePositions, positionToText } from '../model/lsn.ts';
import { sizeText } from '../model/size-text.ts';
import { isNeverLeader } from '../model/tags.ts';
import { standingPledges, unionOf } from '../election/election.ts';
import { bytesBehind, ledLast, wasPutBack } from '../election/remembered.ts';
import { containsName } from '../election/union.ts';
import type { Suspicion } from '../model/memory.ts';
import type { Context, EventDraft, Rule, Ruling } from './context.ts';
import { memberOf, settingsWith, startJob, tagsOf } from './context.ts';
import { LIMITS } from './limits.ts';
import { mayOthersLead } from './may-others-lead.ts';
import { KEEP_PROMISE, NOT_LISTED } from './rules-failsafe.ts';
import { isSystemId } from './rules-identity.ts';
import { BACKOFF_RULES, NEVER_LEAD_RULES, OUTAGE_RULES, RACE_RULES } from './rules-race.ts';
import { watchdogLacks } from './rules-watchdog.ts';
import { positionOf, vacant, type Vacant } from './vacant.ts';
import { betterOff, storageBarsStart, unfitOf } from './unfit.ts';

/** A lease that nobody had reason to watch may have run out as well; pledges make that no matter. */
const MANNER = { released: ': released', expired: ': its lease ran out', vanished: '' } as const;

/** The files must name nobody either: while the store is silent, a standby is started by what they say. */
function isCutOff(ctx: Context, { receiverRuns, upstream }: StandbyStatus): boolean {
  return ctx.mem.isCutOff && !receiverRuns && upstream === undefined;
}

function cutOff(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || isCutOff(ctx, it.standby)) return undefined;
  const whose = it.suspicion === undefined ? 'nobody leads' : `${it.suspicion.leader} gives no sign of life`;
  return {
    why: `${whose}: the receiver is stopped, so that no commit is acknowledged for a leader that thaws`,
    steps: [startJob(ctx, { kind: 'cutOff', settings: settingsWith(ctx, undefined) }, LIMITS.cutOffMs)],
    events: [it.suspicion === undefined ? goneEvent(ctx) : suspectedEvent(it.suspicion)],
    wakeInMs: LIMITS.paceMs,
  };
}

function goneEvent({ obs }: Context): EventDraft {
  const { previous, manner } = obs.vacancy ?? {};
  const whose = previous === undefined ? '' : ` of ${previous.name}`;
  return {
    kind: 'leader.gone',
    text: `the leader key${whose} is gone${MANNER[manner ?? 'vanished']}`,
    evidence: { reign: previous?.reign ?? null, manner: manner ?? null },
  };
}

function suspectedEvent({ leader, reign, why, sinceMs, heardMs }: Suspicion): EventDraft {
  return { kind: 'leader.suspected', text: why, evidence: { leader, reign, silentMs: Math.round(sinceMs - heardMs) } };
}

function learnPosition(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || it.standby.replayedAll) return undefined;
  return {
    why: 'restarted: how far the WAL reaches is known only when replay has got to its end',
    wakeInMs: LIMITS.paceMs,
  };
}

/**
 * Everybody who elects takes a member of /sync to hold what it held. The only one that is found out is who led last; without
 * synchronous replication maximum_lag_on_failover judges it like any other.
 */
function putBack(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || unionOf(it.view).length === 0 || it.view.failover.value?.candidate === ctx.me)
    return undefined;
  if (!wasPutBack(ctx.me, it.view, positionOf(it.standby))) return undefined;
  const behind = sizeText(bytesBehind(it.view, positionOf(it.standby)));
  return {
    why: `the data here end ${behind} before what this member told of them: they were put back to an earlier state. Start the other synchronous members, or name a candidate with kornakctl failover`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
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
  if (ledLast(ctx.me, it.view)) return 0;
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

/** Whoever is not in /sync leads only by order of an operator, and no pledge keeps a leader that thaws from acknowledging then. */
function pledgesDecide(ctx: Context, view: ClusterView): boolean {
  const union = unionOf(view);
  return union.length > 0 && (containsName(union, ctx.me) || view.failover.value?.candidate !== ctx.me);
}

/** Asynchronous: the old leader may be inside its deadline as long as its lease could have been running. */
function waitOutDeadline(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || pledgesDecide(ctx, it.view)) return undefined;
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
  const able = memberOf(ctx, name)?.data.state === 'running' && !isNeverLeader(tagsOf(ctx, name));
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
  const lack = watchdogLacks(ctx);
  if (lack !== undefined) return `the watchdog is required and cannot be used: ${lack}`;
  const leftMs = ctx.mem.standAsideUntilMs - ctx.nowMs;
  return leftMs > 0 ? `others first for ${Math.ceil(leftMs / 1000)} s` : undefined;
}

/** Whoever led last may still write: its own agent, or people, must say that it does not. */
function unguardedLeader(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const last = it?.view.reign.value?.name;
  if (it === undefined || last === ctx.me || it.view.failover.value?.candidate === ctx.me) return undefined;
  // Where nobody can tell who led last, it may be any of those that are marked.
  const marked = it.view.unguarded.find(({ name }) => name !== ctx.me && (last === undefined || name === last))?.name;
  if (marked === undefined) return undefined;
  return {
    why: `a pause left the PostgreSQL of ${marked} unguarded, and nobody has seen it stop: start the agent of ${marked}, or name a candidate with kornakctl failover once ${marked} is surely down`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** In pause a request names who leads; the others only pledge for it. */
function awaitNamed(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || !ctx.paused || it.view.failover.value?.candidate === ctx.me) return undefined;
  return { why: 'PAUSE: waiting for the member that a request names', wakeInMs: LIMITS.primaryQuietMs };
}

function standAside(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined) return undefined;
  const { waitedMs } = it;
  const why = unableNow(ctx, waitedMs);
  if (why !== undefined) return { why, wakeInMs: LIMITS.paceMs };
  const request = it.view.failover.value;
  const named = namedCandidate(ctx, request, waitedMs);
  if (named !== undefined && named !== ctx.me)
    return { why: `${named} is to lead, as asked for`, wakeInMs: LIMITS.paceMs };
  const leaving = request?.leader === ctx.me && waitedMs < LIMITS.switchedAwayMs;
  return leaving && mayOthersLead(ctx)
    ? { why: 'switched away from this member: others first', wakeInMs: LIMITS.paceMs }
    : undefined;
}

export const VACANT_RULES: readonly Rule[] = [
  KEEP_PROMISE,
  ...BACKOFF_RULES,
  { id: 'V10', title: 'stop the receiver once nobody leads', match: cutOff },
  { id: 'V20', title: 'wait until the own position is known', match: learnPosition },
  { id: 'V25', title: 'vouch for nothing with data that were put back', match: putBack },
  { id: 'V30', title: 'pledge', match: pledge },
  ...NEVER_LEAD_RULES,
  { id: 'V40', title: 'no leader for a cluster without identity', match: unknownCluster },
  { id: 'V45', title: 'leave the lead to the last leader while /sync cannot be read', match: unreadableSync },
  NOT_LISTED,
  { id: 'V46', title: 'leave the key to whom a request names in pause', match: awaitNamed },
  { id: 'V48', title: 'no leader while the last one may be unguarded', match: unguardedLeader },
  { id: 'V50', title: 'wait out the deadline of a leader that vanished', match: waitOutDeadline },
  ...OUTAGE_RULES,
  { id: 'V60', title: 'stand aside for whom a request names, or while unable to lead', match: standAside },
  ...RACE_RULES,
];
