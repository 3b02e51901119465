import { booleanFromWord } from './boolean-word.ts';
import { readLeaderTtlMs } from './leader-ttl.ts';
import { integerFromText } from './quantity.ts';
import {
  isSettingMap,
  note,
  readBoolean,
  readDurationMs,
  readerBelow,
  readInteger,
  readLines,
  readSecondsMs,
  type SettingReader,
  valueOf,
} from './read-settings.ts';
import { type SettingProblem, settingProblemToText } from './setting-problem.ts';
import { readSlotSettings, type SlotSettings } from './slot-settings.ts';
import { readStandbySection, type StandbySettings } from './standby-section.ts';
import { readTimings } from './timings.ts';

export type SynchronousMode = 'off' | 'on' | 'quorum';
/** keep: what does not fit is described and given up. hold: it is not given up before people say so. */
export type DivergencePolicy = 'keep' | 'hold';

/**
 * The configuration all members share, kept in the store (`/config`) and first taken from `bootstrap.dcs`.
 * Every field has a usable value; what the document said wrongly is replaced by its default.
 */
export interface DynamicConfig extends SlotSettings {
  /** `ttl`: life of a member's lease. At least 20 s. */
  readonly ttlMs: number;
  /** `loop_wait`: longest quiet time between two decisions; events come at once. */
  readonly loopWaitMs: number;
  /** `retry_timeout`: how long the store or PostgreSQL may fail to answer before that counts. */
  readonly retryTimeoutMs: number;
  /** `maximum_lag_on_failover`: who is further behind the last known position is not promoted. */
  readonly maximumLagOnFailoverBytes: number;
  /** `primary_start_timeout`: how long a crashed primary may take to recover. 0: fail over at once. */
  readonly primaryStartTimeoutMs: number;
  /** `primary_race_backoff`: how long candidates hold back while WAL still arrives from a leader whose key is gone. 0: not at all. */
  readonly primaryRaceBackoffMs: number;
  /** `primary_stop_timeout`: with synchronous replication, when a stop turns immediate. 0: never. */
  readonly primaryStopTimeoutMs: number;
  /** `synchronous_mode`: whether commits wait for standbys, and whether for named ones or for any of them. */
  readonly synchronousMode: SynchronousMode;
  /** `synchronous_mode_strict`: refuse commits rather than go on without a synchronous standby. */
  readonly synchronousModeStrict: boolean;
  /** `synchronous_node_count`: how many standbys a commit waits for. At least 1. */
  readonly synchronousNodeCount: number;
  /** `maximum_lag_on_syncnode`: who is further behind is no synchronous standby. 0 or less: no limit. */
  readonly maximumLagOnSyncnodeBytes: number;
  /** `pause`: no automatic change of roles. */
  readonly paused: boolean;
  /** `failsafe_mode`: go on leading without the store while every member agrees. */
  readonly failsafeMode: boolean;
  /** `check_timeline`: who is behind the cluster's timeline is not promoted. */
  readonly checkTimeline: boolean;
  /** `max_timelines_history`: how many entries of the history are kept. 0: all. */
  readonly maxTimelinesHistory: number;
  /** `postgresql.use_pg_rewind`: bring back a diverged former primary by pg_rewind. */
  readonly usePgRewind: boolean;
  /** `postgresql.use_slots`: keep a physical slot for each member. Only the dynamic configuration sets it. */
  readonly useSlots: boolean;
  /** `postgresql.remove_data_directory_on_rewind_failure`: clone anew when pg_rewind fails. */
  readonly removeDataDirectoryOnRewindFailure: boolean;
  /** `postgresql.remove_data_directory_on_diverged_timelines`: clone anew when timelines diverged and pg_rewind is not used. */
  readonly removeDataDirectoryOnDivergedTimelines: boolean;
  /** `postgresql.parameters` as written; `serverParameters` decides what the server gets. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `postgresql.pg_hba`: lines of pg_hba.conf; undefined: the file is left alone. */
  readonly pgHba: readonly string[] | undefined;
  /** `postgresql.pg_ident`: lines of pg_ident.conf; undefined: the file is left alone. */
  readonly pgIdent: readonly string[] | undefined;
  /** `kornak.leader_ttl`: life of the leader's own lease. At least 2 s, at most 1.5 `ttl`; by default 3 s with `failsafe_mode`, else 6 s. */
  readonly leaderTtlMs: number;
  /** `kornak.health_timeout`: how long PostgreSQL may leave a probe unanswered before it counts as hung. */
  readonly healthTimeoutMs: number;
  /** `kornak.failover_on_crash`: a synchronous standby that holds every acknowledged commit takes over from a primary that crashed. */
  readonly failoverOnCrash: boolean;
  /** `kornak.divergence`: what becomes of diverged WAL that is too large to be kept aside. */
  readonly divergence: DivergencePolicy;
  /** `standby_cluster`: this cluster follows another one. Then nobody waits for standbys here, whatever is configured. */
  readonly standbyCluster: StandbySettings | undefined;
  /** The document as it was read, including what is not acted on. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface DecodedDynamicConfig {
  readonly config: DynamicConfig;
  /** `problems` as lines for the log. */
  readonly warnings: readonly string[];
  readonly problems: readonly SettingProblem[];
  /** The document is not fit for use: keep the configuration in force. `config` then has the default for what was wrong. */
  readonly rejected: boolean;
}

