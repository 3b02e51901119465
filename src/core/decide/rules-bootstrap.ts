import type { ClusterView } from '../model/cluster.ts';
import type { FollowTarget } from '../model/job.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { cloneSource } from './clone-source.ts';
import { isTagged, leaderServes, settingsWith, startJob } from './context.ts';
import { healing, isVoter } from './healing.ts';
import { askToLeaveSync } from './leave-sync.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { leadsStandby } from './remote.ts';
import { COPY_CLUSTER_RULES, copyMethods } from './rules-copy-cluster.ts';
import { takeOverOf } from './take-over.ts';
import { slotNameOf } from '../layout/slot-name.ts';
import { isSystemId } from './rules-identity.ts';
import { watchdogLacks } from './rules-watchdog.ts';

function requestId(ctx: Context): number | undefined {
  return ctx.obs.requests.find((request) => request.kind === 'bootstrap')?.id ?? ctx.mem.bootstrapRequest;
}

/** `kornakctl bootstrap` where nothing is to be initialised. */
function refuseRequest(ctx: Context): Ruling | undefined {
  const request = ctx.obs.requests.find((item) => item.kind === 'bootstrap');
  if (request === undefined || ctx.view === undefined) return undefined;
  const underWay = isMine(ctx) || ctx.obs.postgres.data.kind === 'cluster';
  if (ctx.mem.bootstrapRequest === request.id && underWay) return undefined;
  const reason = refusal(ctx);
  if (reason === undefined) return undefined;
  return {
    why: `bootstrap refused: ${reason}`,
    steps: [{ kind: 'answer', requestId: request.id, ok: false, text: reason }],
    memory: { bootstrapRequest: undefined },
    wakeInMs: LIMITS.paceMs,
  };
}

function refusal(ctx: Context): string | undefined {
  return ctx.view === undefined ? undefined : (refusalByStore(ctx, ctx.view) ?? refusalByData(ctx));
}

function refusalByStore(ctx: Context, { initialize, bootstrapper }: ClusterView): string | undefined {
  if (ctx.leader !== undefined) return `the cluster exists: ${ctx.leader.name} leads it`;
  if (initialize.revision === 0) return undefined;
  if (initialize.value !== '') return `the cluster exists: its system identifier is ${initialize.value}`;
  return bootstrapper === ctx.me ? undefined : `${bootstrapper ?? 'another member'} is initialising the cluster`;
}

function refusalByData(ctx: Context): string | undefined {
  const { data } = ctx.obs.postgres;
  if (data.kind === 'foreign') return `the data directory is in the way: ${data.what}`;
  if (data.kind === 'cluster') return 'the data directory holds a cluster already';
  if (data.kind === 'unreadable') return `the data directory cannot be read: ${data.why}`;
  return undefined;
}

function answerServing(ctx: Context): Ruling | undefined {
  const id = ctx.mem.bootstrapRequest;
  const serves = ctx.primary !== undefined || (leadsStandby(ctx) && ctx.standby !== undefined);
  if (id === undefined || !serves || ctx.held === undefined) return undefined;
  const text = `${ctx.obs.self.scope} is initialised, ${ctx.me} leads it`;
  return {
    why: text,
    steps: [{ kind: 'answer', requestId: id, ok: true, text }],
    memory: { bootstrapRequest: undefined },
    wakeInMs: 0,
  };
}

function isMine(ctx: Context): boolean {
  return ctx.view?.initialize.value === '' && ctx.view.bootstrapper === ctx.me;
}

