/** `synchronous_standby_names` as PostgreSQL understands it. */
export interface SyncNames {
  readonly method: 'first' | 'any';
  readonly count: number;
  readonly names: readonly string[];
}

/** undefined: commits wait for nobody. Throws on what PostgreSQL would refuse. */
export function syncNamesFromText(text: string): SyncNames | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const counted = /^(?:(any|first)\s+)?(\d+)\s*\(([^)]*)\)$/i.exec(trimmed);
  if (counted === null) return { method: 'first', count: 1, names: namesFromText(trimmed) };
  const [, word, count, list] = counted;
  return {
    method: word?.toLowerCase() === 'any' ? 'any' : 'first',
    count: Number(count),
    names: namesFromText(list ?? ''),
  };
}

function namesFromText(list: string): readonly string[] {
  return list.split(',').map((part) => {
    const name = part.trim();
    const quoted = /^"((?:[^"]|"")+)"$/.exec(name)?.[1];
    if (quoted !== undefined) return quoted.replaceAll('""', '"').toLowerCase();
    if (!/^(?:[A-Za-z_][A-Za-z0-9_$]*|\*)$/.test(name))
      throw new Error(`invalid value for synchronous_standby_names: ${list}`);
    return name.toLowerCase();
  });
}

/** Priority of a standby in the list, counted from 1; 0: commits never wait for it. */
export function priorityOf(names: SyncNames | undefined, name: string): number {
  return (names?.names.findIndex((each) => each === '*' || each === name.toLowerCase()) ?? -1) + 1;
}

/** Whether enough of the standbys that stream have flushed up to `lsn`. */
export function isSatisfied(
  names: SyncNames,
  streaming: readonly { readonly name: string; readonly flushedLsn: number }[],
  lsn: number,
): boolean {
  const listed = streaming.filter((each) => priorityOf(names, each.name) > 0);
  if (listed.length < names.count) return false;
  if (names.method === 'any') return listed.filter((each) => each.flushedLsn >= lsn).length >= names.count;
  const ordered = listed.toSorted((a, b) => priorityOf(names, a.name) - priorityOf(names, b.name));
  return ordered.slice(0, names.count).every((each) => each.flushedLsn >= lsn);
}
