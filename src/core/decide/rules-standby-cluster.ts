// A standby cluster (spec: ha.md 5.2): whoever holds its key follows another cluster and writes nothing; the others follow it.
import type { Memory } from '../model/memory.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import type { Context, HeldLease, Rule, Ruling } from './context.ts';
import { hasNewSettings, settingsGiven, settingsWith, startJob } from './context.ts';
import { failsafeChore } from './failsafe-chore.ts';
import type { Chore } from './leading.ts';
import { LIMITS } from './limits.ts';
import { leadsStandby, remoteText, remoteToFollow } from './remote.ts';
import { releaseStep } from './release.ts';
import { slotChore, statusChore } from './slot-chores.ts';
import { chooseSuccessor } from './successor.ts';
import { dueOf } from './due.ts';
import { sameUpstream } from './upstream.ts';
import { surelyWritesNothing } from './writes-nothing.ts';

/** Replay that people have not paused is resumed from here on; see R57. */
const RESUMES_REPLAY = 140_000;

interface Led {
  readonly held: HeldLease;
  readonly standby: StandbyStatus;
}

function led(ctx: Context): Led | undefined {
  if (!leadsStandby(ctx) || ctx.held === undefined || ctx.standby === undefined) return undefined;
  return { held: ctx.held, standby: ctx.standby };
}

