import { isStandbyCluster } from './is-standby-cluster.ts';
import { isSettingMap, note, type SettingReader, valueOf } from './read-settings.ts';

const KEY = 'standby_cluster';
const NOT_YET = 'a cluster that follows another one is not there yet; this one goes on by itself';

/** `standby_cluster`: only looked at so far, so that nobody takes it for acted on. */
export function reviewStandbySection(reader: SettingReader): void {
  const value = valueOf(reader, KEY);
  const isNone = value === undefined || value === null || value === false;
  if (isNone || (isSettingMap(value) && Object.keys(value).length === 0)) return;
  if (isStandbyCluster(reader.map)) note(reader, KEY, NOT_YET);
  else note(reader, KEY, 'must name whom to follow: host, port or restore_command', 'rejects');
}

/** Why a document that makes a standby cluster of one that is none is refused; undefined: it does not. */
export function newStandbyRefusal(before: unknown, after: unknown): string | undefined {
  const was = isSettingMap(before) && isStandbyCluster(before);
  return !was && isSettingMap(after) && isStandbyCluster(after) ? `${KEY}: ${NOT_YET}` : undefined;
}
