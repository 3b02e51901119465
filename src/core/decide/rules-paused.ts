// A paused cluster: nothing happens by itself. The leader stands down its guard once a mark in the store says so, and holds its
// key on a lease that nothing enforces (docs/adr/0012).
import type { ClusterView } from '../model/cluster.ts';
import type { Step, TakeOver } from '../model/plan.ts';
import { parseSyncNames } from '../sync/sync-names.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { memberOf } from './context.ts';
import { UNKNOWN_MAP } from './failsafe.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { needsLease } from './rules-busy.ts';
import { isSystemId, localSystemId } from './rules-identity.ts';
import { takeOverOf } from './take-over.ts';
import { tellOutcome } from './rules-restart.ts';
import { surelyWritesNothing } from './writes-nothing.ts';

/** Nothing here may be fenced and nothing may be taken away: `why` is told, and that is all. */
function nothing(why: string): Ruling {
  return { why: `PAUSE: ${why}`, wakeInMs: LIMITS.primaryQuietMs };
}

function soon(why: string, steps: readonly Step[]): Ruling {
  return { why: `PAUSE: ${why}`, steps, wakeInMs: LIMITS.paceMs };
}

/** What must stand before the guard is disarmed, in this order. */
function markSteps(ctx: Context, view: ClusterView): readonly Step[] {
  const note: readonly Step[] = ctx.obs.postgres.pauseNoted ? [] : [{ kind: 'notePause', paused: true }];
  if (ctx.mark !== undefined && ctx.mark.reign === view.reign.revision) return note;
  return [
    ...note,
    {
      kind: 'markUnguarded',
      systemId: localSystemId(ctx) ?? '',
      reignRevision: view.reign.revision,
      configRevision: view.config.revision,
    },
  ];
}

/** The key may only be left by somebody who says so: the mark first, then the guard. */
function standDown(ctx: Context): Ruling | undefined {
  const { held, view, obs } = ctx;
  if (!ctx.paused || view === undefined || held === undefined) return undefined;
  // An order that nobody answered may have reached the guard late.
  // One that led a standby cluster had no need of a mark before people promoted it.
  const isKnown = ctx.mark !== undefined || !ctx.mayWrite || ctx.mem.standbyLedMs === undefined;
  if (held.unguarded && obs.guard.kind !== 'armed' && isKnown) return undefined;
  if (ctx.leader?.reign !== held.reign || obs.postgres.postmaster === undefined) return undefined;
  return {
    ...soon('the guard stands down, once a mark in the store says so', [
      ...markSteps(ctx, view),
      { kind: 'standDown' },
    ]),
    events: [{ kind: 'cluster.paused', text: `${ctx.me} leads unguarded while the cluster is paused` }],
  };
}

function askedToLeave(ctx: Context): Ruling | undefined {
  if (!ctx.paused || !ctx.obs.requests.some((request) => request.kind === 'shutdown')) return undefined;
  const why = 'asked to shut down: PostgreSQL and the keys are left alone';
  const { job } = ctx.obs;
  // The work is this agent's own, and ends with it.
  if (job !== undefined) return undefined;
  return { why: `PAUSE: ${why}`, steps: [{ kind: 'exit', code: 0, why: `in pause ${why}` }] };
}

/** A primary of a paused cluster that holds no lease; one whose guarded lease was lost is fenced as ever. */
function unled(ctx: Context): ClusterView | undefined {
  const { view, obs } = ctx;
  if (!ctx.paused || view === undefined || !ctx.mayWrite || obs.lease.kind !== 'none') return undefined;
  return view;
}

function isForeign(ctx: Context, view: ClusterView): boolean {
  const theirs = view.initialize.value;
  return isSystemId(theirs) && localSystemId(ctx) !== theirs;
}

function warnForeign(ctx: Context): Ruling | undefined {
  if (!ctx.paused || ctx.view === undefined || localSystemId(ctx) === undefined || !isForeign(ctx, ctx.view))
    return undefined;
  const why = `the data directory belongs to another cluster: its system identifier is ${localSystemId(ctx)}, /initialize says ${ctx.view.initialize.value}; this member is refused when the pause ends`;
  if (ctx.held === undefined) return nothing(why);
  return soon(why, [releaseStep(ctx, ctx.held.reign, undefined)]);
}

/** The guard of an earlier agent stands until the mark does; of a reign that is over it keeps its deadline. */
function standDownAlone(ctx: Context): Ruling | undefined {
  const view = unled(ctx);
  if (view === undefined || ctx.obs.guard.kind !== 'armed' || view.reign.value?.name !== ctx.me) return undefined;
  if (ctx.leader !== undefined) return undefined;
  return soon('the guard of an earlier agent stands down, once a mark in the store says so', [
    ...markSteps(ctx, view),
    { kind: 'standDown' },
  ]);
}

