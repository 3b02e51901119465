// Reading of single fields of values in the store: whatever is not as it must be counts as not there.
import { type Lsn, lsn } from '../model/lsn.ts';
import { parseJson } from './compact-json.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

/** WAL positions have 64 bits. */
const LSN_MAX = 0xffff_ffff_ffff_ffffn;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** undefined: the text is no JSON object. */
export function recordFromJson(text: string): JsonRecord | undefined {
  const parsed = parseJson(text);
  return parsed !== undefined && isRecord(parsed.value) ? parsed.value : undefined;
}

/** An own member: a value may not reach what every object inherits. */
export function fieldOf(record: JsonRecord, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

export function textField(record: JsonRecord, name: string): string | undefined {
  const value = fieldOf(record, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function countField(record: JsonRecord, name: string): number | undefined {
  return countFrom(fieldOf(record, name));
}

export function lsnField(record: JsonRecord, name: string): Lsn | undefined {
  return lsnFrom(fieldOf(record, name));
}

/** A whole number that is not negative and exact. */
export function countFrom(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Beyond what any server comes to: the next ones must still be timelines of PostgreSQL, which have 32 bits. */
const TIMELINE_MAX = 0x3fff_ffff;

/** A timeline that somebody tells; one that would use up all numbers is worse than none. */
export function timelineFrom(value: unknown): number | undefined {
  const count = countFrom(value);
  return count !== undefined && count <= TIMELINE_MAX ? count : undefined;
}

/** A position in bytes. A number that JSON could not carry exactly is worse than none. */
export function lsnFrom(value: unknown): Lsn | undefined {
  const count = countFrom(value);
  if (count !== undefined) return lsn(count);
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return undefined;
  const read = BigInt(value);
  return read <= LSN_MAX ? lsn(read) : undefined;
}
