import { isNeverLeader } from '../core/model/tags.ts';
import { localEndOf } from '../core/explain/local-end.ts';
import type { WalPosition } from '../core/model/lsn.ts';
import type { ControlData } from '../core/model/local-postgres.ts';
import type { Observation } from '../core/model/observation.ts';
import type { Situation } from './situation.ts';

/** What is there to lead from: pg_control's facts, and how far the WAL reaches as far as anybody can tell. Changes nothing. */
export function recoveryDocument(
  situation: Situation,
  who: { readonly scope: string; readonly name: string; readonly rule: string; readonly why: string },
): Readonly<Record<string, unknown>> {
  const { observation } = situation;
  const { data } = observation.postgres;
  const control = data.kind === 'cluster' ? data.control : undefined;
  const reach = reachOf(situation, control);
  return {
    scope: who.scope,
    member: who.name,
    data: data.kind,
    server: serverOf(situation),
    control: control && controlFields(control),
    timeline: reach?.position.timeline,
    lsn: reach?.position.lsn,
    exact: reach?.isExact ?? false,
    was_primary: wasPrimary(control, observation),
    tags: observation.self.tags,
    never_leader: isNeverLeader(observation.self.tags),
    rule: who.rule,
    why: who.why,
    store: observation.cluster.kind === 'seen' ? undefined : observation.cluster.why,
    age_ms: Math.round(situation.ageMs),
  };
}

function serverOf({ sql, observation }: Situation): string {
  if (sql !== undefined) return sql.kind;
  if (observation.postgres.data.kind !== 'cluster') return 'no data';
  return observation.postgres.postmaster === undefined ? 'down' : 'starting';
}

function controlFields(control: ControlData): Readonly<Record<string, unknown>> {
  return {
    state: control.state,
    system_identifier: control.systemId,
    checkpoint_lsn: control.checkpointLsn,
    checkpoint_timeline: control.checkpointTimeline,
    min_recovery_end_lsn: control.minRecoveryEndLsn,
    min_recovery_end_timeline: control.minRecoveryEndTimeline,
  };
}

interface Reach {
  readonly position: WalPosition;
  readonly isExact: boolean;
}

/** A stopped standby, and a crashed server, may have more WAL on disk than pg_control tells. */
function reachOf({ sql }: Situation, control: ControlData | undefined): Reach | undefined {
  if (sql?.kind === 'primary') return { position: { timeline: sql.timeline, lsn: sql.flushLsn }, isExact: true };
  if (sql?.kind === 'standby')
    return { position: { timeline: sql.timeline, lsn: sql.receivedLsn }, isExact: sql.replayedAll };
  if (control === undefined) return undefined;
  const end = localEndOf(control);
  if (end !== undefined) return { position: end.position, isExact: end.cleanPrimary };
  return { position: { timeline: control.checkpointTimeline, lsn: control.checkpointLsn }, isExact: false };
}

function wasPrimary(control: ControlData | undefined, { postgres }: Observation): boolean {
  if (control === undefined || postgres.data.kind !== 'cluster' || postgres.data.standbySignal) return false;
  return control.state !== 'in archive recovery' && control.state !== 'shut down in recovery';
}
