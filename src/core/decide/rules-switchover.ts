import type { FailoverRequest } from '../model/cluster.ts';
import { type Lsn, lsnToText } from '../model/lsn.ts';
import type { Switchover } from '../model/memory.ts';
import { known } from '../model/seen.ts';
import { type Asked, asked, serves } from './asked.ts';
import type { Context, HeldLease, Rule, Ruling } from './context.ts';
import { memberOf, settingsGiven, settingsWith, startJob, syncManner } from './context.ts';
import { dueOf } from './due.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { isReignOfStandby } from './remote.ts';
import { BEFORE_STOP_RULES, isCheckpointing, readyToStop } from './rules-before-stop.ts';
import { chooseSuccessor } from './successor.ts';
import { unionOf } from '../election/election.ts';
import { containsName } from '../election/union.ts';
import { namesToRestartWith } from '../sync/first-names.ts';

function drop(revision: number, why: string): Ruling {
  return {
    why: `switchover refused: ${why}`,
    steps: [{ kind: 'writeFailover', value: undefined, revision }],
    memory: { switchover: undefined },
    events: [{ kind: 'switchover.refused', text: `switchover refused: ${why}` }],
    wakeInMs: LIMITS.paceMs,
  };
}

function refuse(ctx: Context): Ruling | undefined {
  const it = asked(ctx);
  if (it === undefined || !serves(ctx)) return undefined;
  const why = objection(ctx, it);
  return why === undefined ? undefined : drop(it.revision, why);
}

/** What the request itself has against it. */
function wrongRequest(ctx: Context, request: FailoverRequest): string | undefined {
  if (request.leader !== undefined && request.leader !== ctx.me) return `${request.leader} is not the leader`;
  return request.candidate === ctx.me ? `${ctx.me} leads already` : undefined;
}

/** Why what is asked for cannot be done; undefined: it can, or it is not time yet. */
function objection(ctx: Context, { request, revision }: Asked): string | undefined {
  const wrong = wrongRequest(ctx, request);
  if (wrong !== undefined) return wrong;
  const when = dueOf(ctx, request);
  if (when !== 'now') return when === 'stale' ? `its time ${request.scheduledAt} has passed` : undefined;
  if (ctx.paused && request.candidate === undefined)
    return 'in a paused state it is possible only to a specific candidate';
  const successor = chooseSuccessor(ctx, request);
  if (successor.kind !== 'ask') return successor.kind === 'refused' ? successor.why : undefined;
  const { switchoverAsked } = ctx.mem;
  if (switchoverAsked?.revision !== revision || ctx.nowMs - switchoverAsked.sinceMs < LIMITS.candidateAnswerMs)
    return undefined;
  return `${successor.names.join(', ')} did not answer`;
}

/** A member that streams and whose agent is dead could not take over. */
function askBefore(ctx: Context): Ruling | undefined {
  const it = asked(ctx);
  if (it === undefined || !serves(ctx) || dueOf(ctx, it.request) !== 'now') return undefined;
  const successor = chooseSuccessor(ctx, it.request);
  if (successor.kind !== 'ask') return undefined;
  const { revision } = it;
  const { switchoverAsked } = ctx.mem;
  return {
    why: `switchover: ${successor.names.join(', ')} asked before PostgreSQL is stopped`,
    probe: successor.names,
    ...(switchoverAsked?.revision === revision
      ? {}
      : { memory: { switchoverAsked: { revision, sinceMs: ctx.nowMs } } }),
    wakeInMs: LIMITS.paceMs,
  };
}

