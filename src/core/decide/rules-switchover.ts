import type { FailoverRequest } from '../model/cluster.ts';
import type { Sender } from '../model/local-postgres.ts';
import { type Lsn, lsnToText } from '../model/lsn.ts';
import type { Switchover } from '../model/memory.ts';
import { known } from '../model/seen.ts';
import { epochMsOf } from '../model/timestamp.ts';
import type { Context, HeldLease, Rule, Ruling } from './context.ts';
import { isTagged, memberOf, settingsGiven, settingsWith, startJob } from './context.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { formatSyncNames } from '../sync/sync-names.ts';

interface Asked {
  readonly request: FailoverRequest;
  readonly revision: number;
  readonly held: HeldLease;
}

function asked(ctx: Context): Asked | undefined {
  const request = ctx.view?.failover.value;
  if (request === undefined || ctx.view === undefined || ctx.held === undefined) return undefined;
  return { request, revision: ctx.view.failover.revision, held: ctx.held };
}

function due(ctx: Context, request: FailoverRequest): 'now' | 'later' | 'stale' {
  if (request.scheduledAt === undefined) return 'now';
  const atMs = epochMsOf(request.scheduledAt);
  if (atMs === undefined) return 'stale';
  if (atMs > ctx.obs.wallMs) return 'later';
  return ctx.obs.wallMs - atMs > LIMITS.staleScheduleLoops * ctx.config.loopWaitMs ? 'stale' : 'now';
}

function mayLead(ctx: Context, name: string): boolean {
  const member = memberOf(ctx, name);
  return member !== undefined && !isTagged(ctx, name, 'nofailover') && member.data.kornak?.unfit === undefined;
}

function fits(ctx: Context, sender: Sender): boolean {
  const voters = ctx.view?.sync.value.leader === undefined ? undefined : ctx.view.sync.value.voters;
  const flushed = sender.flushLsn;
  if (sender.state !== 'streaming' || flushed === undefined || ctx.primary === undefined) return false;
  if (voters !== undefined && !voters.includes(sender.name)) return false;
  const lag = ctx.primary.flushLsn - flushed;
  return mayLead(ctx, sender.name) && lag <= BigInt(ctx.config.maximumLagOnFailoverBytes);
}

/** The named candidate, or the most advanced one, if it can take over; else why nobody can. */
function chooseSuccessor(ctx: Context, request: FailoverRequest): { name: string } | { refusal: string } {
  const fitting = (ctx.primary?.senders ?? []).filter((sender) => fits(ctx, sender));
  if (request.candidate !== undefined) {
    const { candidate } = request;
    return fitting.some((sender) => sender.name === candidate)
      ? { name: candidate }
      : { refusal: `${candidate} does not stream, lags, or may not lead` };
  }
  const best = fitting.toSorted((a, b) => ((a.flushLsn ?? 0n) > (b.flushLsn ?? 0n) ? -1 : a.name < b.name ? -1 : 1))[0];
  return best === undefined ? { refusal: 'no member streams that may lead' } : { name: best.name };
}

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
  if (it === undefined || ctx.primary === undefined) return undefined;
  const { request, revision } = it;
  if (request.leader !== undefined && request.leader !== ctx.me)
    return drop(revision, `${request.leader} is not the leader`);
  if (request.candidate === ctx.me) return drop(revision, `${ctx.me} leads already`);
  if (due(ctx, request) === 'stale') return drop(revision, `its time ${request.scheduledAt} has passed`);
  if (due(ctx, request) === 'later') return undefined;
  const successor = chooseSuccessor(ctx, request);
  return 'refusal' in successor ? drop(revision, successor.refusal) : undefined;
}

function begin(ctx: Context): Ruling | undefined {
  const it = asked(ctx);
  if (it === undefined || ctx.primary === undefined || due(ctx, it.request) !== 'now') return undefined;
  const successor = chooseSuccessor(ctx, it.request);
  if ('refusal' in successor) return undefined;
  if (ctx.obs.job !== undefined)
    return {
      why: 'switchover: the running work is ended first',
      steps: [{ kind: 'cancelJob', why: 'a switchover begins' }],
      wakeInMs: LIMITS.paceMs,
    };
  return {
    why: `switchover to ${successor.name}: PostgreSQL is stopped`,
    steps: [
      startJob(
        ctx,
        { kind: 'stop', mode: 'fast', checkpointFirst: true, why: `switchover to ${successor.name}` },
        LIMITS.stopMs,
      ),
    ],
    memory: {
      switchover: {
        revision: it.revision,
        candidate: successor.name,
        shutdownLsn: undefined,
        stoppedMs: undefined,
        releasedMs: undefined,
      },
    },
    events: [
      {
        kind: 'switchover.started',
        text: `switchover from ${ctx.me} to ${successor.name}`,
        evidence: { candidate: successor.name },
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
  const status = ctx.obs.peers.get(candidate);
  const received = status === undefined ? undefined : known(status)?.receivedLsn;
  return shutdownLsn !== undefined && received !== undefined && received > shutdownLsn ? received : undefined;
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
  const apiUrl = memberOf(ctx, candidate)?.data.apiUrl;
  if (apiUrl === undefined || ctx.nowMs - stoppedMs > LIMITS.handOverMs) return undefined;
  return {
    why: `waiting for ${candidate} to receive the shutdown checkpoint`,
    steps: [{ kind: 'probe', members: [{ name: candidate, apiUrl }] }],
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
    ctx.obs.postgres.postmaster !== undefined
  )
    return undefined;
  const syncNames = view.sync.value.leader === ctx.me ? formatSyncNames(view.sync.value.voters) : undefined;
  const why = `${mem.switchover.candidate} did not receive the shutdown checkpoint: leadership stays`;
  return {
    why,
    steps: [
      // A hand-over of the leader's own accord has no request to answer.
      ...(mem.switchover.revision === 0
        ? []
        : [{ kind: 'writeFailover', value: undefined, revision: view.failover.revision } as const]),
      startJob(ctx, { kind: 'startPrimary', settings: settingsWith(ctx, syncNames) }, LIMITS.takeUpMs),
    ],
    memory: { switchover: undefined, syncNamesSet: syncNames, ...settingsGiven(ctx) },
    events: [{ kind: 'switchover.refused', text: why }],
    wakeInMs: LIMITS.paceMs,
  };
}

export const SWITCHOVER_RULES: readonly Rule[] = [
  { id: 'S10', title: 'hand over once the candidate has everything', match: handOver },
  { id: 'S15', title: 'ask the candidate whether it has everything', match: askCandidate },
  { id: 'S20', title: 'take leadership back from a switchover that failed', match: takeBack },
  { id: 'S30', title: 'refuse a switchover that cannot be done', match: refuse },
  { id: 'S40', title: 'begin a switchover: stop PostgreSQL', match: begin },
];
