import type { ServerTrouble } from '../model/healing.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import { judgeDivergence, localEndOf } from '../recovery/divergence.ts';
import { troubleText } from '../recovery/trouble.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { isBackground, startJob } from './context.ts';
import { healing, isVoter, recordedHere } from './healing.ts';
import { leaderLine } from './leader-line.ts';
import { askToLeaveSync } from './leave-sync.ts';
import { LIMITS } from './limits.ts';
import { mendSource } from './mend-source.ts';
import { isReplayStuck } from './note-healing.ts';

type Asked = Extract<Context['obs']['requests'][number], { kind: 'reinitialize' }>;

function asked(ctx: Context): Asked | undefined {
  return ctx.obs.requests.find((request): request is Asked => request.kind === 'reinitialize');
}

function refusal(ctx: Context, { force }: Asked): string | undefined {
  if (ctx.leader === undefined) return 'Cluster has no leader, can not reinitialize';
  if (ctx.leader.name === ctx.me || ctx.held !== undefined) return 'I am the leader, can not reinitialize';
  if (force) return undefined;
  if (ctx.mem.reclone?.cause === 'reinitialize') return 'reinitialize already in progress';
  const { job } = ctx.obs;
  return job === undefined || isBackground(job.job) ? undefined : `${job.job.kind} already in progress`;
}

