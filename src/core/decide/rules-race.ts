import { type Contender, contenders } from '../election/contenders.ts';
import { elect, type ElectionResult, standingPledges, unionOf } from '../election/election.ts';
import { bytesBehind, clusterTimeline, holdsEverything } from '../election/remembered.ts';
import { containsName } from '../election/union.ts';
import type { ClusterView, Pledge } from '../model/cluster.ts';
import { positionToText } from '../model/lsn.ts';
import type { PeerStatus } from '../model/observation.ts';
import type { Seen } from '../model/seen.ts';
import { sizeText } from '../model/size-text.ts';
import { failoverPriority, isNeverLeader } from '../model/tags.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { failsafeListed } from './failsafe.ts';
import { LIMITS } from './limits.ts';
import { takeOverOf } from './take-over.ts';
import { formerLeader, positionOf, vacant, type Vacant } from './vacant.ts';

function mayBeAlive({ obs }: Context, { view, suspicion }: Vacant): boolean {
  // That no WAL arrives is among what a leader is suspected for.
  return suspicion === undefined && view.failover.value?.candidate === undefined && obs.vacancy?.manner !== 'released';
}

/**
 * `primary_race_backoff`: WAL that still arrives tells of a leader that lives and only lost its key. Without such evidence there
 * is nothing to hold back for.
 */
function holdBack(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const { primaryRaceBackoffMs, paused } = ctx.config;
  if (it === undefined || paused || it.waitedMs >= primaryRaceBackoffMs || !mayBeAlive(ctx, it)) return undefined;
  const { received } = ctx.mem;
  const isMoving = received !== undefined && ctx.nowMs - received.movedMs < LIMITS.streamingMs;
  if (!isMoving || it.standby.receiver?.status !== 'streaming') return undefined;
  return { why: 'wal position moved since last heart beat loop', wakeInMs: LIMITS.paceMs };
}

/** The contract has these words for it. It pledges all the same: what it holds counts. */
function neverLead(ctx: Context): Ruling | undefined {
  if (vacant(ctx) === undefined || !isNeverLeader(ctx.obs.self.tags)) return undefined;
  return { why: 'following a different leader because I am not allowed to promote', wakeInMs: LIMITS.primaryQuietMs };
}

/**
 * This member followed leaders, and saw the key of the last one go. To have seen the key alone is nothing: it outlives a leader
 * that lost its power with everybody else.
 */
function sawTheEnd(ctx: Context, { view, suspicion }: Vacant): boolean {
  if (suspicion !== undefined) return true;
  const previous = ctx.obs.vacancy?.previous;
  return ctx.mem.hasStreamed && previous !== undefined && previous.reign >= view.reign.revision;
}

function isNamed(ctx: Context, view: ClusterView): boolean {
  return view.failover.value?.candidate === ctx.me;
}

/**
 * After an outage of everything the first who is back may not be the one who has most. With synchronous replication the pledges
 * tell; without, only who led last surely has everything, and it is waited for as long as a primary may take to start.
 */
function awaitLastLeader(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || unionOf(it.view).length > 0 || sawTheEnd(ctx, it) || isNamed(ctx, it.view)) return undefined;
  const last = it.view.reign.value?.name;
  const leftMs = ctx.config.primaryStartTimeoutMs - it.waitedMs;
  if (last === undefined || last === ctx.me || leftMs <= 0) return undefined;
  const pledges = standingPledges(it.view);
  if (holdsEverything(it.view, positionOf(it.standby)) || pledges.some((pledge) => pledge.name === last))
    return undefined;
  const behind = [positionOf(it.standby), ...pledges.map((pledge) => pledge.position)]
    .map((position) => bytesBehind(it.view, position))
    .reduce((least, each) => (each < least ? each : least));
  const what =
    behind > 0n ? `it holds at least ${sizeText(behind)}` : 'it may hold WAL behind the position that it last told';
  return {
    why:
      `waiting for ${last}, which led last: ${what} that nobody here has; for ${Math.ceil(leftMs / 1000)} s more, ` +
      'unless it comes back or a failover names a candidate',
    wakeInMs: Math.min(leftMs, LIMITS.primaryQuietMs),
  };
}

