// What the journal has, by rows of the report. A row is made of runs of one version only: the newest that has any.
import type { Entry } from '../journal.ts';
import { isRecord } from '../../src/core/layout/fields.ts';

export function numberOf(entry: Entry, field: string): number | undefined {
  const value = entry[field];
  return typeof value === 'number' ? value : undefined;
}

export function numbersOf(entries: readonly Entry[], field: string): readonly number[] {
  return entries.map((entry) => numberOf(entry, field)).filter((value) => value !== undefined);
}

export function recordIn(entry: Entry, field: string): Readonly<Record<string, unknown>> {
  const value = entry[field];
  return isRecord(value) ? value : {};
}

/** By the values of these fields, in the order in which they first came. */
export function grouped(entries: readonly Entry[], fields: readonly string[]): readonly (readonly Entry[])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = JSON.stringify(fields.map((field) => entry[field]));
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(entry);
  }
  return [...groups.values()].map(newest);
}

function newest(entries: readonly Entry[]): readonly Entry[] {
  const version = entries.at(-1)?.version;
  return entries.filter((entry) => entry.version === version);
}

/** Where, when and by which command figures were taken, and how busy the machine was. */
export function sourceText(entries: readonly Entry[]): string {
  const commands = [...new Set(entries.map(({ command }) => command))];
  const days = [...new Set(entries.map(({ at }) => at.slice(0, 10)))].join(', ');
  const versions = [...new Set(entries.map(({ version }) => version))].join(', ');
  const loads = entries.map(({ load }) => load);
  const load = `${Math.min(...loads).toFixed(1)}–${Math.max(...loads).toFixed(1)}`;
  return `${commands.map((each) => `\`${each}\``).join(', ')}; ${days}; ${versions}; load of the machine ${load}`;
}
