import type { DivergenceCause } from '../model/divergence-record.ts';
import type { ControlData } from '../model/local-postgres.ts';
import { localEndOf } from '../recovery/divergence.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { controlOf, memberOf, settingsWith, startJob } from './context.ts';
import { healing, isVoter, recordedHere } from './healing.ts';
import { askToLeaveSync } from './leave-sync.ts';
import { LIMITS } from './limits.ts';
import { type MendSource, mendSource, suspicionOf } from './mend-source.ts';
import { leadsStandby } from './remote.ts';

/** What is to become of the data of a stopped member that cannot follow with them as they are. */
type Mending =
  | { readonly kind: 'wait'; readonly why: string }
  | {
      readonly kind: 'giveUp';
      readonly control: ControlData;
      readonly why: string;
      readonly cause: DivergenceCause;
      /** All of the data go, not only what has diverged. */
      readonly isWhole: boolean;
    };

function mending(ctx: Context): Mending | undefined {
  const control = controlOf(ctx);
  const source = mendSource(ctx);
  const { mem } = ctx;
  if (control === undefined || source === undefined) return undefined;
  if (mem.reclone !== undefined) {
    const { cause, why } = mem.reclone;
    if (!source.serves) return { kind: 'wait', why: `${why}; waiting for ${source.name} to serve` };
    const isWhole = cause !== 'refused';
    return { kind: 'giveUp', control, why, cause: cause === 'reinitialize' ? cause : 'reclone', isWhole };
  }
  return divergedFrom(ctx, control, source);
}

function divergedFrom(ctx: Context, control: ControlData, source: MendSource): Mending | undefined {
  const local = localEndOf(control);
  // The leader's server itself has said that nothing parts.
  if (local === undefined || recordedHere(ctx)?.verdict === 'none') return undefined;
  const suspicion = suspicionOf(ctx, source, local);
  if (suspicion.kind === 'none') return undefined;
  if (suspicion.kind === 'wait') return suspicion;
  return { kind: 'giveUp', control, why: suspicion.why, cause: 'rewind', isWhole: false };
}

function waitForLeader(ctx: Context): Ruling | undefined {
  const it = mending(ctx);
  return it?.kind === 'wait' ? { why: it.why, wakeInMs: LIMITS.primaryQuietMs } : undefined;
}

function leaveSync(ctx: Context): Ruling | undefined {
  const it = mending(ctx);
  if (it?.kind !== 'giveUp' || !isVoter(ctx)) return undefined;
  if (ctx.held !== undefined) return giveUpSync(ctx, ctx.held.reign, it.why);
  const why = `${it.why}; waiting to be out of /sync`;
  const told = healing(ctx, 'stream', 1, why);
  return { why, ...told, memory: { ...told.memory, ...askToLeaveSync(ctx) }, wakeInMs: LIMITS.primaryQuietMs };
}