/** Nothing is acknowledged in a standby cluster, and its timelines are those of the other one. */
const OFF_IN_STANDBY_CLUSTER = { synchronousMode: 'off', primaryRaceBackoffMs: 0, checkTimeline: false } as const;

/** Reads the document of `/config` or `bootstrap.dcs`. Never throws, whatever it is given. */
export function decodeDynamicConfig(json: unknown): DecodedDynamicConfig {
  const problems: SettingProblem[] = [];
  const raw = isSettingMap(json) ? json : {};
  if (!isSettingMap(json))
    problems.push({ path: [], value: undefined, reason: 'the configuration must be a map', severity: 'rejects' });
  const reader: SettingReader = { map: raw, path: [], problems };
  const standbyCluster = readStandbySection(reader);
  const rules = readFailoverRules(reader);
  const timings = readTimings(reader);
  const kornak = readerBelow(reader, 'kornak');
  const config: DynamicConfig = {
    ...timings,
    ...rules,
    ...readSynchronousRules(reader),
    ...readSlotSettings(reader),
    ...readPostgresSection(readerBelow(reader, 'postgresql')),
    ...readKornakSection(kornak),
    leaderTtlMs: readLeaderTtlMs(kornak, rules.failsafeMode, timings.ttlMs),
    ...(standbyCluster === undefined ? {} : OFF_IN_STANDBY_CLUSTER),
    standbyCluster,
    raw,
  };
  return {
    config,
    problems,
    warnings: problems.map(settingProblemToText),
    rejected: problems.some((problem) => problem.severity === 'rejects'),
  };
}

type FailoverRules = Pick<
  DynamicConfig,
  | 'maximumLagOnFailoverBytes'
  | 'primaryStartTimeoutMs'
  | 'primaryRaceBackoffMs'
  | 'primaryStopTimeoutMs'
  | 'paused'
  | 'failsafeMode'
  | 'checkTimeline'
  | 'maxTimelinesHistory'
>;

function readFailoverRules(reader: SettingReader): FailoverRules {
  return {
    maximumLagOnFailoverBytes: readInteger(reader, 'maximum_lag_on_failover', { fallback: 1_048_576, min: 0 }),
    primaryStartTimeoutMs: readSecondsMs(reader, ['primary_start_timeout', 'master_start_timeout'], 300),
    primaryRaceBackoffMs: readSecondsMs(reader, ['primary_race_backoff'], 0),
    primaryStopTimeoutMs: readSecondsMs(reader, ['primary_stop_timeout', 'master_stop_timeout'], 0),
    paused: readBoolean(reader, 'pause', false),
    failsafeMode: readBoolean(reader, 'failsafe_mode', false),
    checkTimeline: readBoolean(reader, 'check_timeline', false),
    maxTimelinesHistory: readInteger(reader, 'max_timelines_history', { fallback: 0, min: 0 }),
  };
}

