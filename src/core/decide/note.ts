import { changed } from '../model/changed.ts';
import type { EventKind } from '../model/event.ts';
import type { FinishedJob, JobKind } from '../model/job.ts';
import type { LocalPostgres } from '../model/local-postgres.ts';
import type { Memory, RoleSeen } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import { known } from '../model/seen.ts';
import type { ClusterView } from '../model/cluster.ts';
import { memberSlotsSeen, type MemberSlotsSeen } from '../slots/member-slots-seen.ts';
import { failsafeSeen } from './failsafe.ts';
import { holdOffMs, LIMITS } from './limits.ts';
import type { EventDraft } from './context.ts';
import { promotedEvent } from './promoted-event.ts';
import { noteRestarts } from './note-restarts.ts';
import { noteCrash } from './note-crash.ts';
import { noteSyncNames } from './note-sync-names.ts';
import { noteHealth } from './note-health.ts';
import { isCutOffAfter } from './note-cut-off.ts';
import { isSlotStep } from './slot-chores.ts';
import { unreadySlots } from './slots-ready.ts';
import { noteHealing, noteSetAside } from './note-healing.ts';

export interface Noted {
  readonly memory: Memory;
  readonly events: readonly EventDraft[];
}

/** As a fourth try that failed. */
const RECORD_PACE = 4;

type Note = (mem: Memory, ended: FinishedJob, obs: Observation) => Noted;

function failure(ended: FinishedJob): string | undefined {
  return ended.outcome.kind === 'failed' ? ended.outcome.why : undefined;
}

function event(kind: EventKind, text: string, ended: FinishedJob): EventDraft {
  return { kind, text, evidence: { tookMs: ended.endedMs - ended.startedMs } };
}

function failed(ended: FinishedJob, kind: EventKind = 'job.failed'): EventDraft {
  return event(kind, `${ended.job.kind} failed: ${failure(ended) ?? ''}`, ended);
}

function retryLater(mem: Memory, ended: FinishedJob, tries: number): Memory {
  return { ...mem, holdOffMs: ended.endedMs + holdOffMs(tries) };
}

/** What a server receives from now on stands in no record. That nothing parts from the leader stays true. */
function recordedBefore({ recorded, reclone }: Memory): Memory['recorded'] {
  return recorded?.verdict === 'none' && reclone === undefined ? recorded : undefined;
}

function noteStart(before: Memory, ended: FinishedJob): Noted {
  const mem = { ...before, recorded: recordedBefore(before) };
  if (failure(ended) !== undefined) {
    const startTries = mem.startTries + 1;
    return { memory: retryLater({ ...mem, startTries }, ended, startTries), events: [failed(ended)] };
  }
  const text = ended.job.kind === 'startPrimary' ? 'PostgreSQL started as primary' : 'PostgreSQL started as standby';
  return {
    memory: { ...mem, startTries: 0, holdOffMs: 0, crashRecovered: false, remoteUnasked: false },
    events: [event('postgres.started', text, ended)],
  };
}

/** A server that went down for good counts as a failed start; one that still comes up does not. */
function noteRestart(mem: Memory, ended: FinishedJob, obs: Observation): Noted {
  const requestId = mem.restart?.requestId;
  if (failure(ended) === undefined) {
    const restart = { requestId, outcome: { ok: true, text: 'restarted successfully' } };
    const memory = { ...mem, restart, startTries: 0, holdOffMs: 0, crashRecovered: false };
    return { memory, events: [event('postgres.started', 'PostgreSQL restarted', ended)] };
  }
  const stillStarts = obs.postgres.postmaster !== undefined && obs.postgres.starting;
  const restart = {
    requestId,
    outcome: { ok: false, text: stillStarts ? 'postgres is still starting' : 'restart failed' },
  };
  const startTries = obs.postgres.postmaster === undefined ? mem.startTries + 1 : mem.startTries;
  const restartFailedReign = obs.lease.kind === 'held' ? obs.lease.reign : undefined;
  return { memory: { ...mem, restart, startTries, restartFailedReign }, events: [failed(ended)] };
}