function begin(ctx: Context): Ruling | undefined {
  const it = readyToStop(ctx);
  if (it === undefined || isCheckpointing(ctx, it.revision)) return undefined;
  if (ctx.obs.job !== undefined)
    return {
      why: 'switchover: the running work is ended first',
      steps: [{ kind: 'cancelJob', why: 'a switchover begins' }],
      wakeInMs: LIMITS.paceMs,
    };
  return {
    why: `switchover to ${it.name}: PostgreSQL is stopped`,
    steps: [
      startJob(
        ctx,
        {
          kind: 'stop',
          mode: 'fast',
          checkpointFirst: false,
          leavesArchiver: true,
          why: `switchover to ${it.name}`,
        },
        LIMITS.stopMs,
      ),
    ],
    memory: {
      switchover: {
        reign: it.held.reign,
        revision: it.revision,
        candidate: it.name,
        shutdownLsn: undefined,
        stoppedMs: undefined,
        releasedMs: undefined,
      },
    },
    events: [
      {
        kind: 'switchover.started',
        text: `switchover from ${ctx.me} to ${it.name}`,
        evidence: { candidate: it.name },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

interface Stopped {
  readonly held: HeldLease;
  readonly switchover: Switchover & { readonly stoppedMs: number };
}

/** PostgreSQL is down for a switchover, and the key is still ours. */
function stoppedForSwitchover(ctx: Context): Stopped | undefined {
  const { switchover } = ctx.mem;
  if (ctx.held === undefined || switchover?.stoppedMs === undefined) return undefined;
  if (ctx.obs.postgres.postmaster !== undefined) return undefined;
  return { held: ctx.held, switchover: { ...switchover, stoppedMs: switchover.stoppedMs } };
}

/** The candidate's position, if it is beyond the shutdown checkpoint. */
function receivedBy(ctx: Context, { candidate, shutdownLsn }: Switchover): Lsn | undefined {
  return shutdownLsn === undefined ? undefined : receivedBeyond(ctx, candidate, shutdownLsn);
}

/** What a member has received, if that is beyond the shutdown checkpoint: then it has everything that was ever written here. */
function receivedBeyond(ctx: Context, name: string, shutdownLsn: Lsn): Lsn | undefined {
  const answer = ctx.obs.peers.get(name);
  const status = answer === undefined ? undefined : known(answer);
  const received = status?.receivedLsn;
  const { data } = ctx.obs.postgres;
  const isOurLine = data.kind === 'cluster' && status?.timeline === data.control.checkpointTimeline;
  return isOurLine && received !== undefined && received > shutdownLsn ? received : undefined;
}

/** Everybody who is to be known to have everything: those are /sync when the key goes. */
function heirs(ctx: Context, candidate: string): readonly string[] {
  const union = ctx.view === undefined ? [] : unionOf(ctx.view);
  return [...new Set([candidate, ...union])].filter((name) => name !== ctx.me).toSorted();
}

/**
 * Before the key goes, /sync names those who have the shutdown checkpoint, and nobody else: each of them can take over alone, be
 * it that an operator chose one who was not synchronous, or that a quorum was needed until now.
 */
function nameHeirs(ctx: Context): Ruling | undefined {
  const it = stoppedForSwitchover(ctx);
  const { view } = ctx;
  if (it === undefined || view === undefined || it.switchover.releasedMs !== undefined) return undefined;
  const { candidate, shutdownLsn } = it.switchover;
  const { value, revision } = view.sync;
  if (value.leader === undefined || shutdownLsn === undefined || receivedBy(ctx, it.switchover) === undefined)
    return undefined;
  const isGood = value.leader === ctx.me && value.quorum === 0 && containsName(value.voters, candidate);
  if (isGood && !ctx.obs.unsettled.has('sync')) return undefined;
  const voters = heirs(ctx, candidate).filter((name) => receivedBeyond(ctx, name, shutdownLsn) !== undefined);
  return {
    why: `${voters.join(', ')} has everything: named in /sync before the key is released`,
    steps: [{ kind: 'writeSync', reign: it.held.reign, value: { leader: ctx.me, voters, quorum: 0 }, revision }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** The shutdown checkpoint is on the candidate: nothing can be lost by letting go. */
function handOver(ctx: Context): Ruling | undefined {
  const it = stoppedForSwitchover(ctx);
  if (it === undefined) return undefined;
  const { candidate, shutdownLsn } = it.switchover;
  const received = receivedBy(ctx, it.switchover);
  if (it.switchover.releasedMs !== undefined) return releaseAgain(ctx, it);
  if (received === undefined || shutdownLsn === undefined) return undefined;
  return {
    why: `${candidate} has received the shutdown checkpoint at ${lsnToText(shutdownLsn)}: the key is released`,
    steps: [releaseStep(ctx, it.held.reign, shutdownLsn)],
    memory: { switchover: { ...it.switchover, releasedMs: ctx.nowMs } },
    events: [
      {
        kind: 'leader.released',
        text: `${ctx.me} hands over to ${candidate}`,
        evidence: { shutdownLsn: lsnToText(shutdownLsn), receivedLsn: lsnToText(received) },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

/** A release whose outcome is not known may have been done: whoever leads now must not meet this PostgreSQL as a primary. */
function releaseAgain(ctx: Context, { held, switchover }: Stopped): Ruling {
  return {
    why: `the key is released to ${switchover.candidate}: tried again until it is known to be`,
    steps: [releaseStep(ctx, held.reign, switchover.shutdownLsn)],
    wakeInMs: LIMITS.paceMs,
  };
}

function askCandidate(ctx: Context): Ruling | undefined {
  const it = stoppedForSwitchover(ctx);
  if (it === undefined || it.switchover.shutdownLsn === undefined) return undefined;
  const { candidate, stoppedMs } = it.switchover;
  if (memberOf(ctx, candidate)?.data.apiUrl === undefined || ctx.nowMs - stoppedMs > LIMITS.handOverMs)
    return undefined;
  return {
    why: `waiting for ${candidate} to receive the shutdown checkpoint`,
    probe: heirs(ctx, candidate),
    wakeInMs: LIMITS.paceMs,
  };
}

/**
 * Who was to be named as an heir has everything only as long as PostgreSQL stays down: no write that says so may land once
 * commits are acknowledged again.
 */
function settleSync(ctx: Context): Ruling | undefined {
  const it = stoppedForSwitchover(ctx);
  const sync = ctx.view?.sync;
  if (it === undefined || sync?.value.leader === undefined || !ctx.obs.unsettled.has('sync')) return undefined;
  // With the key of this reign gone, none of its writes lands any more.
  if (ctx.leader?.reign !== it.held.reign) return undefined;
  return {
    why: 'a write of /sync that names the heirs may still land: written as it stands before leadership stays',
    steps: [{ kind: 'writeSync', reign: it.held.reign, value: sync.value, revision: sync.revision }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** The candidate did not get everything: leadership stays here. */
function takeBack(ctx: Context): Ruling | undefined {
  const { held, mem, view } = ctx;
  if (
    held === undefined ||
    mem.switchover?.stoppedMs === undefined ||
    view === undefined ||
    isReignOfStandby(ctx) ||
    ctx.obs.postgres.postmaster !== undefined
  )
    return undefined;
  const sync = view.sync.value;
  const syncNames = sync.leader === ctx.me ? namesToRestartWith(sync, mem.syncNamesSet, syncManner(ctx)) : undefined;
  const why = `${mem.switchover.candidate} did not receive the shutdown checkpoint: leadership stays`;
  return {
    why,
    steps: [
      // A hand-over of the leader's own accord has no request to answer, and a request that came meanwhile is another.
      ...(mem.switchover.revision === 0 || mem.switchover.revision !== view.failover.revision
        ? []
        : [{ kind: 'writeFailover', value: undefined, revision: view.failover.revision } as const]),
      startJob(ctx, { kind: 'startPrimary', settings: settingsWith(ctx, syncNames) }, LIMITS.takeUpMs),
    ],
    memory: { switchover: undefined, syncNamesSet: syncNames, ...settingsGiven(ctx) },
    events: [{ kind: 'switchover.refused', text: why }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Taken back while PostgreSQL still serves: nothing has happened yet. */
function cancelled(ctx: Context): Ruling | undefined {
  const { switchover } = ctx.mem;
  const { job } = ctx.obs;
  if (switchover === undefined || switchover.stoppedMs !== undefined || ctx.view === undefined) return undefined;
  // A hand-over of the leader's own accord has no request that could be taken back.
  if (switchover.revision === 0) return undefined;
  if (job?.job.kind !== 'stop' || job.cancelled || ctx.primary === undefined || ctx.held === undefined)
    return undefined;
  const { value, revision } = ctx.view.failover;
  if (value !== undefined && revision === switchover.revision) return undefined;
  const why = `the switchover to ${switchover.candidate} was taken back before PostgreSQL was stopped`;
  return {
    why,
    steps: [{ kind: 'cancelJob', why }],
    memory: { switchover: undefined },
    events: [{ kind: 'switchover.cancelled', text: why, evidence: { candidate: switchover.candidate } }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Asked before the rule that waits for running work: the work is what is to be ended. */
export const CANCEL_SWITCHOVER_RULES: readonly Rule[] = [
  { id: 'S05', title: 'end a switchover that was taken back', match: cancelled },
];

export const SWITCHOVER_RULES: readonly Rule[] = [
  { id: 'S08', title: 'name in /sync who has everything', match: nameHeirs },
  { id: 'S10', title: 'hand over once the candidate has everything', match: handOver },
  { id: 'S15', title: 'ask the candidate whether it has everything', match: askCandidate },
  { id: 'S18', title: 'let no write of /sync land late before leadership stays', match: settleSync },
  { id: 'S20', title: 'take leadership back from a switchover that failed', match: takeBack },
  { id: 'S30', title: 'refuse a switchover that cannot be done', match: refuse },
  { id: 'S35', title: 'ask the candidates before PostgreSQL is stopped', match: askBefore },
  ...BEFORE_STOP_RULES,
  { id: 'S40', title: 'begin a switchover: stop PostgreSQL', match: begin },
];