/** An agent that ended while it made a cluster leaves the server with which it did, which nobody else reaches. */
function endLeftServer(ctx: Context, work: string): Ruling {
  const why = `an earlier agent left PostgreSQL running in an unfinished ${work}`;
  return {
    why: `${why}: stopped`,
    steps: [startJob(ctx, { kind: 'stop', mode: 'immediate', checkpointFirst: false, why }, LIMITS.stopMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

/** What an interrupted bootstrap, clone or rewind left is put aside, never started and never deleted. */
function setAside(ctx: Context): Ruling | undefined {
  const { data, postmaster } = ctx.obs.postgres;
  if (data.kind !== 'unfinished' || ctx.nowMs < ctx.mem.holdOffMs) return undefined;
  if (postmaster !== undefined) return endLeftServer(ctx, data.work);
  return {
    why: `an unfinished ${data.work} is put aside`,
    steps: [startJob(ctx, { kind: 'setAside', work: data.work }, LIMITS.setAsideMs)],
    wakeInMs: LIMITS.paceMs,
  };
}

function giveUp(ctx: Context): Ruling | undefined {
  if (!isMine(ctx) || ctx.view === undefined || ctx.obs.postgres.data.kind !== 'empty' || !ctx.mem.bootstrapFailed)
    return undefined;
  const cancel = { kind: 'cancelInitialize', revision: ctx.view.initialize.revision } as const;
  const id = ctx.obs.requests.find((request) => request.kind === 'bootstrap')?.id;
  if (id === undefined)
    return {
      why: 'bootstrap failed',
      steps: [
        cancel,
        { kind: 'exit', code: 1, why: 'bootstrap failed; what it left is kept beside the data directory' },
      ],
    };
  const text = 'bootstrap failed; the log of the agent has the reason';
  return {
    why: text,
    steps: [cancel, { kind: 'answer', requestId: id, ok: false, text }],
    memory: { bootstrapRequest: undefined },
  };
}

function begin(ctx: Context): Ruling | undefined {
  if (!isMine(ctx) || ctx.obs.postgres.data.kind !== 'empty' || ctx.config.standbyCluster !== undefined)
    return undefined;
  return {
    why: 'this member initialises the cluster',
    steps: [startJob(ctx, { kind: 'bootstrap', settings: settingsWith(ctx, undefined) }, LIMITS.cloneMs)],
    events: [{ kind: 'cluster.bootstrapped', text: `${ctx.me} initialises ${ctx.obs.self.scope}` }],
  };
}

/** The new cluster is whole, and nobody else can have it: its first reign begins before it is started. */
function takeFirstKey(ctx: Context): Ruling | undefined {
  const { data, postmaster } = ctx.obs.postgres;
  if (
    !isMine(ctx) ||
    ctx.view === undefined ||
    data.kind !== 'cluster' ||
    ctx.leader !== undefined ||
    ctx.held !== undefined
  )
    return undefined;
  if (postmaster !== undefined || data.control.state !== 'shut down') return undefined;
  // One that was restored may be on a later timeline; nobody but this member has it.
  const takeOver = { ...takeOverOf(ctx, ctx.view), timeline: data.control.checkpointTimeline };
  return {
    why: 'the new cluster is whole: its leader key is taken',
    steps: [{ kind: 'takeKey', takeOver }],
    events: [{ kind: 'leader.acquired', text: `${ctx.me} takes the leader key of the new cluster` }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Who makes a cluster leads it. */
function refuseFor(lack: string, asked: number | undefined): Ruling {
  const why = `no cluster is made here: the watchdog is required and cannot be used: ${lack}`;
  const steps = asked === undefined ? [] : [{ kind: 'answer', requestId: asked, ok: false, text: why } as const];
  return { why, steps, wakeInMs: LIMITS.primaryQuietMs };
}

function race(ctx: Context): Ruling | undefined {
  const { view } = ctx;
  if (view === undefined || ctx.leader !== undefined || view.initialize.revision !== 0) return undefined;
  if (ctx.obs.postgres.data.kind !== 'empty') return undefined;
  const asked = requestId(ctx);
  if (asked === undefined && (!ctx.obs.self.mayBootstrap || isTagged(ctx, ctx.me, 'nofailover'))) return undefined;
  const lack = watchdogLacks(ctx);
  if (lack !== undefined) return refuseFor(lack, asked);
  return {
    why: 'no cluster yet: /initialize is raced for',
    steps: [{ kind: 'raceInitialize' }],
    memory: { bootstrapRequest: asked, bootstrapFailed: false },
    wakeInMs: LIMITS.paceMs,
  };
}

/** No data, a cluster, and a leader of it other than this member. */
function isToClone({ obs, view, leader, me }: Context): boolean {
  return obs.postgres.data.kind === 'empty' && view !== undefined && leader !== undefined && leader.name !== me;
}

/** Whoever elects by /sync takes it to hold what its lost disk held; a copy of another standby, or of a backup, may not (F9). */
function leaveSync(ctx: Context): Ruling | undefined {
  if (!isToClone(ctx) || !isVoter(ctx)) return undefined;
  return {
    why: 'no data, though /sync counts on them: waiting to be out of /sync before it is cloned',
    memory: askToLeaveSync(ctx),
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

function clone(ctx: Context): Ruling | undefined {
  const { leader, view, mem } = ctx;
  if (!isToClone(ctx) || view === undefined || leader === undefined) return undefined;
  const from = cloneSource(ctx, leader.name);
  if (!leaderServes(ctx) || from === undefined)
    return { why: `waiting for ${leader.name} to serve before cloning from it`, wakeInMs: LIMITS.primaryQuietMs };
  if (ctx.nowMs < mem.holdOffMs)
    return { why: 'the last clone failed; waiting before the next', wakeInMs: mem.holdOffMs - ctx.nowMs };
  return (
    awaitSlot(ctx, leader.name, view) ?? begunClone(ctx, isSlotTold(ctx, view) ? from : { ...from, slot: undefined })
  );
}

/** The leader tells that it keeps our slot. It keeps none for a member without streaming, nor where another is to keep it. */
function isSlotTold(ctx: Context, view: ClusterView): boolean {
  return ctx.config.useSlots && Object.hasOwn(view.status.slots, slotNameOf(ctx.me));
}

/** WAL written during the copy stays on the leader only for a slot. */
function awaitSlot(ctx: Context, leader: string, view: ClusterView): Ruling | undefined {
  const wantedMs = ctx.mem.cloneWantedMs ?? ctx.nowMs;
  const isThere = isSlotTold(ctx, view) || !ctx.config.useSlots || isTagged(ctx, ctx.me, 'nostream');
  if (isThere || ctx.nowMs - wantedMs >= LIMITS.slotWaitMs) return undefined;
  return {
    why: `waiting for ${leader} to make our slot`,
    memory: { cloneWantedMs: wantedMs },
    wakeInMs: LIMITS.primaryQuietMs,
  };
}

function begunClone(ctx: Context, from: FollowTarget): Ruling {
  const how = ctx.mem.reclone?.fromLeader === true ? { byBasebackup: true } : {};
  return {
    why: `no data: cloned from ${from.member}`,
    ...healing(ctx, 'clone', ctx.mem.cloneTries + 1, ctx.mem.reclone?.why ?? 'it has no data'),
    steps: [
      startJob(
        ctx,
        { kind: 'clone', from, settings: settingsWith(ctx, undefined), ...copyMethods(ctx), ...how },
        LIMITS.cloneMs,
      ),
    ],
  };
}

/**
 * Nobody has led for long, and a program of the user's fills the directory without a leader. What it brings follows whoever leads
 * next; whether it leads itself is for the race to say, by how far the last leader's WAL reached.
 */
function restore(ctx: Context): Ruling | undefined {
  const { view, mem, obs } = ctx;
  if (view === undefined || ctx.leader !== undefined || obs.postgres.data.kind !== 'empty') return undefined;
  // Without an identity in the store the members that have data come first, however late they are.
  if (obs.self.restoresAlone !== true || !isSystemId(view.initialize.value)) return undefined;
  const leftMs = (mem.candidateSinceMs ?? ctx.nowMs) + ctx.config.ttlMs - ctx.nowMs;
  if (leftMs > 0)
    return {
      why: `no data, and nobody leads: restored from a backup if nobody does in ${Math.ceil(leftMs / 1000)} s`,
      wakeInMs: Math.min(leftMs, LIMITS.primaryQuietMs),
    };
  if (isVoter(ctx))
    return {
      why: 'no data, though /sync counts on them: not restored from a backup, which may lack commits, before somebody leads',
      wakeInMs: LIMITS.primaryQuietMs,
    };
  if (ctx.nowMs < mem.holdOffMs)
    return { why: 'the last restore failed; waiting before the next', wakeInMs: mem.holdOffMs - ctx.nowMs };
  return {
    why: 'no data, and nobody leads: restored from a backup',
    ...healing(ctx, 'clone', mem.cloneTries + 1, 'it has no data, and nobody leads'),
    steps: [
      startJob(
        ctx,
        { kind: 'clone', from: undefined, settings: settingsWith(ctx, undefined), ...copyMethods(ctx) },
        LIMITS.cloneMs,
      ),
    ],
  };
}

function waitForCluster(ctx: Context): Ruling | undefined {
  const { data } = ctx.obs.postgres;
  if (data.kind === 'cluster') return undefined;
  if (data.kind === 'foreign') return { why: `the data directory is not empty and holds no cluster: ${data.what}` };
  if (data.kind === 'unfinished' && ctx.mem.asideRefused !== undefined)
    return { why: `an unfinished ${data.work} cannot be put aside: ${ctx.mem.asideRefused}` };
  if (data.kind === 'unreadable') return { why: `the data directory cannot be read: ${data.why}` };
  const who =
    ctx.view?.initialize.value === ''
      ? `${ctx.view.bootstrapper ?? 'another member'} to initialise the cluster`
      : 'a leader to clone from';
  const hint =
    ctx.view?.initialize.revision === 0 && !ctx.obs.self.mayBootstrap
      ? ' (no bootstrap section: run kornakctl bootstrap)'
      : '';
  return { why: `waiting for ${who}${hint}` };
}

/** Whoever leads without a cluster keeps everybody else from leading for as long as a start may take. */
function giveUpKey(ctx: Context): Ruling | undefined {
  const { data, postmaster } = ctx.obs.postgres;
  if (ctx.held === undefined || postmaster !== undefined || ctx.view === undefined) return undefined;
  // The leader of a standby cluster copies the other one, and whoever led in its stead would do the same.
  if (data.kind === 'empty' && leadsStandby(ctx)) return undefined;
  if (data.kind === 'unfinished' && leadsStandby(ctx)) return undefined;
  if (data.kind === 'cluster' || data.kind === 'unreadable') return undefined;
  const why = `the data directory is ${data.kind}: nothing here can lead`;
  return {
    why,
    steps: [releaseStep(ctx, ctx.held.reign, undefined)],
    events: [
      { kind: 'leader.released', text: `${ctx.me} releases the leader key: ${why}`, evidence: { data: data.kind } },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

export const BOOTSTRAP_RULES: readonly Rule[] = [
  { id: 'B05', title: 'give up the key where there is no cluster any more', match: giveUpKey },
  { id: 'B10', title: 'refuse to initialise what exists', match: refuseRequest },
  { id: 'B20', title: 'tell that the new cluster serves', match: answerServing },
  { id: 'B30', title: 'put aside unfinished work', match: setAside },
  { id: 'B40', title: 'give up a failed bootstrap', match: giveUp },
  ...COPY_CLUSTER_RULES,
  { id: 'B50', title: 'initialise the cluster', match: begin },
  { id: 'B55', title: 'take the first leader key', match: takeFirstKey },
  { id: 'B60', title: 'race for the right to initialise', match: race },
  { id: 'B65', title: 'be out of /sync before an empty directory is filled', match: leaveSync },
  { id: 'B70', title: 'clone from the leader', match: clone },
  { id: 'B75', title: 'restore from a backup while nobody leads', match: restore },
  { id: 'B80', title: 'wait for a cluster to join', match: waitForCluster },
];