function noteClone(mem: Memory, ended: FinishedJob): Noted {
  if (failure(ended) !== undefined) {
    // One that was ended to begin anew says nothing against its source.
    const cloneTries = mem.cloneTries + (mem.reclone?.cause === 'reinitialize' && ended.wasCancelled === true ? 0 : 1);
    return { memory: retryLater({ ...mem, cloneTries }, ended, cloneTries), events: [failed(ended)] };
  }
  const memory = {
    ...mem,
    cloneTries: 0,
    cloneWantedMs: undefined,
    rewindTries: 0,
    reclone: undefined,
    recorded: undefined,
    role: 'replica' as RoleSeen,
    startTries: 0,
    // A fresh copy looks like a crashed primary, but its WAL ends where the backup says.
    crashRecovered: true,
  };
  return {
    memory,
    events: [event('member.cloned', clonedText(ended), ended)],
  };
}

function clonedText({ job }: FinishedJob): string {
  const source = job.kind === 'clone' ? job.from?.member : undefined;
  return source === undefined ? 'restored from a backup, without a leader' : `cloned from ${source}`;
}

function noteRewind(mem: Memory, ended: FinishedJob): Noted {
  if (failure(ended) !== undefined) {
    const rewindTries = mem.rewindTries + 1;
    return { memory: retryLater({ ...mem, rewindTries }, ended, rewindTries), events: [failed(ended)] };
  }
  // One that changed nothing must not be repeated for ever: it counts until the standby streams.
  const rewindTries = mem.rewindTries + 1;
  const reclone = mem.reclone?.cause === 'refused' ? undefined : mem.reclone;
  const memory = { ...mem, role: 'replica' as RoleSeen, startTries: 0, rewindTries, recorded: undefined, reclone };
  return {
    memory,
    events: [event('member.rewound', 'rewound to the leader; what was thrown away is recorded', ended)],
  };
}

/** Asked again at an easy pace: nothing is given up before it is written down. */
function noteRecord(mem: Memory, ended: FinishedJob): Noted {
  const { job, outcome } = ended;
  // The other cluster may be away for long; what is not known to part from it follows it as soon as it is back.
  const isRemote = job.kind === 'recordDivergence' && job.from.remote !== undefined;
  const failedNow = {
    memory: { ...retryLater(mem, ended, isRemote ? 1 : RECORD_PACE), remoteUnasked: isRemote },
    events: [failed(ended)],
  };
  if (outcome.kind === 'failed' || job.kind !== 'recordDivergence') return failedNow;
  const { recorded } = outcome.facts;
  if (recorded === undefined) return failedNow;
  return {
    memory: { ...mem, recorded: { ...recorded, leader: job.from.member, atMs: ended.endedMs } },
    events: [],
  };
}

function notePromote(mem: Memory, ended: FinishedJob, obs: Observation): Noted {
  if (failure(ended) !== undefined) {
    const standAsideUntilMs = ended.endedMs + LIMITS.othersFirstMs;
    return { memory: { ...mem, promoteTries: mem.promoteTries + 1, standAsideUntilMs }, events: [failed(ended)] };
  }
  return {
    memory: { ...mem, promoteTries: 0, standAsideUntilMs: 0 },
    events: [promotedEvent(ended, obs), ...unreadySlots(mem)],
  };
}

/** A reign that pre_promote refuses is given up; others first, for as long as the contract has it. */
function notePrePromote(mem: Memory, ended: FinishedJob, obs: Observation): Noted {
  const reign = obs.lease.kind === 'held' ? obs.lease.reign : undefined;
  if (failure(ended) === undefined) return { memory: { ...mem, prePromotedReign: reign }, events: [] };
  return { memory: { ...mem, prePromoteRefused: reign }, events: [failed(ended)] };
}

