import { slotNameOf } from '../layout/slot-name.ts';
import { isStandbyCluster } from './is-standby-cluster.ts';
import { integerFromText } from './quantity.ts';
import { isSettingMap, note, type SettingReader, valueOf } from './read-settings.ts';

const KEY = 'standby_cluster';
const DEFAULT_PORT = 5432;
const PORT_MAX = 65_535;
/** PostgreSQL does not start with more. */
const DELAY_MS_MAX = 2_147_483_647;
/** Also an IPv6 address without brackets. It ends up in files of PostgreSQL. */
const HOST = /^[^\s\p{C}/?'"\\@,]+$/u;

/** `standby_cluster`: this cluster follows another one, whose address this is. */
export interface StandbySettings {
  /** Several are parted by commas: the one that accepts writes is followed. undefined: WAL comes from an archive alone. */
  readonly host: string | undefined;
  readonly port: number;
  /** The slot there; nobody makes it for us. undefined: none is used. */
  readonly primarySlotName: string | undefined;
  readonly restoreCommand: string | undefined;
  readonly archiveCleanupCommand: string | undefined;
  /** Of the member that follows the other cluster, and of no other. */
  readonly recoveryMinApplyDelay: string | undefined;
  /** How copies are made as long as this is a standby cluster. */
  readonly createReplicaMethods: readonly string[];
}

/** undefined: this is a cluster of its own. What is written wrongly is no guess: the document is refused. */
export function readStandbySection(reader: SettingReader): StandbySettings | undefined {
  const value = valueOf(reader, KEY);
  const isNone = value === undefined || value === null || value === false;
  if (isNone || (isSettingMap(value) && Object.keys(value).length === 0)) return undefined;
  if (!isSettingMap(value) || !isStandbyCluster(reader.map)) {
    note(reader, KEY, 'must name whom to follow: host, port or restore_command', 'rejects');
    return undefined;
  }
  return sectionFrom({ map: value, path: [...reader.path, KEY], problems: reader.problems });
}

function sectionFrom(below: SettingReader): StandbySettings {
  const restoreCommand = lineAt(below, 'restore_command');
  const port = portOf(below);
  const slot = lineAt(below, 'primary_slot_name');
  return {
    host: hostOf(below) ?? (restoreCommand === undefined || port !== undefined ? 'localhost' : undefined),
    port: port ?? DEFAULT_PORT,
    primarySlotName: slot === undefined ? undefined : slotNameOf(slot),
    restoreCommand,
    archiveCleanupCommand: lineAt(below, 'archive_cleanup_command'),
    recoveryMinApplyDelay: delayOf(below),
    createReplicaMethods: methodsOf(below),
  };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false || value === '' || value === 0;
}

function refuse(reader: SettingReader, key: string, reason: string): undefined {
  note(reader, key, reason, 'rejects');
  return undefined;
}

function hostOf(reader: SettingReader): string | undefined {
  const value = valueOf(reader, 'host');
  if (isNothing(value)) return undefined;
  const hosts = typeof value === 'string' ? value.split(',').map((host) => host.trim()) : [];
  if (hosts.length === 0 || hosts.some((host) => !HOST.test(host)))
    return refuse(reader, 'host', 'must be a host name or an address, or several with commas between');
  return hosts.join(',');
}

function portOf(reader: SettingReader): number | undefined {
  const value = valueOf(reader, 'port');
  if (isNothing(value)) return undefined;
  const port = integerFromText(value);
  if (port !== undefined && port >= 1 && port <= PORT_MAX) return port;
  return refuse(reader, 'port', `must be a port between 1 and ${PORT_MAX}`);
}

/** One line of text. */
function lineAt(reader: SettingReader, key: string): string | undefined {
  const value = valueOf(reader, key);
  if (isNothing(value)) return undefined;
  return typeof value === 'string' && !/\p{C}/u.test(value) ? value : refuse(reader, key, 'must be one line of text');
}

function delayOf(reader: SettingReader): string | undefined {
  const key = 'recovery_min_apply_delay';
  const value = valueOf(reader, key);
  if (isNothing(value)) return undefined;
  const ms = integerFromText(value, 'ms');
  if (ms === undefined || ms < 0) return refuse(reader, key, 'must be milliseconds, or a time such as 5min');
  if (ms > DELAY_MS_MAX) return refuse(reader, key, 'must be at most 24 days');
  return typeof value === 'number' ? String(value) : lineAt(reader, key);
}

function methodsOf(reader: SettingReader): readonly string[] {
  const key = 'create_replica_methods';
  const value = valueOf(reader, key);
  if (isNothing(value)) return [];
  if (Array.isArray(value) && value.every((name): name is string => typeof name === 'string' && name !== ''))
    return value;
  refuse(reader, key, 'must be a list of names');
  return [];
}
