// Endpoints that Patroni does not have.
import { type Answer, json, text } from './answer.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import { decodeEvents } from '../core/layout/own-keys.ts';
import { known } from '../core/model/seen.ts';
import { recoveryDocument } from './recovery-document.ts';
import type { Situation } from './situation.ts';

export async function postBootstrap(_: ApiRequest, { desk }: Office): Promise<Answer> {
  const outcome = await desk.bootstrap();
  if (outcome.kind === 'done') return text(202, outcome.value);
  if (outcome.kind === 'unknown') return text(503, outcome.why);
  return text(409, outcome.kind === 'conflict' ? 'somebody else was faster' : outcome.why);
}

export function getExplain(_: ApiRequest, { desk, situation, scope, name }: Office): Answer {
  const snapshot = desk.snapshot();
  if (situation === undefined || snapshot === undefined) return text(503, 'the first cycle has not ended yet');
  const nowMs = desk.nowMs();
  return json(200, {
    scope,
    member: name,
    age_ms: Math.round(situation.ageMs),
    rule: snapshot.rule,
    why: snapshot.why,
    role: situation.role,
    state: situation.state,
    healing: healingFields(situation, nowMs),
    health: healthFields(situation, nowMs),
    unready_slots: situation.unreadySlots,
    job: jobFields(situation, nowMs),
    timers: timerFields(situation, nowMs),
    failsafe: failsafeFields(situation, nowMs),
    leader_heartbeat: heartbeatFields(situation, nowMs),
    store: situation.observation.cluster.kind === 'seen' ? undefined : situation.observation.cluster.why,
    nonsense: situation.view?.nonsense,
    events: snapshot.events,
    cluster_events: decodeEvents(situation.view?.events.value ?? '[]').value,
  });
}

export function getRecovery(_: ApiRequest, { desk, situation, scope, name }: Office): Answer {
  const snapshot = desk.snapshot();
  if (situation === undefined || snapshot === undefined) return text(503, 'the first cycle has not ended yet');
  const { rule, why } = snapshot;
  return json(200, recoveryDocument(situation, { scope, name, rule, why }));
}

function healingFields({ healing }: Situation, nowMs: number): unknown {
  if (healing === undefined) return undefined;
  const { rung, tries, why, sinceMs } = healing;
  return { rung, try: tries, why, for_ms: Math.round(nowMs - sinceMs) };
}

function healthFields({ observation, member }: Situation, nowMs: number): unknown {
  const { server, storage } = observation.postgres.health;
  const age = (sinceMs: number | undefined): number | undefined =>
    sinceMs === undefined ? undefined : Math.round(nowMs - sinceMs);
  const volumes = known(storage)?.map(({ use, path, state, sinceMs, freeBytes, why }) => ({
    use,
    path,
    state,
    for_ms: age(sinceMs),
    free_bytes: freeBytes,
    why,
  }));
  return {
    answered_ms_ago: age(server.answeredMs),
    silent_ms: age(server.silentSinceMs),
    stuck_ms: age(server.stuckSinceMs),
    refusal: server.refusal,
    storage: volumes ?? (storage.kind === 'unknown' ? storage.why : undefined),
    unfenced: member?.kornak?.unfenced ?? 0,
  };
}

function jobFields({ observation }: Situation, nowMs: number): unknown {
  const { job } = observation;
  if (job === undefined) return undefined;
  return {
    kind: job.job.kind,
    running_ms: Math.round(nowMs - job.startedMs),
    left_ms: Math.round(job.deadlineMs - nowMs),
    progress: job.progress?.text,
    percent: job.progress?.percent,
    cancelled: job.cancelled,
  };
}

/** undefined: the store carries the lead. */
function failsafeFields({ observation, isFailsafe }: Situation, nowMs: number): unknown {
  const { lease, promise } = observation;
  if (!isFailsafe) return undefined;
  if (lease.kind === 'held') return { leads: true, since_ms: Math.round(nowMs - (lease.carriedSinceMs ?? nowMs)) };
  if (promise.kind !== 'given') return undefined;
  return { leads: false, leader: promise.leader, promised_ms: Math.round(promise.untilMs - nowMs) };
}

/** Of the leader that this member listens to; undefined: of none. */
function heartbeatFields({ observation }: Situation, nowMs: number): unknown {
  const { leaderSigns } = observation;
  if (leaderSigns === undefined) return undefined;
  const { reign, beat, said, link, postgres, lease } = leaderSigns;
  return {
    reign,
    heard_ms_ago: beat && Math.round(nowMs - beat.atMs),
    said,
    link,
    postgres: postgres?.kind,
    lease_not_renewed_ms: lease && Math.round(lease.minAgeMs),
  };
}

/** What in this member acts by time, with what is left of it. */
function timerFields({ observation, config }: Situation, nowMs: number): Readonly<Record<string, unknown>> {
  const { lease, guard } = observation;
  return {
    ttl_ms: config.ttlMs,
    loop_wait_ms: config.loopWaitMs,
    retry_timeout_ms: config.retryTimeoutMs,
    leader_ttl_ms: config.leaderTtlMs,
    health_timeout_ms: config.healthTimeoutMs,
    primary_start_timeout_ms: config.primaryStartTimeoutMs,
    lease_left_ms: lease.kind === 'held' ? Math.round(lease.deadlineMs - nowMs) : undefined,
    guard_left_ms: guard.kind === 'armed' ? Math.round(guard.deadlineMs - nowMs) : undefined,
  };
}
