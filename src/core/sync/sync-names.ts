/** What `synchronous_standby_names` makes commits wait for: any `count` of `names`, whatever way it is written. */
export interface SyncNames {
  /** As spelled, each once; without the placeholder. */
  readonly names: readonly string[];
  /** Of how many of them each commit has an acknowledgement; never more than there are names. */
  readonly count: number;
  /** FIRST asks for the first of the names that are connected, ANY for whichever are quickest. */
  readonly method: 'none' | 'first' | 'any';
  /** False: `*`, or something that could not be read. Nothing may rest on it. */
  readonly readable: boolean;
}

/** Satisfied by no connection: commits wait until a standby is there (strict mode). */
export const STRICT_PLACEHOLDER = '__patroni_strict_sync_replica_placeholder__';

const BARE = /^[A-Za-z_][A-Za-z0-9_$]*$/;
const NOBODY: SyncNames = { names: [], count: 0, method: 'none', readable: true };

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

/** Names any `count` of which must acknowledge; undefined for none. */
export function formatAnyOf(names: readonly string[], count: number): string | undefined {
  if (names.length === 0) return undefined;
  return `ANY ${count} (${names.toSorted().map(quoteName).join(',')})`;
}

/** What commits wait for in strict mode while there is nobody to wait for. */
export function formatPlaceholder(isQuorum: boolean): string {
  return isQuorum ? `ANY 1 (${STRICT_PLACEHOLDER})` : STRICT_PLACEHOLDER;
}

function splitList(list: string): string[] | undefined {
  const items = [...list.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^\s",()]+))\s*(,|$)/gy)];
  const length = items.reduce((sum, item) => sum + item[0].length, 0);
  if (length !== list.length) return undefined;
  return items.map((item) => (item[1] === undefined ? (item[2] ?? '') : item[1].replaceAll('""', '"')));
}

/** PostgreSQL compares names without regard to case. */
export function isSameName(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

function eachOnce(names: readonly string[]): string[] {
  return names.filter((name, at) => names.findIndex((other) => isSameName(other, name)) === at);
}

/** Reads the setting in force. */
export function parseSyncNames(text: string): SyncNames {
  const trimmed = text.trim();
  if (trimmed === '') return NOBODY;
  const counted = /^(?:(first|any)\s+)?(\d+)\s*\((.*)\)$/i.exec(trimmed);
  const listed = splitList(counted?.[3] ?? trimmed);
  if (listed === undefined || listed.includes('*')) return { ...NOBODY, method: 'first', readable: false };
  const method = counted?.[1]?.toLowerCase() === 'any' ? 'any' : 'first';
  const names = eachOnce(listed).filter((name) => !isSameName(name, STRICT_PLACEHOLDER));
  const count = counted === null ? 1 : Number(counted[2]);
  return { names, count: Math.min(count, names.length), method, readable: true };
}