/** A primary that people left running is known to the store, whether it leads or not. */
function markSelf(ctx: Context): Ruling | undefined {
  const view = unled(ctx);
  if (view === undefined || ctx.primary === undefined || ctx.obs.guard.kind === 'armed') return undefined;
  const steps = markSteps(ctx, view);
  if (steps.length === 0) return undefined;
  return soon('a primary that nothing guards: a mark in the store says so', steps);
}

function adopt(ctx: Context): Ruling | undefined {
  const { leader } = ctx;
  if (unled(ctx) === undefined || leader?.name !== ctx.me || leader.leaseId === undefined) return undefined;
  if (ctx.primary === undefined || ctx.obs.guard.kind === 'armed') return undefined;
  const { reign, leaseId } = leader;
  const ttlMs = ctx.config.leaderTtlMs;
  return {
    ...soon('the leader key bears our name, and PostgreSQL is a primary: carried on', [
      { kind: 'adoptKey', reign, leaseId, ttlMs, deadlineMs: ctx.nowMs + ttlMs, unguarded: true },
    ]),
    memory: { failsafe: UNKNOWN_MAP },
  };
}

/** Who is asked for first, or led last and runs, may have it. */
function whoComesFirst(ctx: Context, view: ClusterView): string | undefined {
  const named = namedInPause(view);
  if (named !== undefined && named !== ctx.me && memberOf(ctx, named) !== undefined)
    return `${named} is to lead, as asked for`;
  const last = view.reign.value?.name;
  if (last === undefined || last === ctx.me || !isMarked(view, last)) return undefined;
  const data = memberOf(ctx, last)?.data;
  return data?.role === 'primary' && data.state === 'running' ? `${last} led last and runs as a primary` : undefined;
}

/** Whom a request names; one with a time waits for the end of the pause. */
function namedInPause({ failover }: ClusterView): string | undefined {
  const { candidate, scheduledAt } = failover.value ?? {};
  return scheduledAt === undefined ? candidate : undefined;
}

function isMarked({ unguarded }: ClusterView, name: string): boolean {
  return unguarded.some((mark) => mark.name === name);
}

/** It has been a primary all along, or people made it one: of what it has acknowledged since, nobody else is known to know. */
function takeKey(ctx: Context): Ruling | undefined {
  const view = unled(ctx);
  if (view === undefined || ctx.primary === undefined || ctx.leader !== undefined) return undefined;
  if (ctx.obs.guard.kind === 'armed') return undefined;
  const first = whoComesFirst(ctx, view);
  if (first !== undefined) return nothing(`a primary without the leader key: ${first}`);
  return {
    ...soon('nobody leads, and PostgreSQL is a primary: the leader key is taken', [
      { kind: 'takeKey', takeOver: { ...takeOverOf(ctx, view), sync: syncOfPrimary(ctx, view), unguarded: true } },
    ]),
    events: [{ kind: 'leader.acquired', text: `${ctx.me} takes the leader key in pause: its PostgreSQL is a primary` }],
  };
}

/**
 * /sync as this primary takes the key; undefined: as it is. Who led last and waits for everybody it names has waited all along;
 * one that people promoted or started otherwise has waited for nobody.
 */
export function syncOfPrimary(ctx: Context, { sync }: ClusterView): TakeOver['sync'] {
  const { leader, voters } = sync.value;
  if (leader === undefined) return undefined;
  const waitsFor = parseSyncNames(ctx.primary?.sync.names ?? '').names;
  const hasWaited = leader === ctx.me && voters.every((name) => waitsFor.includes(name));
  return hasWaited ? undefined : { leader: ctx.me, voters: [], quorum: 0 };
}

function stayPrimary(ctx: Context): Ruling | undefined {
  const { lease, guard } = ctx.obs;
  if (!ctx.paused || !ctx.mayWrite || lease.kind === 'lost' || guard.kind === 'armed' || leadsYet(ctx))
    return undefined;
  if (ctx.view === undefined) return nothing('the store does not answer; PostgreSQL goes on as a primary');
  const { leader } = ctx;
  if (leader === undefined || leader.name === ctx.me)
    return nothing('a primary that is about to hold the leader key again');
  return {
    ...nothing(`a parallel primary: ${leader.name} holds the leader key, and PostgreSQL here is a primary as well`),
    ...parallelNotice(ctx, leader.name),
  };
}

/** The lease is held, and the key that it stands for has not been seen to be gone. */
function leadsYet({ held, view, leader }: Context): boolean {
  if (held === undefined) return false;
  return view === undefined || view.revision < held.reign || leader?.reign === held.reign;
}

function parallelNotice(ctx: Context, leader: string): Pick<Ruling, 'events' | 'memory'> {
  if (ctx.mem.pause.parallelOf === leader) return {};
  return {
    memory: { pause: { ...ctx.mem.pause, parallelOf: leader } },
    events: [
      {
        kind: 'pause.noticed',
        text: `${ctx.me} is a primary beside ${leader}, who leads: one of them must be stopped by hand`,
      },
    ],
  };
}

