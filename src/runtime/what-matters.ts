import type { KeyValue } from '../ports/store.ts';
import type { KeyChange } from './key-map.ts';

/** Member data that move all the time and change no verdict. */
const POSITIONS: ReadonlySet<string> = new Set(['xlog_location', 'receive_lsn', 'replay_lsn', 'wal_free_mib']);

export interface WatchedKeys {
  /** Keys any change of which may change a decision. */
  readonly whole: ReadonlySet<string>;
  readonly memberPrefix: string;
  /** Pledges and marks: every change of one counts. */
  readonly ownPrefixes: readonly string[];
  /** Written by this very agent. */
  readonly ownMember: string;
}

/** Of keys as they were read: what is before a change was what is after the last one. */
const standings = new WeakMap<KeyValue, string>();

function standing(member: KeyValue | undefined): string | undefined {
  if (member === undefined) return undefined;
  const found = standings.get(member) ?? standingIn(member.value);
  standings.set(member, found);
  return found;
}

function standingIn(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), (key, field: unknown) => (POSITIONS.has(key) ? undefined : field));
  } catch {
    // Not ours to judge: any change of a value that nobody understands counts.
    return value;
  }
}

function matters(change: KeyChange, keys: WatchedKeys): boolean {
  const { key, before, after } = change;
  if (keys.whole.has(key)) return true;
  if (keys.ownPrefixes.some((prefix) => key.startsWith(prefix))) return true;
  if (!key.startsWith(keys.memberPrefix) || key === keys.ownMember) return false;
  return standing(before) !== standing(after);
}

/** The first of the changes that is worth another decision, as a reason to wake the loop. */
export function reasonToWake(changes: readonly KeyChange[], keys: WatchedKeys): string | undefined {
  const change = changes.find((one) => matters(one, keys));
  if (change === undefined) return undefined;
  const what = change.after === undefined ? 'gone' : change.before === undefined ? 'new' : 'changed';
  return `${change.key} ${what}`;
}