function readSynchronousRules(
  reader: SettingReader,
): Pick<
  DynamicConfig,
  'synchronousMode' | 'synchronousModeStrict' | 'synchronousNodeCount' | 'maximumLagOnSyncnodeBytes'
> {
  return {
    synchronousMode: readSynchronousMode(reader),
    synchronousModeStrict: readBoolean(reader, 'synchronous_mode_strict', false),
    synchronousNodeCount: readNodeCount(reader),
    maximumLagOnSyncnodeBytes: readInteger(reader, 'maximum_lag_on_syncnode', { fallback: -1, min: -1 }),
  };
}

/** Fewer than one cannot be meant by whoever asks for synchronous replication, so it is not taken for one either. */
function readNodeCount(reader: SettingReader): number {
  const key = 'synchronous_node_count';
  const value = integerFromText(valueOf(reader, key));
  if (value === undefined || value >= 1) return readInteger(reader, key, { fallback: 1, min: 1 });
  note(reader, key, 'must be at least 1; to wait for nobody set synchronous_mode: off', 'rejects');
  return 1;
}

function readSynchronousMode(reader: SettingReader): SynchronousMode {
  const value = valueOf(reader, 'synchronous_mode');
  if (value === undefined || value === null) return 'off';
  if (typeof value === 'string' && value.toLowerCase() === 'quorum') return 'quorum';
  const on = booleanFromWord(value);
  if (on === undefined) note(reader, 'synchronous_mode', 'must be on, off or quorum; off is used');
  return on === true ? 'on' : 'off';
}

type PostgresSection = Pick<
  DynamicConfig,
  | 'usePgRewind'
  | 'useSlots'
  | 'removeDataDirectoryOnRewindFailure'
  | 'removeDataDirectoryOnDivergedTimelines'
  | 'parameters'
  | 'pgHba'
  | 'pgIdent'
>;

function readPostgresSection(reader: SettingReader): PostgresSection {
  const parameters = valueOf(reader, 'parameters');
  if (parameters !== undefined && parameters !== null && !isSettingMap(parameters))
    note(reader, 'parameters', 'must be a map', 'rejects');
  return {
    usePgRewind: readBoolean(reader, 'use_pg_rewind', false),
    useSlots: readBoolean(reader, 'use_slots', true),
    removeDataDirectoryOnRewindFailure: readBoolean(reader, 'remove_data_directory_on_rewind_failure', false),
    removeDataDirectoryOnDivergedTimelines: readBoolean(reader, 'remove_data_directory_on_diverged_timelines', false),
    parameters: isSettingMap(parameters) ? parameters : {},
    pgHba: readLines(reader, 'pg_hba'),
    pgIdent: readLines(reader, 'pg_ident'),
  };
}

function readKornakSection(
  reader: SettingReader,
): Pick<DynamicConfig, 'healthTimeoutMs' | 'failoverOnCrash' | 'divergence'> {
  return {
    healthTimeoutMs: readDurationMs(reader, 'health_timeout', { fallbackMs: 5000, minMs: 500 }),
    failoverOnCrash: readBoolean(reader, 'failover_on_crash', true),
    divergence: readDivergencePolicy(reader),
  };
}

function readDivergencePolicy(reader: SettingReader): DivergencePolicy {
  const value = valueOf(reader, 'divergence');
  if (value === undefined || value === null || value === 'keep') return 'keep';
  if (value === 'hold') return 'hold';
  // Whoever meant to have it held must not lose it to a slip of the pen.
  note(reader, 'divergence', 'must be keep or hold; hold is used');
  return 'hold';
}