function noteStop(mem: Memory, ended: FinishedJob): Noted {
  if (ended.outcome.kind === 'failed') {
    // Where PostgreSQL goes all the same, it is started again under the lease that is still held.
    const switchover = mem.switchover?.stoppedMs === undefined ? undefined : mem.switchover;
    return { memory: { ...mem, switchover }, events: [failed(ended)] };
  }
  const { shutdownLsn } = ended.outcome.facts;
  const switchover =
    mem.switchover === undefined ? undefined : { ...mem.switchover, shutdownLsn, stoppedMs: ended.endedMs };
  const events = mem.role === 'primary' ? [event('postgres.demoted', 'PostgreSQL stopped', ended)] : [];
  // Made a standby, it writes again only after a promotion.
  const isStandbyNow = ended.job.kind === 'stop' && ended.job.asStandby === true;
  const standby = isStandbyNow ? { servingReign: undefined, role: 'replica' as RoleSeen } : {};
  return { memory: { ...mem, switchover, ...standby }, events };
}

function noteRest(mem: Memory, ended: FinishedJob): Noted {
  if (failure(ended) === undefined) return { memory: { ...mem, holdOffMs: 0 }, events: [] };
  return { memory: retryLater(mem, ended, 1), events: [failed(ended)] };
}

/** Whatever comes of it, the next one waits longer: a copy stops the server, and one that does not help is not repeated for ever. */
function noteCopy(mem: Memory, ended: FinishedJob): Noted {
  const wasLongAgo = ended.startedMs - mem.slots.copyHoldOffMs > LIMITS.copyPauseMaxMs;
  const copies = wasLongAgo ? 1 : mem.slots.copies + 1;
  const pauseMs = Math.min(LIMITS.copyPauseMs * 2 ** (copies - 1), LIMITS.copyPauseMaxMs);
  const slots = { ...mem.slots, copies, copyHoldOffMs: ended.endedMs + pauseMs, copyWantedMs: undefined };
  const events = failure(ended) === undefined ? [event('slots.copied', copiedText(ended), ended)] : [failed(ended)];
  return { memory: { ...mem, slots }, events };
}

function copiedText({ job }: FinishedJob): string {
  const names = job.kind === 'copySlots' ? job.slots.map(({ name }) => name) : [];
  return `logical slots copied from the leader: ${names.join(', ')}`;
}

function noteCrashRecovery(mem: Memory, ended: FinishedJob): Noted {
  const events = failure(ended) === undefined ? [] : [failed(ended)];
  return { memory: { ...mem, crashRecovered: true }, events };
}

function noteBootstrap(mem: Memory, ended: FinishedJob): Noted {
  if (failure(ended) === undefined) return { memory: { ...mem, role: 'primary' }, events: [] };
  return { memory: { ...mem, bootstrapFailed: true }, events: [failed(ended, 'bootstrap.failed')] };
}

const NOTES: Readonly<Record<FinishedJob['job']['kind'], Note>> = {
  bootstrap: noteBootstrap,
  clone: noteClone,
  startPrimary: noteStart,
  startStandby: noteStart,
  follow: noteRest,
  cutOff: noteRest,
  promote: notePromote,
  stop: noteStop,
  recoverCrash: noteCrashRecovery,
  recordDivergence: noteRecord,
  rewind: noteRewind,
  checkpoint: noteRest,
  copySlots: noteCopy,
  setAside: (mem, ended) => {
    const { memory, news } = noteSetAside(mem, ended);
    return { memory, events: news === undefined ? [] : [failed(ended)] };
  },
  prePromote: notePrePromote,
  restart: noteRestart,
};

function roleNow(postgres: LocalPostgres, mem: Memory): RoleSeen {
  const sql = known(postgres.sql);
  if (sql !== undefined) return sql.kind === 'primary' ? 'primary' : 'replica';
  if (mem.role !== 'none' || postgres.data.kind !== 'cluster') return mem.role;
  const { state } = postgres.data.control;
  if (state === 'in archive recovery' || state === 'shut down in recovery') return 'replica';
  return state === 'shut down' && postgres.data.standbySignal ? 'replica' : 'primary';
}