/** Nobody is elected by /sync any more where the other cluster's line is to be taken instead. */
function giveUpSync(ctx: Context, reign: number, because: string): Ruling | undefined {
  // What parts is recorded first: where nothing does, /sync stands until the other cluster is followed.
  if (recordedHere(ctx) === undefined) return undefined;
  return {
    why: `${because}; /sync goes first`,
    steps: [{ kind: 'deleteSync', reign, revision: ctx.view?.sync.revision ?? 0 }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** What is given up is written down first, whatever becomes of it then. */
function record(ctx: Context): Ruling | undefined {
  const it = mending(ctx);
  if (it?.kind !== 'giveUp') return undefined;
  const recorded = recordedHere(ctx);
  const isDue = recorded?.isHeld === true && ctx.nowMs - recorded.atMs >= LIMITS.heldLookMs;
  if (recorded !== undefined && !isDue) return undefined;
  const from = mendSource(ctx)?.target;
  if (from === undefined) return { why: `${it.why}; the leader's address is not known` };
  return {
    why: `${it.why}; what is given up is recorded first`,
    steps: [
      startJob(
        ctx,
        {
          kind: 'recordDivergence',
          from,
          cause: it.cause,
          reason: it.why,
          hold: ctx.config.divergence === 'hold',
          mayBeAcknowledged: ctx.config.synchronousMode === 'off',
        },
        LIMITS.recordMs,
      ),
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

function hold(ctx: Context): Ruling | undefined {
  const it = mending(ctx);
  const recorded = recordedHere(ctx);
  if (it?.kind !== 'giveUp' || recorded?.isHeld !== true) return undefined;
  const why = `${it.why}; it is too large to be kept aside and kornak.divergence is hold: look at it, then kornakctl divergence discard (${ctx.me}, ${recorded.id})`;
  return { why, ...healing(ctx, 'rewind', 1, why), wakeInMs: LIMITS.heldLookMs };
}

/** Rewind where that is possible; else the data are put aside and the member is cloned anew. */
function mend(ctx: Context): Ruling | undefined {
  const it = mending(ctx);
  const recorded = recordedHere(ctx);
  if (it?.kind !== 'giveUp' || recorded === undefined) return undefined;
  const obstacle = it.isWhole ? 'all of it' : obstacleToRewind(ctx, it.control);
  if (obstacle !== undefined) return putAside(ctx, `${it.why}${it.isWhole ? '' : `; ${obstacle}`}`, recorded.id);
  const source = mendSource(ctx);
  const from = source?.target;
  const tries = ctx.mem.rewindTries + 1;
  if (source?.isRewindReady !== true || from === undefined) {
    const why = `${it.why}; waiting for the leader's checkpoint`;
    return { why, ...healing(ctx, 'rewind', tries, why), wakeInMs: LIMITS.primaryQuietMs };
  }
  const given = { from, settings: settingsWith(ctx, undefined), record: recorded.id };
  const job = { kind: 'rewind', ...given, ...(source.isStandby ? { fromStandby: true as const } : {}) } as const;
  const why = `${it.why}; rewound`;
  return { why, ...healing(ctx, 'rewind', tries, it.why), steps: [startJob(ctx, job, LIMITS.rewindMs)] };
}

function obstacleToRewind(ctx: Context, control: ControlData): string | undefined {
  if (!ctx.config.usePgRewind) return 'use_pg_rewind is off';
  if (!control.rewindable) return 'neither checksums nor wal_log_hints';
  // It would find nothing to do, and leave two histories under one number.
  if (hasNumberOfLeader(ctx, control)) return 'pg_rewind goes by the numbers of timelines';
  return ctx.mem.rewindTries < LIMITS.rewindTries ? undefined : 'pg_rewind failed';
}

function hasNumberOfLeader(ctx: Context, { state, checkpointTimeline }: ControlData): boolean {
  const source = mendSource(ctx);
  if (source === undefined || source.isRemote || state !== 'shut down') return false;
  return memberOf(ctx, source.name)?.data.timeline === checkpointTimeline;
}

function putAside(ctx: Context, why: string, id: string): Ruling {
  const text = `${why}: put aside, then cloned anew`;
  return {
    why: text,
    // What kept it from being moved stays in sight while it is tried again.
    ...healing(ctx, 'clone', ctx.mem.cloneTries + 1, ctx.mem.asideRefused ?? text),
    steps: [startJob(ctx, { kind: 'setAside', work: 'diverged', record: id }, LIMITS.setAsideMs)],
  };
}

/** It has been tried often enough, and its server says that recovery cannot work. */
function giveUpBroken(ctx: Context): Ruling | undefined {
  const { trouble } = ctx.obs.postgres;
  if (controlOf(ctx) === undefined || ctx.mem.reclone !== undefined || trouble?.kind !== 'broken') return undefined;
  if (mendSource(ctx)?.serves !== true || ctx.mem.startTries < LIMITS.startTries) return undefined;
  if (ctx.held !== undefined && !leadsStandby(ctx)) return undefined;
  const why = `PostgreSQL cannot recover from its data: ${trouble.text}`;
  return { why, memory: { reclone: { cause: 'broken', why, fromLeader: false }, recorded: undefined }, wakeInMs: 0 };
}

export const MEND_RULES: readonly Rule[] = [
  { id: 'D52', title: 'give up data that cannot be recovered from', match: giveUpBroken },
  { id: 'D53', title: 'wait until the leader tells where it comes from', match: waitForLeader },
  { id: 'D54', title: 'be out of /sync before data are given up', match: leaveSync },
  { id: 'D55', title: 'record what is to be given up', match: record },
  { id: 'D57', title: 'hold what could not be kept aside until people discard it', match: hold },
  { id: 'D60', title: 'rewind or clone anew what diverged', match: mend },
];