/** Whoever is not in /sync may lack acknowledged commits: it leads only where an operator names it, and those who are have not come. */
function outsider(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const union = it === undefined ? [] : unionOf(it.view);
  if (it === undefined || union.length === 0 || containsName(union, ctx.me)) return undefined;
  const why = `not taking the key: not among the synchronous members ${union.join(', ')}`;
  const isOrdered = isNamed(ctx, it.view) && it.view.failover.value?.leader === undefined;
  if (!isOrdered) return { why, wakeInMs: LIMITS.primaryQuietMs };
  const leftMs = LIMITS.outsiderWaitMs - it.waitedMs;
  if (leftMs > 0)
    return {
      why: `${why}; they have ${Math.ceil(leftMs / 1000)} s to come before it is done as ordered`,
      wakeInMs: LIMITS.primaryQuietMs,
    };
  const mine = standingPledges(it.view).filter((pledge) => pledge.name === ctx.me);
  return take(ctx, it, {
    counted: mine,
    why: `ordered by an operator, though commits that only ${union.join(', ')} hold are lost`,
  });
}

function lagging(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || unionOf(it.view).length > 0 || isNamed(ctx, it.view)) return undefined;
  const behind = bytesBehind(it.view, positionOf(it.standby));
  if (behind <= BigInt(ctx.config.maximumLagOnFailoverBytes)) return undefined;
  return {
    why: `${behind} bytes behind the last known position of the leader: more than maximum_lag_on_failover`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

function onOldTimeline(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  if (it === undefined || !ctx.config.checkTimeline || isNamed(ctx, it.view)) return undefined;
  const [own, cluster] = [it.standby.timeline, clusterTimeline(it.view)];
  if (own >= cluster) return undefined;
  return {
    why: `on timeline ${own}, while the cluster is on ${cluster}: check_timeline`,
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** Answers from before the key went say nothing about who writes now; no answer then is none now. */
function answersSince(ctx: Context, sinceMs: number): ReadonlyMap<string, Seen<PeerStatus>> {
  return new Map([...ctx.obs.peers].filter(([, answer]) => answer.kind === 'unknown' || answer.atMs >= sinceMs));
}

/** Everybody's standing while nobody leads, as this member knows it. */
function fieldOf(ctx: Context, it: Vacant): readonly Contender[] {
  const { maximumLagOnFailoverBytes: maximumLagBytes, checkTimeline } = ctx.config;
  const self = { name: ctx.me, tags: ctx.obs.self.tags, position: positionOf(it.standby) };
  return contenders({ view: it.view, peers: answersSince(ctx, it.sinceMs), maximumLagBytes, checkTimeline, self });
}

/** In /failsafe, and not known to the store again after an outage: they could lead, too. */
function notBackYet(ctx: Context, it: Vacant): readonly string[] {
  const known = new Set([formerLeader(ctx, it), ...it.view.members.map((member) => member.name)]);
  return [...(failsafeListed(ctx) ?? [])].filter((name) => !known.has(name));
}

function resultOf(ctx: Context, it: Vacant): ElectionResult {
  const { view, waitedMs, sinceMs } = it;
  const answers = answersSince(ctx, sinceMs);
  const former = formerLeader(ctx, it);
  const up = view.members.filter(
    ({ name, data }) =>
      data.state === 'running' &&
      data.role !== 'primary' &&
      name !== ctx.me &&
      name !== former &&
      answers.get(name)?.kind !== 'unknown',
  );
  const canPledge = (name: string): boolean =>
    up.some((each) => each.name === name && each.data.kornak?.can.includes('pledge') === true);
  const names = up.map((member) => member.name);
  return elect(
    view,
    {
      name: ctx.me,
      position: positionOf(it.standby),
      priority: failoverPriority(ctx.obs.self.tags),
      field: fieldOf(ctx, it),
      expected: [...names.filter(canPledge), ...notBackYet(ctx, it)],
      unasked: names.filter((name) => !canPledge(name) && answers.get(name) === undefined),
      named: view.failover.value?.candidate,
      leaving: view.failover.value?.leader,
    },
    {
      pledgesOver: waitedMs >= LIMITS.pledgeWaitMs,
      betterOver: (name) => {
        const { better } = ctx.mem;
        return better?.name === name && ctx.nowMs - better.sinceMs >= betterWaitMs(ctx, it);
      },
    },
  );
}

/** Who comes back after an outage waits out a deadline first. */
function betterWaitMs(ctx: Context, it: Vacant): number {
  return sawTheEnd(ctx, it) ? LIMITS.betterWaitMs : LIMITS.betterWaitMs + ctx.config.leaderTtlMs;
}

function awaitPledges(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const result = it === undefined ? undefined : resultOf(ctx, it);
  if (result?.kind !== 'wait' || result.for !== 'pledges') return undefined;
  return { why: `not taking the key: ${result.why}`, wakeInMs: LIMITS.paceMs };
}

function awaitBetter(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const result = it === undefined ? undefined : resultOf(ctx, it);
  if (result?.kind !== 'wait' || result.for !== 'better') return undefined;
  const { better } = ctx.mem;
  const since = better?.name === result.name ? better : { name: result.name, sinceMs: ctx.nowMs };
  return { why: result.why, memory: { better: since }, wakeInMs: LIMITS.paceMs };
}

function run(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const result = it === undefined ? undefined : resultOf(ctx, it);
  return it === undefined || result?.kind !== 'take' ? undefined : take(ctx, it, result);
}

function cannot(ctx: Context): Ruling | undefined {
  const it = vacant(ctx);
  const result = it === undefined ? undefined : resultOf(ctx, it);
  if (result?.kind !== 'no') return undefined;
  return { why: `not taking the key: ${result.why}`, wakeInMs: LIMITS.nudgeMs };
}

function take(
  ctx: Context,
  it: Vacant,
  { counted, why }: { readonly counted: readonly Pledge[]; readonly why: string },
): Ruling {
  const takeOver = { ...takeOverOf(ctx, it.view, counted), revokes: it.suspicion?.reign };
  const from = it.suspicion === undefined ? '' : ` of ${it.suspicion.leader}, whose reign is revoked`;
  const behind = bytesBehind(it.view, positionOf(it.standby));
  const loss = behind > 0n ? `; ${sizeText(behind)} behind the last known position of the leader` : '';
  return {
    why: `takes the leader key${from}: ${why}`,
    steps: [{ kind: 'takeKey', takeOver }],
    events: [
      {
        kind: 'leader.acquired',
        text: `${ctx.me} goes for the leader key${from}: ${why}${loss}`,
        evidence: {
          previous: formerLeader(ctx, it) ?? null,
          manner: it.suspicion === undefined ? (ctx.obs.vacancy?.manner ?? null) : 'revoked',
          vacantMs: it.waitedMs,
          pledges: counted.map((item) => `${item.name} ${positionToText(item.position)}`).join('; '),
          timeline: takeOver.timeline,
          behindBytes: behind.toString(),
        },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

export const BACKOFF_RULES: readonly Rule[] = [
  { id: 'V05', title: 'hold back while WAL still arrives', match: holdBack },
];

export const NEVER_LEAD_RULES: readonly Rule[] = [{ id: 'V35', title: 'never lead by its tags', match: neverLead }];

export const OUTAGE_RULES: readonly Rule[] = [
  { id: 'V55', title: 'after an outage, wait for who led last', match: awaitLastLeader },
];

export const RACE_RULES: readonly Rule[] = [
  { id: 'V65', title: 'leave the key to the synchronous members', match: outsider },
  { id: 'V70', title: 'too far behind to lead', match: lagging },
  { id: 'V72', title: 'on too old a timeline to lead', match: onOldTimeline },
  { id: 'V76', title: 'wait for pledges and answers', match: awaitPledges },
  { id: 'V78', title: 'leave the key to a better candidate', match: awaitBetter },
  { id: 'V80', title: 'take the key', match: run },
  { id: 'V85', title: 'not enough to lead', match: cannot },
];