function streams({ sql }: LocalPostgres): boolean {
  return sql.kind === 'seen' && sql.value.kind === 'standby' && sql.value.receiver?.status === 'streaming';
}

function noteLogin(mem: Memory, { loginRefused }: LocalPostgres, answered: boolean): Partial<Memory> {
  if (mem.wasLetIn || answered) return { wasLetIn: true, loginRefused: undefined };
  return { loginRefused: loginRefused ?? mem.loginRefused };
}

function isCutShort({ undone }: Observation): boolean {
  return undone !== undefined && !isSlotStep(undone);
}

/** Work that stops the server, or that is done while it is down. */
const DOWN_JOBS: ReadonlySet<JobKind> = new Set([
  'stop',
  'recoverCrash',
  'recordDivergence',
  'rewind',
  'clone',
  'setAside',
  'startPrimary',
  'restart',
  'copySlots',
  'startStandby',
]);

function worksHere({ job, ended }: Observation): boolean {
  return [job, ended].some((one) => one !== undefined && DOWN_JOBS.has(one.job.kind));
}

function notePause({ pause }: Memory, obs: Observation): Memory['pause'] {
  const gone = obs.postgres.postmaster === undefined;
  return changed(pause, { downByUs: gone && (pause.downByUs || worksHere(obs)) });
}

function noteServer(mem: Memory, obs: Observation): Memory {
  const { postgres } = obs;
  const answered = postgres.sql.kind === 'seen';
  const gone = postgres.postmaster === undefined;
  const busy = !answered && (postgres.starting || gone);
  return changed(mem, {
    role: roleNow(postgres, mem),
    answeredMs: answered ? obs.nowMs : mem.answeredMs,
    ...noteLogin(mem, postgres, answered),
    pause: notePause(mem, obs),
    startingSinceMs: busy ? (mem.startingSinceMs ?? obs.nowMs) : undefined,
    rewindTries: streams(postgres) ? 0 : mem.rewindTries,
    received: noteReceived(mem, obs),
    hasStreamed: mem.hasStreamed || streams(postgres),
    syncMark: gone ? undefined : mem.syncMark,
    // A plan that ended early may not have come to it; telling the server again does no harm.
    appliedConfig: gone || isCutShort(obs) ? undefined : mem.appliedConfig,
  });
}

function noteReceived({ received }: Memory, { postgres, nowMs }: Observation): Memory['received'] {
  const sql = known(postgres.sql);
  if (sql?.kind !== 'standby') return sql === undefined ? received : undefined;
  return received?.lsn === sql.receivedLsn ? received : { lsn: sql.receivedLsn, movedMs: nowMs };
}

/** What was stopped for a hand-over of one reign says nothing in the next. Only a release outlives the lease. */
function noteSwitchover({ switchover }: Memory, { lease }: Observation): Memory['switchover'] {
  const isOfNow = lease.kind === 'held' ? switchover?.reign === lease.reign : switchover?.releasedMs !== undefined;
  return isOfNow ? switchover : undefined;
}

/** A primary that is not demoted yet leads as before. */
function standbyLedNow({ lastConfig, standbyLedMs }: Memory, { postgres, nowMs }: Observation): number | undefined {
  const isPrimary = known(postgres.sql)?.kind === 'primary';
  return lastConfig?.standbyCluster === undefined || isPrimary ? standbyLedMs : nowMs;
}

