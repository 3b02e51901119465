import type { HistoryEntry } from '../model/cluster.ts';
import { compactJson, parseJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { isList, lsnFrom, timelineFrom } from './fields.ts';

/** Rows of old versions end after the reason or after the time. */
export function decodeHistory(text: string): Decoded<readonly HistoryEntry[] | undefined> {
  const rows = parseJson(text)?.value;
  if (!Array.isArray(rows)) return { value: undefined, why: 'not a JSON array' };
  const entries = rows.map((row: unknown) => entryFrom(row));
  const good = entries.filter((entry) => entry !== undefined);
  if (good.length < entries.length) return { value: undefined, why: 'a row is not [timeline, lsn, reason, …]' };
  return { value: good };
}

export function encodeHistory(entries: readonly HistoryEntry[]): string {
  return compactJson(entries.map(historyRow));
}

/** As in the store and in `GET /history`. */
export function historyRow({ timeline, lsn, reason, at, newLeader }: HistoryEntry): readonly unknown[] {
  if (at === undefined) return [timeline, lsn, reason];
  return newLeader === undefined ? [timeline, lsn, reason, at] : [timeline, lsn, reason, at, newLeader];
}

function entryFrom(row: unknown): HistoryEntry | undefined {
  if (!isList(row)) return undefined;
  const [first, second, reason, at, newLeader] = row;
  const timeline = timelineFrom(first);
  const lsn = lsnFrom(second);
  if (timeline === undefined || lsn === undefined || typeof reason !== 'string') return undefined;
  return {
    timeline,
    lsn,
    reason,
    ...(typeof at === 'string' ? { at } : {}),
    ...(typeof at === 'string' && typeof newLeader === 'string' ? { newLeader } : {}),
  };
}