function refuseReinitialize(ctx: Context): Ruling | undefined {
  const request = asked(ctx);
  const text = request === undefined ? undefined : refusal(ctx, request);
  if (request === undefined || text === undefined) return undefined;
  return {
    why: text,
    steps: [{ kind: 'answer', requestId: request.id, ok: false, text }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** From here on it goes like any other re-clone; what was under way is ended first, so that nothing works beside it. */
function reinitialize(ctx: Context): Ruling | undefined {
  const request = asked(ctx);
  if (request === undefined) return undefined;
  const why = 'asked for by an operator';
  const { job } = ctx.obs;
  const cancel =
    job === undefined || job.cancelled ? [] : [{ kind: 'cancelJob', why: `reinitialize: ${why}` } as const];
  return {
    why: `reinitialize: ${why}`,
    steps: [{ kind: 'answer', requestId: request.id, ok: true, text: 'reinitialize started' }, ...cancel],
    memory: {
      reclone: { cause: 'reinitialize', why, fromLeader: request.fromLeader },
      recorded: undefined,
      holdOffMs: 0,
      ...healing(ctx, 'clone', 1, why).memory,
    },
    events: healing(ctx, 'clone', 1, why).events,
    wakeInMs: 0,
  };
}

/** A server that must be down before its data can be given up. It accepts no writes. */
function stopToMend(ctx: Context): Ruling | undefined {
  const { postgres } = ctx.obs;
  const { reclone } = ctx.mem;
  if (reclone === undefined || postgres.postmaster === undefined || ctx.mayWrite) return undefined;
  if (ctx.paused && reclone.cause !== 'reinitialize') return undefined;
  if (mendSource(ctx) === undefined) return undefined;
  const mode = reclone.cause === 'reinitialize' ? 'immediate' : 'fast';
  const why = `stopped to be cloned anew: ${reclone.why}`;
  return { why, steps: [startJob(ctx, { kind: 'stop', mode, checkpointFirst: false, why }, LIMITS.stopMs)] };
}

/** Data in which no cluster can be recognised go aside when an operator says so, and only then. */
function setAsideForeign(ctx: Context): Ruling | undefined {
  const { kind } = ctx.obs.postgres.data;
  const isAsked = ctx.mem.reclone?.cause === 'reinitialize' && ctx.leader !== undefined;
  if (!isAsked || (kind !== 'foreign' && kind !== 'unreadable') || ctx.nowMs < ctx.mem.holdOffMs) return undefined;
  return {
    why: 'reinitialize: what the data directory holds is put aside',
    steps: [startJob(ctx, { kind: 'setAside', work: 'diverged' }, LIMITS.setAsideMs)],
  };
}

/** pg_control tells how far a standby got that does not answer yet: one that has diverged never comes up. */
function divergedByControl(ctx: Context): string | undefined {
  const { postgres } = ctx.obs;
  if (postgres.data.kind !== 'cluster' || postgres.sql.kind === 'seen' || recordedHere(ctx)?.verdict === 'none')
    return undefined;
  const { control } = postgres.data;
  const line = leaderLine(ctx);
  const local = control.state === 'in archive recovery' ? localEndOf(control) : undefined;
  if (local === undefined || line === undefined) return undefined;
  const verdict = judgeDivergence(local, line);
  return verdict.kind === 'diverged' ? verdict.why : undefined;
}

/** Why a standby that is being started will not come up, however long it is waited for. */
export function cannotComeUp(ctx: Context, forMs: number): string | undefined {
  if (forMs < LIMITS.walGoneMs || mendSource(ctx)?.serves !== true) return undefined;
  const { trouble } = ctx.obs.postgres;
  if (trouble?.kind === 'walRemoved' || trouble?.kind === 'diverged') return trouble.text;
  return divergedByControl(ctx);
}

/** Its start was given up, or an earlier agent's goes on without end. */
function stopStarting(ctx: Context): Ruling | undefined {
  const { postmaster, starting, trouble } = ctx.obs.postgres;
  const since = ctx.mem.startingSinceMs ?? ctx.nowMs;
  if (ctx.paused || postmaster === undefined || !starting || ctx.mayWrite || mendSource(ctx) === undefined)
    return undefined;
  const why = cannotComeUp(ctx, ctx.nowMs - since);
  if (why === undefined) return undefined;
  const isGone = trouble?.kind === 'walRemoved';
  return {
    why: `PostgreSQL does not come up: ${why}; stopped to be mended`,
    steps: [startJob(ctx, { kind: 'stop', mode: 'fast', checkpointFirst: false, why }, LIMITS.stopMs)],
    memory: isGone ? { reclone: { cause: 'walRemoved', why, fromLeader: false }, recorded: undefined } : {},
    wakeInMs: LIMITS.paceMs,
  };
}

interface Stuck {
  readonly standby: StandbyStatus;
  readonly forMs: number;
}

/** A standby that is told to stream from a leader that serves, and does not. */
function notStreaming(ctx: Context): Stuck | undefined {
  const { standby, mem } = ctx;
  const source = mendSource(ctx);
  if (source?.serves !== true || standby?.upstream === undefined) return undefined;
  if (standby.receiver?.status === 'streaming') return undefined;
  return { standby, forMs: ctx.nowMs - (mem.notStreamingSinceMs ?? ctx.nowMs) };
}

/** What the server says while nothing arrives: only another copy, or a rewind, helps. */
function lastingTrouble(ctx: Context): ServerTrouble | undefined {
  const { trouble } = ctx.obs.postgres;
  const movedMs = ctx.mem.progress?.atMs ?? ctx.nowMs;
  if (ctx.nowMs - movedMs < LIMITS.walGoneMs) return undefined;
  return trouble?.kind === 'walRemoved' || trouble?.kind === 'diverged' ? trouble : undefined;
}

/** Neither the leader nor an archive gives what it lacks. */
function leaveForClone(ctx: Context): Ruling | undefined {
  const it = notStreaming(ctx);
  const trouble = lastingTrouble(ctx);
  if (it === undefined || trouble === undefined || it.forMs < LIMITS.walGoneMs || ctx.paused) return undefined;
  const cause = trouble.kind === 'walRemoved' ? 'walRemoved' : 'refused';
  const why = trouble.text;
  if (isVoter(ctx) && ctx.held === undefined)
    return { why: `${why}; waiting to be out of /sync`, memory: askToLeaveSync(ctx), wakeInMs: LIMITS.primaryQuietMs };
  return {
    why: `not streaming for ${Math.round(it.forMs / 1000)} s: ${why}`,
    ...healing(ctx, 'clone', ctx.mem.cloneTries + 1, why),
    memory: {
      reclone: { cause, why, fromLeader: false },
      recorded: undefined,
      ...healing(ctx, 'clone', 1, why).memory,
    },
    wakeInMs: 0,
  };
}

/** Nobody is left to guess: what the server says is told, with what helps. It goes on trying all the while. */
function tell(ctx: Context): Ruling | undefined {
  const why = reasonNotToFollow(ctx);
  if (why === undefined || ctx.mem.healing?.why === why) return undefined;
  const rung = ctx.obs.postgres.trouble?.kind === 'walRemoved' ? 'archive' : 'stream';
  return { why, ...healing(ctx, rung, 1, why), wakeInMs: LIMITS.nudgeMs };
}

function reasonNotToFollow(ctx: Context): string | undefined {
  const it = notStreaming(ctx);
  const { trouble } = ctx.obs.postgres;
  if (it !== undefined && it.forMs >= LIMITS.tellMs) {
    if (trouble !== undefined) return troubleText(trouble);
    return `not streaming from ${mendSource(ctx)?.name}, and the server does not say why; its log is where logging_collector or log_destination put it`;
  }
  const { standby } = ctx;
  if (standby === undefined || !isReplayStuck(standby, ctx.mem.progress, ctx.nowMs)) return undefined;
  return standby.replayPaused
    ? 'replay is paused; SELECT pg_wal_replay_resume() there, or raise the parameter that its log names'
    : 'replay stands still; a query there may be in its way: look at max_standby_streaming_delay and pg_stat_activity';
}

export const REINITIALIZE_RULES: readonly Rule[] = [
  { id: 'N10', title: 'refuse to reinitialise', match: refuseReinitialize },
  { id: 'N20', title: 'take a request to reinitialise', match: reinitialize },
];

export const HEAL_RULES: readonly Rule[] = [
  { id: 'M10', title: 'put aside what is no cluster, where an operator says so', match: setAsideForeign },
  { id: 'M20', title: 'stop what is to be cloned anew', match: stopToMend },
  { id: 'M30', title: 'stop a standby that cannot come up', match: stopStarting },
  { id: 'M40', title: 'clone anew what lacks WAL that nobody has', match: leaveForClone },
  { id: 'M50', title: 'tell why it does not follow', match: tell },
];