/** A reign that is not held any more takes its claims with it. */
function noteLease(mem: Memory, obs: Observation): Memory {
  if (obs.lease.kind === 'held') {
    const { reign } = obs.lease;
    const sql = known(obs.postgres.sql);
    const serving = sql?.kind === 'primary' ? reign : mem.servingReign;
    // The same primary goes on under a key that was created again: there is no promotion to follow up.
    const goesOn = sql?.kind === 'primary' && mem.servingReign !== undefined && mem.servingReign !== reign;
    const checkpointed = goesOn && mem.checkpointReign === mem.servingReign;
    return changed(mem, {
      checkpointReign: checkpointed ? reign : mem.checkpointReign,
      servingReign: serving === reign ? reign : undefined,
      switchover: noteSwitchover(mem, obs),
      pledge: undefined,
      candidateSinceMs: undefined,
      standbyLedMs: standbyLedNow(mem, obs),
    });
  }
  return changed(mem, {
    standbyLedMs: undefined,
    servingReign: undefined,
    switchover: noteSwitchover(mem, obs),
    syncMark: undefined,
    promoteTries: 0,
    historyReign: undefined,
    checkpointReign: undefined,
  });
}

/** Only a leader says whose slots are kept. */
function membersSeen(mem: Memory, obs: Observation, view: ClusterView): MemberSlotsSeen | undefined {
  if (obs.lease.kind !== 'held') return undefined;
  const ttlMs = (view.config.value ?? mem.lastConfig)?.memberSlotsTtlMs;
  if (ttlMs === undefined) return mem.slots.membersSeen;
  return memberSlotsSeen(mem.slots.membersSeen, {
    reign: obs.lease.reign,
    nowMs: obs.nowMs,
    ttlMs,
    topology: { members: view.members, leader: view.leader?.name },
    retained: view.status.retainSlots,
    wasSilent: mem.silentSinceMs !== undefined,
  });
}

/** In a standby cluster logical slots are dropped on purpose: copying them afterwards is no failure that is repeated. */
function slotsNow(mem: Memory, obs: Observation, view: ClusterView): Memory['slots'] {
  const isOfStandby = view.config.value?.standbyCluster !== undefined;
  const pace = isOfStandby ? { copies: 0, copyHoldOffMs: 0 } : {};
  return changed(mem.slots, { membersSeen: membersSeen(mem, obs, view), ...pace });
}

function noteReign({ reignSeen }: Memory, revision: number, nowMs: number): Memory['reignSeen'] {
  return reignSeen?.revision === revision ? reignSeen : { revision, sinceMs: nowMs };
}

function noteView(mem: Memory, obs: Observation): Memory {
  const view = known(obs.cluster);
  if (view === undefined) return changed(mem, { silentSinceMs: mem.silentSinceMs ?? obs.nowMs });
  const other = view.leader !== undefined && view.leader.name !== obs.self.name;
  return changed(mem, {
    silentSinceMs: undefined,
    slots: slotsNow(mem, obs, view),
    lastConfig: view.config.value ?? mem.lastConfig,
    failsafe: failsafeSeen(mem, view, obs),
    candidateSinceMs: view.leader !== undefined ? undefined : (mem.candidateSinceMs ?? obs.nowMs),
    better: view.leader === undefined || mem.suspicion !== undefined ? mem.better : undefined,
    reignSeen: noteReign(mem, view.reign.revision, obs.nowMs),
    switchover: other && mem.switchover?.releasedMs !== undefined ? undefined : mem.switchover,
  });
}

function noteEnded(mem: Memory, obs: Observation): Noted {
  const { ended } = obs;
  if (ended === undefined) return { memory: mem, events: [] };
  const { memory, events } = NOTES[ended.job.kind](mem, ended, obs);
  return { memory: { ...memory, isCutOff: isCutOffAfter(mem.isCutOff, ended) }, events };
}

/** Takes the facts of an observation into memory before any rule looks at it. */
export function note(obs: Observation, before: Memory): Noted {
  const job = noteEnded(before, obs);
  const server = noteCrash(noteSyncNames(noteServer(job.memory, obs), obs), obs);
  const health = noteHealth(noteRestarts(noteView(noteLease(server, obs), obs), obs), obs);
  return { memory: noteHealing(health.memory, obs), events: [...job.events, ...health.events] };
}