/** What was a primary until now: from its stop on nothing is acknowledged here any more. The key stays. */
function demote(ctx: Context): Ruling | undefined {
  if (ctx.config.standbyCluster === undefined || ctx.paused || ctx.held === undefined || ctx.primary === undefined)
    return undefined;
  if (ctx.mem.switchover !== undefined) return undefined;
  const why = 'standby_cluster stands in the configuration: PostgreSQL is stopped, to follow the other cluster';
  if (ctx.obs.job !== undefined)
    return { why, steps: [{ kind: 'cancelJob', why: 'the cluster is demoted' }], wakeInMs: LIMITS.paceMs };
  const job = { kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'demote-cluster', asStandby: true } as const;
  return {
    why,
    steps: [startJob(ctx, job, LIMITS.stopMs)],
    events: [
      {
        kind: 'cluster.demoted',
        text: `${ctx.me} is demoted: ${ctx.obs.self.scope} is a standby cluster from now on`,
        evidence: { timeline: ctx.primary.timeline },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Losing the lease takes nothing from a standby, so nothing is to be killed then. */
function standDown(ctx: Context): Ruling | undefined {
  const { held, mem } = ctx;
  if (!leadsStandby(ctx) || held?.unguarded !== false || ctx.paused || ctx.obs.job !== undefined) return undefined;
  // A key that may be gone already: until that is known, it stays as it was.
  if (!surelyWritesNothing(ctx) || mem.switchover?.releasedMs !== undefined) return undefined;
  return {
    why: 'the leader of a standby cluster writes nothing: the guard stands down',
    steps: [{ kind: 'standDown' }],
    memory: { servingReign: undefined, switchover: undefined },
    wakeInMs: LIMITS.paceMs,
  };
}

/** Nothing is written here, so nothing can be lost by letting go: the candidate goes on where this one was. */
function handOver(ctx: Context): Ruling | undefined {
  const it = led(ctx);
  const request = ctx.view?.failover.value;
  if (it === undefined || request === undefined || ctx.view === undefined || dueOf(ctx, request) !== 'now')
    return undefined;
  const successor = chooseSuccessor(ctx, request);
  if (successor.kind !== 'found') return undefined;
  const { name: candidate } = successor;
  const { reign } = it.held;
  const times = { shutdownLsn: undefined, stoppedMs: undefined, releasedMs: ctx.nowMs };
  return {
    why: `switchover to ${candidate}: the key of the standby cluster is released`,
    steps: [releaseStep(ctx, reign, undefined)],
    memory: { switchover: { reign, revision: ctx.view.failover.revision, candidate, ...times } },
    events: [
      { kind: 'switchover.started', text: `switchover from ${ctx.me} to ${candidate}`, evidence: { candidate } },
      { kind: 'leader.released', text: `${ctx.me} hands over to ${candidate}`, evidence: { reign } },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

function follow(ctx: Context): Ruling | undefined {
  const it = led(ctx);
  if (it === undefined) return undefined;
  const target = remoteToFollow(ctx);
  const { receiver } = it.standby;
  // What it was told may not have come through, and without its slot the other cluster keeps nothing for it.
  const usesSlot = receiver === undefined || receiver.slot === target?.slot;
  const isGiven = ctx.mem.remoteGiven === remoteText(target) && usesSlot;
  if (isGiven && sameUpstream(it.standby.upstream, target?.upstream)) return undefined;
  if (ctx.nowMs < ctx.mem.holdOffMs)
    return { why: 'following failed; waiting before the next try', wakeInMs: ctx.mem.holdOffMs - ctx.nowMs };
  const where = target?.member ?? 'the archive';
  return {
    why: `leads the standby cluster: following ${where}`,
    steps: [startJob(ctx, { kind: 'follow', follow: target, settings: settingsWith(ctx, undefined) }, LIMITS.followMs)],
    memory: { ...settingsGiven(ctx), role: 'replica', remoteGiven: remoteText(target) },
    events: [{ kind: 'member.following', text: `${ctx.me} leads the standby cluster and follows ${where}` }],
    wakeInMs: LIMITS.paceMs,
  };
}

function resumeReplay(ctx: Context): Ruling | undefined {
  const it = led(ctx);
  if (it === undefined || ctx.paused || !it.standby.replayPaused || it.standby.serverVersion < RESUMES_REPLAY)
    return undefined;
  return { why: 'replay is paused: resumed', steps: [{ kind: 'resumeReplay' }], wakeInMs: LIMITS.primaryQuietMs };
}

function applyConfig(ctx: Context): Ruling | undefined {
  if (led(ctx) === undefined || !hasNewSettings(ctx)) return undefined;
  const callback = { action: 'on_reload', role: 'standby_leader' } as const;
  return {
    why: 'changed configuration applied',
    steps: [{ kind: 'applySettings', settings: settingsWith(ctx, undefined), callback }],
    memory: settingsGiven(ctx),
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** WAL comes from the other cluster: what this one was is over, and with it whose votes once counted. */
function isFollowing(ctx: Context, { receiver, replayedAll }: StandbyStatus): boolean {
  return receiver?.status === 'streaming' || (remoteToFollow(ctx) === undefined && replayedAll);
}

/** Nobody acknowledges anything here. Until the other cluster is followed, /sync says who could go on in place of this one. */
function forgetSync(ctx: Context, { held, standby }: Led): Chore | undefined {
  const sync = ctx.view?.sync;
  if (sync?.value.leader === undefined || !isFollowing(ctx, standby)) return undefined;
  return {
    why: 'nobody waits for standbys in a standby cluster: /sync is deleted',
    steps: [{ kind: 'deleteSync', reign: held.reign, revision: sync.revision }],
    events: [
      { kind: 'sync.changed', text: 'a standby cluster has no synchronous standbys', evidence: { voters: null } },
    ],
  };
}

const CHORES: readonly ((ctx: Context, it: Led) => Chore | undefined)[] = [
  forgetSync,
  (ctx) => statusChore(ctx),
  (ctx, { held }) => failsafeChore({ ctx, held }),
  // Last: a slot that cannot be dropped keeps nothing else from being done.
  (ctx) => slotChore(ctx, false),
];

function upkeep(ctx: Context): Ruling | undefined {
  const it = led(ctx);
  if (it === undefined || ctx.view === undefined || ctx.view.revision < it.held.reign) return undefined;
  const chores = CHORES.map((chore) => chore(ctx, it)).filter((chore) => chore !== undefined);
  if (chores.length === 0) return undefined;
  return {
    why: chores.map((chore) => chore.why).join('; '),
    steps: chores.flatMap((chore) => chore.steps),
    memory: chores.reduce<Partial<Memory>>((all, chore) => ({ ...all, ...chore.memory }), {}),
    events: chores.flatMap((chore) => chore.events ?? []),
    wakeInMs: chores.some((chore) => chore.soon === true) ? LIMITS.paceMs : LIMITS.primaryQuietMs,
  };
}

/** A standby that failed to connect waits for seconds before it tries again; a reload ends that wait. */
function nudge(ctx: Context): Ruling | undefined {
  const it = led(ctx);
  if (it === undefined || it.standby.receiverRuns || it.standby.upstream === undefined) return undefined;
  if (ctx.nowMs - ctx.mem.nudgedMs < LIMITS.nudgeRemoteMs) return undefined;
  return {
    why: `not connected to ${remoteToFollow(ctx)?.member}: asked to try again at once`,
    steps: [{ kind: 'applySettings', settings: settingsWith(ctx, undefined) }],
    memory: { nudgedMs: ctx.nowMs },
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

function lead(ctx: Context): Ruling | undefined {
  if (!leadsStandby(ctx) || ctx.obs.postgres.postmaster === undefined) return undefined;
  if (ctx.standby === undefined)
    return { why: 'leads the standby cluster; PostgreSQL does not answer yet', wakeInMs: LIMITS.primaryQuietMs };
  return { why: `no action. I am (${ctx.me}), the standby leader with the lock`, wakeInMs: LIMITS.primaryQuietMs };
}

/**
 * Nobody follows another cluster any more: who is promoted has a reign of its own for that, with a guard, a timeline that nobody
 * has used, and /sync as it stands.
 */
function endReign(ctx: Context): Ruling | undefined {
  const { held, mem } = ctx;
  const isOver = ctx.config.standbyCluster === undefined && mem.standbyLedMs !== undefined;
  if (!isOver || held === undefined || ctx.standby === undefined) return undefined;
  return {
    why: 'standby_cluster is taken out of the configuration: the key is released, for a primary to be elected',
    steps: [releaseStep(ctx, held.reign, undefined)],
    events: [
      {
        kind: 'leader.released',
        text: `${ctx.me} ends the reign of a standby cluster: a primary is elected`,
        evidence: { reign: held.reign },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Nothing changes roles by itself in pause; the reign of a standby cluster's leader is kept for its end. */
function awaitResume(ctx: Context): Ruling | undefined {
  const isOver = ctx.config.standbyCluster === undefined && ctx.mem.standbyLedMs !== undefined;
  if (!ctx.paused || !isOver || ctx.held === undefined || ctx.standby === undefined) return undefined;
  return {
    why: 'PAUSE: standby_cluster is taken out of the configuration; promoted when the pause ends',
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

/** Asked before a switchover, and before anything that would start what was stopped as a primary. */
export const DEMOTE_RULES: readonly Rule[] = [
  { id: 'C10', title: 'demote the primary of a standby cluster', match: demote },
  { id: 'C15', title: 'stand the guard down where the leader of a standby cluster writes nothing', match: standDown },
  { id: 'C20', title: 'promote nobody before the pause ends', match: awaitResume },
  { id: 'C25', title: 'end the reign of what was a standby cluster, for a primary to be elected', match: endReign },
];

/** Asked before it is looked why the other cluster is not followed. */
export const STANDBY_LEADER_RULES: readonly Rule[] = [
  { id: 'C30', title: 'hand a standby cluster over', match: handOver },
  { id: 'C40', title: 'follow the other cluster', match: follow },
  { id: 'C45', title: 'resume replay that was paused on the leader of a standby cluster', match: resumeReplay },
  { id: 'C50', title: 'apply a changed configuration to the leader of a standby cluster', match: applyConfig },
];

export const STANDBY_UPKEEP_RULES: readonly Rule[] = [
  { id: 'C60', title: 'have the leader of a standby cluster connect again', match: nudge },
  { id: 'C70', title: 'upkeep of a standby cluster: /sync, position, failsafe, slots', match: upkeep },
  { id: 'C90', title: 'lead a standby cluster', match: lead },
];