/** A lock that is lost ends no promotion and no restart in pause. */
function letWorkEnd(ctx: Context): Ruling | undefined {
  const { job } = ctx.obs;
  if (!ctx.paused || job === undefined || ctx.held !== undefined || !needsLease(job.job)) return undefined;
  return nothing(`${job.job.kind} is under way`);
}

/** A primary that has lost its lock in pause stays what it is, and may stay so for long. */
function tellRestart(ctx: Context): Ruling | undefined {
  return ctx.paused && unled(ctx) !== undefined ? tellOutcome(ctx) : undefined;
}

/** Before the rules that fence: whatever may write in a paused cluster is dealt with here. */
export const PAUSED_PRIMARY_RULES: readonly Rule[] = [
  { id: 'Y10', title: 'stand the guard down, once a mark says so', match: standDown },
  { id: 'Y15', title: 'leave everything alone on the way out', match: askedToLeave },
  { id: 'Y20', title: 'refuse nobody in pause, but lead nothing foreign', match: warnForeign },
  { id: 'Y25', title: 'let a promotion or a start end', match: letWorkEnd },
  { id: 'Y28', title: 'tell what came of a restart although the lock is lost', match: tellRestart },
  { id: 'Y30', title: 'stand down the guard of an earlier agent', match: standDownAlone },
  { id: 'Y35', title: 'mark a primary that nothing guards', match: markSelf },
  { id: 'Y40', title: 'carry on the reign of an earlier agent', match: adopt },
  { id: 'Y45', title: 'a running primary takes the free key', match: takeKey },
  { id: 'Y50', title: 'stay a primary', match: stayPrimary },
];

function notePause(ctx: Context): Ruling | undefined {
  if (!ctx.paused || ctx.view === undefined || ctx.obs.postgres.pauseNoted) return undefined;
  return soon('noted beside the data directory', [{ kind: 'notePause', paused: true }]);
}

function silent(ctx: Context): Ruling | undefined {
  return ctx.paused && ctx.view === undefined ? nothing('the store does not answer') : undefined;
}

/** Stopped by people, and left to them; what they ask of this agent is its own work. */
function isLeftAlone({ paused, mem, obs }: Context): boolean {
  const isOurs = mem.pause.downByUs || mem.switchover !== undefined || mem.restart !== undefined;
  const isAsked = mem.reclone?.cause === 'reinitialize' || obs.requests.some(({ kind }) => kind === 'restart');
  return paused && obs.postgres.postmaster === undefined && !isOurs && !isAsked;
}

function release(ctx: Context): Ruling | undefined {
  if (!isLeftAlone(ctx) || ctx.view === undefined) return undefined;
  const reign = ctx.held?.reign ?? (ctx.leader?.name === ctx.me ? ctx.leader.reign : undefined);
  if (reign === undefined) return undefined;
  if (!surelyWritesNothing(ctx)) return nothing('PostgreSQL is gone, and processes of it still work');
  return {
    ...soon('PostgreSQL does not run: the leader key is released', [releaseStep(ctx, reign, undefined)]),
    events: [
      { kind: 'leader.released', text: `${ctx.me} releases the leader key: its PostgreSQL was stopped in pause` },
    ],
  };
}

/** Promoted in this reign, and a standby now: people did that. */
function releaseStandby(ctx: Context): Ruling | undefined {
  const { held } = ctx;
  if (!ctx.paused || held === undefined || ctx.standby === undefined || ctx.mem.servingReign !== held.reign)
    return undefined;
  return {
    ...soon('PostgreSQL was made a standby by hand: the leader key is released', [
      releaseStep(ctx, held.reign, undefined),
    ]),
    events: [
      { kind: 'leader.released', text: `${ctx.me} releases the leader key: its PostgreSQL was made a standby by hand` },
    ],
  };
}

function leaveDown(ctx: Context): Ruling | undefined {
  if (!isLeftAlone(ctx)) return undefined;
  const { kind } = ctx.obs.postgres.data;
  return nothing(
    kind === 'cluster' ? 'PostgreSQL does not run and is not started' : `the data directory is ${kind}: left as it is`,
  );
}

function standBy(ctx: Context): Ruling | undefined {
  if (!ctx.paused || ctx.standby === undefined || ctx.leader !== undefined || ctx.held !== undefined) return undefined;
  if (ctx.view !== undefined && namedInPause(ctx.view) !== undefined) return undefined;
  return nothing('nobody leads, and no standby goes for the leader key unless it is named');
}

/** After the rules for running work: what does not write is left as it is. */
export const PAUSED_REST_RULES: readonly Rule[] = [
  { id: 'Y55', title: 'do nothing while the store is silent', match: silent },
  { id: 'Y60', title: 'note the pause', match: notePause },
  { id: 'Y65', title: 'release the key of a primary that was stopped', match: release },
  { id: 'Y70', title: 'release the key of a primary made a standby', match: releaseStandby },
  { id: 'Y75', title: 'start nothing and bootstrap nothing', match: leaveDown },
  { id: 'Y80', title: 'go for no key unless named', match: standBy },
];
