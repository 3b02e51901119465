import type { ServerTrouble } from '../../core/model/healing.ts';
import { lsn } from '../../core/model/lsn.ts';
import type {
  DataDirectory,
  LocalPostgres,
  PrimaryStatus,
  Sender,
  Slot,
  SqlStatus,
  StandbyStatus,
} from '../../core/model/local-postgres.ts';
import { seen, type Seen, unknown } from '../../core/model/seen.ts';
import { healthOf } from './disk-fault.ts';
import { priorityOf } from './sync-names.ts';
import type { Server } from './server.ts';
import { isInUse } from './slots.ts';
import { positionOf } from './wal.ts';
import type { PgHost } from './world.ts';

const VERSION = 150018;

/** What status queries, pg_control and the process table tell of one PostgreSQL right now. */
export function lookAt(host: PgHost): LocalPostgres {
  const { server, disk } = host;
  return {
    data: dataOf(host),
    postmaster: server?.id,
    starting: server !== undefined && server.phase === 'starting',
    sql: sqlOf(host, server),
    lastError: disk.lastError,
    loginRefused: undefined,
    health: healthOf(host, host.machine.agenda.nowMs),
    trouble: troubleOf(server),
    pauseNoted: disk.pauseNoted,
  };
}

const TROUBLES: readonly (readonly [RegExp, ServerTrouble['kind']])[] = [
  [/already been removed/, 'walRemoved'],
  [/forked off/, 'diverged'],
  [/ahead of the WAL/, 'ahead'],
  [/does not exist/, 'slotMissing'],
  [/is active/, 'slotBusy'],
  [/system identifiers/, 'foreign'],
  [/timed out|refused|not accepting/, 'unreachable'],
];

function troubleOf(server: Server | undefined): ServerTrouble | undefined {
  const text = server?.refusal;
  if (text === undefined || server?.receiver?.status === 'streaming') return undefined;
  const kind = TROUBLES.find(([pattern]) => pattern.test(text))?.[1];
  return kind === undefined ? undefined : { kind, text };
}

function dataOf(host: PgHost): DataDirectory {
  const { files, unfinished } = host.disk;
  if (unfinished !== undefined) return { kind: 'unfinished', work: unfinished };
  if (files === undefined) return { kind: 'empty' };
  const end = positionOf(files.minRecoveryEnd);
  const wasStandby = files.control === 'shut down in recovery' || files.control === 'in archive recovery';
  return {
    kind: 'cluster',
    standbySignal: files.standbySignal,
    backupLabel: files.backupLabel,
    control: {
      state: files.control,
      systemId: files.systemId,
      checkpointLsn: lsn(files.checkpoint.lsn),
      checkpointTimeline: files.checkpoint.branch.timeline,
      checkpointEndLsn: files.control === 'shut down' ? lsn(files.log.lsn) : undefined,
      minRecoveryEndLsn: wasStandby ? end.lsn : lsn(0),
      minRecoveryEndTimeline: wasStandby ? end.timeline : 0,
      rewindable: true,
    },
  };
}

function sqlOf(host: PgHost, server: Server | undefined): Seen<SqlStatus> {
  if (server === undefined) return unknown('no postmaster');
  if (server.phase === 'starting') return unknown('the database system is starting up');
  if (server.phase === 'stopping') return unknown('the database system is shutting down');
  const status = server.role === 'primary' ? primaryOf(server) : standbyOf(server);
  return seen(status, host.machine.bootMs());
}

function primaryOf(server: Server): PrimaryStatus {
  const { branch, lsn: end } = server.log();
  return {
    kind: 'primary',
    timeline: branch.timeline,
    flushLsn: lsn(end),
    senders: sendersOf(server),
    slots: slotsOf(server),
    sync: {
      names: server.sync.text,
      synchronousCommit: 'on',
      checkpointerIdleSinceReload: server.sync.isIdleSinceReload(),
    },
    serverVersion: VERSION,
    startedAt: startedAt(server),
  };
}

function standbyOf(server: Server): StandbyStatus {
  const replayed = positionOf(server.replayed());
  const held = server.replayedAll ? positionOf(server.log()) : replayed;
  const { receiver, follow } = server;
  return {
    kind: 'standby',
    timeline: held.timeline,
    receivedLsn: held.lsn,
    replayedLsn: replayed.lsn,
    replayedAt: null,
    replayPaused: false,
    replayedAll: server.replayedAll,
    receiverRuns: receiver !== undefined,
    receiver:
      receiver?.status === 'streaming'
        ? {
            status: 'streaming',
            upstream: receiver.target.upstream,
            slot: receiver.target.slot,
            timeline: held.timeline,
            lastMessageAgeMs: receiver.messageAgeMs(),
          }
        : undefined,
    upstream: follow?.upstream,
    slots: slotsOf(server),
    senders: sendersOf(server),
    serverVersion: VERSION,
    startedAt: startedAt(server),
  };
}

function sendersOf(server: Server): readonly Sender[] {
  return server.senders.map((each) => {
    const { names } = each;
    const flushed = each.flushedLsn === 0 ? undefined : lsn(each.flushedLsn);
    const syncPriority = priorityOf(names, each.name);
    return {
      name: each.name,
      user: 'replicator',
      clientAddress: each.name,
      state: each.state,
      syncState:
        syncPriority === 0
          ? 'async'
          : names?.method === 'any'
            ? 'quorum'
            : syncPriority <= (names?.count ?? 0)
              ? 'sync'
              : 'potential',
      syncPriority,
      writeLsn: flushed,
      flushLsn: flushed,
      replayLsn: flushed,
      slot: each.slot,
      hasReadSettings: each.hasRead,
    };
  });
}

function slotsOf(server: Server): readonly Slot[] {
  return [...server.files.slots].map(([name, slot]) => ({
    name,
    kind: slot.logical === undefined ? 'physical' : 'logical',
    active: isInUse(server, name),
    restartLsn: slot.restartLsn === undefined ? undefined : lsn(slot.restartLsn),
    isLost: slot.isLost,
    ...slot.logical,
    ...(slot.logical === undefined || slot.restartLsn === undefined ? {} : { confirmedFlushLsn: lsn(slot.restartLsn) }),
  }));
}

function startedAt(server: Server): string {
  return `boot+${Math.round(server.startedAtMs)}`;
}
