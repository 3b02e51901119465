import { booleanFromWord } from './boolean-word.ts';
import { durationMsFromText, integerFromText } from './quantity.ts';
import type { SettingProblem } from './setting-problem.ts';

export type SettingMap = Readonly<Record<string, unknown>>;

/** Timers cannot be set further ahead than 2^31 ms. */
const SECONDS_MAX = 2_000_000;

export function isSettingMap(value: unknown): value is SettingMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A map of settings at one place of the document, with a list in which what is wrong with them is noted. */
export interface SettingReader {
  readonly map: SettingMap;
  readonly path: readonly string[];
  readonly problems: SettingProblem[];
}

/** The reader for the map below `key`; empty where there is none. */
export function readerBelow(reader: SettingReader, key: string): SettingReader {
  const value = valueOf(reader, key);
  if (value !== undefined && value !== null && !isSettingMap(value)) note(reader, key, 'must be a map; ignored');
  return { map: isSettingMap(value) ? value : {}, path: [...reader.path, key], problems: reader.problems };
}

/** Own keys only: a document may not reach what every object inherits. */
export function valueOf(reader: SettingReader, key: string): unknown {
  return Object.hasOwn(reader.map, key) ? reader.map[key] : undefined;
}

export function note(
  reader: SettingReader,
  key: string,
  reason: string,
  severity: SettingProblem['severity'] = 'warning',
): void {
  reader.problems.push({ path: [...reader.path, key], value: valueOf(reader, key), reason, severity });
}

export function readBoolean(reader: SettingReader, key: string, fallback: boolean): boolean {
  const value = valueOf(reader, key);
  if (value === undefined || value === null) return fallback;
  const read = booleanFromWord(value);
  if (read === undefined) note(reader, key, `must be true or false; ${String(fallback)} is used`);
  return read ?? fallback;
}

interface IntegerRange {
  readonly fallback: number;
  readonly min: number;
}

/** A whole number without unit. What is no number or below the least is replaced by the default. */
export function readInteger(reader: SettingReader, key: string, range: IntegerRange): number {
  const value = valueOf(reader, key);
  if (value === undefined || value === null) return range.fallback;
  const read = integerFromText(value);
  if (read !== undefined && read >= range.min && Number.isSafeInteger(read)) return read;
  note(reader, key, `must be a whole number without unit, at least ${range.min}; ${range.fallback} is used`);
  return range.fallback;
}

/** Whole seconds under the first of `keys` that is present, as milliseconds. */
export function readSecondsMs(reader: SettingReader, keys: readonly [string, ...string[]], fallbackS: number): number {
  const key = keys.find((candidate) => valueOf(reader, candidate) !== undefined) ?? keys[0];
  const seconds = readInteger(reader, key, { fallback: fallbackS, min: 0 });
  return cappedSeconds(reader, key, seconds) * 1000;
}

export function cappedSeconds(reader: SettingReader, key: string, seconds: number): number {
  if (seconds > SECONDS_MAX) note(reader, key, `is above the greatest; ${SECONDS_MAX} is used`);
  return Math.min(seconds, SECONDS_MAX);
}

/** A duration in seconds, or with a unit. Below `minMs` the least is used. */
export function readDurationMs(
  reader: SettingReader,
  key: string,
  range: { readonly fallbackMs: number; readonly minMs: number },
): number {
  const value = valueOf(reader, key);
  if (value === undefined || value === null) return range.fallbackMs;
  const read = durationMsFromText(value);
  if (read === undefined) {
    note(reader, key, `must be seconds or a duration such as 1500ms or 5s; ${range.fallbackMs / 1000} s is used`);
    return range.fallbackMs;
  }
  if (read < range.minMs) note(reader, key, `is below the least; ${range.minMs / 1000} s is used`);
  return cappedSeconds(reader, key, Math.max(read, range.minMs) / 1000) * 1000;
}

/** A list of lines; undefined where there is none or it is not one. */
export function readLines(reader: SettingReader, key: string): readonly string[] | undefined {
  const value = valueOf(reader, key);
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.length > 0 && value.every((line): line is string => typeof line === 'string'))
    return value;
  note(reader, key, 'must be a list of lines, and not empty; ignored');
  return undefined;
}
