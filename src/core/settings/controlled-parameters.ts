// Parameters of PostgreSQL that must agree between members, or that the agent needs for its own work. Only the dynamic
// configuration sets them, within bounds; PostgreSQL gets most of them on its command line, where nothing overrides them.
import { booleanFromWord } from './boolean-word.ts';
import { integerFromText } from './quantity.ts';

export interface ControlledParameter {
  readonly name: string;
  readonly fallback: string;
  /** What is accepted, for messages. */
  readonly accepted: string;
  /** The text for PostgreSQL, or undefined where the value is refused. */
  readonly read: (value: unknown) => string | undefined;
}

/** What the local file alone decides through `postgresql.listen` and `scope`. Never settable by name. */
const FIXED_PARAMETERS: readonly string[] = ['listen_addresses', 'port', 'cluster_name'];

function wholeNumber(name: string, fallback: number, min: number): ControlledParameter {
  const read = (value: unknown): string | undefined => {
    const number = integerFromText(value);
    return number === undefined || number < min ? undefined : String(number);
  };
  return { name, fallback: String(fallback), accepted: `a whole number, at least ${min}`, read };
}

function onOrOff(name: string, fallback: 'on' | 'off'): ControlledParameter {
  const read = (value: unknown): string | undefined => {
    const on = booleanFromWord(value);
    return on === undefined ? undefined : on ? 'on' : 'off';
  };
  return { name, fallback, accepted: 'on or off', read };
}

function readWalLevel(value: unknown): string | undefined {
  const level = typeof value === 'string' ? value.toLowerCase() : '';
  if (level === 'hot_standby') return 'replica';
  return level === 'replica' || level === 'logical' ? level : undefined;
}

const WAL_KEEP_SIZE_MIN_MB = 16;

function readWalKeepSize(value: unknown): string | undefined {
  const sizeMb = integerFromText(value, 'MB');
  return sizeMb === undefined || sizeMb < WAL_KEEP_SIZE_MIN_MB ? undefined : String(value).trim();
}

/** In the order of the command line, after the fixed ones. */
export const COMMAND_LINE_PARAMETERS: readonly ControlledParameter[] = [
  { name: 'wal_level', fallback: 'replica', accepted: 'replica or logical', read: readWalLevel },
  {
    name: 'hot_standby',
    fallback: 'on',
    accepted: 'on',
    read: (value) => (booleanFromWord(value) === true ? 'on' : undefined),
  },
  wholeNumber('max_connections', 100, 25),
  wholeNumber('max_wal_senders', 10, 3),
  wholeNumber('max_prepared_transactions', 0, 0),
  wholeNumber('max_locks_per_transaction', 64, 32),
  onOrOff('track_commit_timestamp', 'off'),
  wholeNumber('max_replication_slots', 10, 4),
  wholeNumber('max_worker_processes', 8, 2),
  onOrOff('wal_log_hints', 'on'),
];

export const WAL_KEEP_SEGMENTS: ControlledParameter = wholeNumber('wal_keep_segments', 8, 1);
export const WAL_KEEP_SIZE: ControlledParameter = {
  name: 'wal_keep_size',
  fallback: '128MB',
  accepted: 'at least 16MB',
  read: readWalKeepSize,
};

const CONTROLLED_PARAMETERS: readonly ControlledParameter[] = [
  ...COMMAND_LINE_PARAMETERS,
  WAL_KEEP_SEGMENTS,
  WAL_KEEP_SIZE,
];

export function controlledParameter(name: string): ControlledParameter | undefined {
  return CONTROLLED_PARAMETERS.find((parameter) => parameter.name === name.toLowerCase());
}

export function isFixedParameter(name: string): boolean {
  return FIXED_PARAMETERS.includes(name.toLowerCase());
}
