/** What `synchronous_standby_names` makes commits wait for, as far as Kornak writes it: all of the names. */
export interface SyncNames {
  readonly names: readonly string[];
  /** How many of them a commit waits for. */
  readonly count: number;
  /** False: ANY, *, or something that could not be read. Nothing may rest on it. */
  readonly ours: boolean;
}

/** Satisfied by no connection: commits wait until a standby is there (strict mode). */
export const STRICT_PLACEHOLDER = '__patroni_strict_sync_replica_placeholder__';

const BARE = /^[A-Za-z_][A-Za-z0-9_$]*$/;

function quoteName(name: string): string {
  const reserved = /^(first|any)$/i.test(name);
  return BARE.test(name) && !reserved ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Names all of which must acknowledge; undefined for none. Sorted, so that equal sets are equal texts. */
export function formatSyncNames(names: readonly string[]): string | undefined {
  const sorted = names.toSorted().map(quoteName);
  if (sorted.length <= 1) return sorted[0];
  return `${sorted.length} (${sorted.join(',')})`;
}

function splitList(list: string): string[] | undefined {
  const items = [...list.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^\s",()]+))\s*(,|$)/gy)];
  const length = items.reduce((sum, item) => sum + item[0].length, 0);
  if (length !== list.length) return undefined;
  return items.map((item) => (item[1] === undefined ? (item[2] ?? '') : item[1].replaceAll('""', '"')));
}

/** Reads the setting in force. */
export function parseSyncNames(text: string): SyncNames {
  const trimmed = text.trim();
  if (trimmed === '') return { names: [], count: 0, ours: true };
  const counted = /^(?:(first|any)\s+)?(\d+)\s*\((.*)\)$/i.exec(trimmed);
  const names = splitList(counted?.[3] ?? trimmed);
  if (names === undefined || names.includes('*')) return { names: [], count: 0, ours: false };
  if (names.length === 1 && names[0] === STRICT_PLACEHOLDER) return { names: [], count: 0, ours: true };
  const count = counted === null ? 1 : Number(counted[2]);
  const any = counted?.[1]?.toLowerCase() === 'any';
  return { names, count, ours: !any && count === names.length };
}
