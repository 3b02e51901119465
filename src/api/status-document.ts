import type { MemberData } from '../core/model/cluster.ts';
import { hasWatchdogFailed } from '../core/model/watchdog.ts';
import type { Sender, SqlStatus } from '../core/model/local-postgres.ts';
import type { Situation } from './situation.ts';

/** The document of `GET /patroni` and of every health check. The order of its members is part of the contract. */
export function statusDocument(situation: Situation): Readonly<Record<string, unknown>> {
  const { sql, role, state } = situation;
  return {
    state,
    ...(sql === undefined ? { role } : sqlFields(sql, situation)),
    ...clusterFields(situation),
    kornak: healingFields(situation),
  };
}

function sqlFields(
  sql: SqlStatus,
  { role, syncStandby, replicationState }: Situation,
): Readonly<Record<string, unknown>> {
  return {
    postmaster_start_time: shownTime(sql.startedAt),
    role,
    server_version: sql.serverVersion,
    xlog: positions(sql),
    ...(syncStandby === undefined ? {} : { [syncStandby]: true }),
    timeline: sql.timeline,
    replication_state: replicationState,
    replication: sql.senders.length === 0 ? undefined : sql.senders.map(senderFields),
  };
}

function positions(sql: SqlStatus): Readonly<Record<string, unknown>> {
  if (sql.kind === 'primary') return { location: sql.flushLsn };
  return {
    received_location: sql.receivedLsn,
    replayed_location: sql.replayedLsn,
    replayed_timestamp: sql.replayedAt === null ? null : shownTime(sql.replayedAt),
    paused: sql.replayPaused,
  };
}

/** As PostgreSQL writes it, which is what clients of the contract parse. */
function shownTime(iso: string): string {
  return iso.replace('T', ' ');
}

function senderFields(sender: Sender): Readonly<Record<string, unknown>> {
  return {
    usename: sender.user,
    application_name: sender.name,
    client_addr: sender.clientAddress,
    state: sender.state,
    sync_state: sender.syncState,
    sync_priority: sender.syncPriority,
  };
}

/** Ours, beside the contract's: only while there is something to say. */
function healingFields({ healing, observation }: Situation): unknown {
  const { progress } = observation.job ?? {};
  const job = progress === undefined ? undefined : { progress: progress.text, percent: progress.percent };
  if (healing === undefined && job === undefined) return undefined;
  const { rung, tries, why } = healing ?? {};
  return { healing: healing === undefined ? undefined : { rung, try: tries, why }, job };
}

function clusterFields({
  observation,
  view,
  isPaused,
  isFailsafe,
  storeSeenAtS,
  member,
}: Situation): Readonly<Record<string, unknown>> {
  const { self, postgres } = observation;
  return {
    pause: isPaused ? true : undefined,
    cluster_unlocked: view?.leader === undefined ? true : undefined,
    failsafe_mode_is_active: isFailsafe ? true : undefined,
    dcs_last_seen: storeSeenAtS,
    pending_restart: member?.pendingRestart,
    pending_restart_reason: member?.pendingRestartReason,
    scheduled_restart: plannedRestart(member),
    watchdog_failed: hasWatchdogFailed(observation) ? true : undefined,
    tags: Object.keys(self.tags).length === 0 ? undefined : self.tags,
    database_system_identifier: postgres.data.kind === 'cluster' ? postgres.data.control.systemId : undefined,
    patroni: { version: self.version, scope: self.scope, name: self.name },
  };
}

/** When the server was started is between this member and itself. */
function plannedRestart(member: MemberData | undefined): unknown {
  const { postmaster_start_time: _, ...planned } = member?.scheduledRestart ?? {};
  return member?.scheduledRestart === undefined ? undefined : planned;
}

/** Before the first cycle has ended nothing is known but who is asked. */
export function unknownStatus(name: string, scope: string): Readonly<Record<string, unknown>> {
  return {
    state: 'starting',
    role: 'uninitialized',
    cluster_unlocked: true,
    dcs_last_seen: 0,
    patroni: { scope, name },
  };
}
