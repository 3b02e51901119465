import { spacedJson } from '../core/layout/compact-json.ts';
import type { Format } from './format.ts';
import { type Column, prettyTable } from './pretty-table.ts';
import { yamlBlock } from './yaml-text.ts';

/** A cell as it reads in each kind of output. */
export interface Cell {
  readonly pretty: string;
  readonly tsv: string;
  /** undefined: left out. */
  readonly data: unknown;
}

export interface Rows {
  readonly columns: readonly Column[];
  /** What columns are called outside of the pretty table; the same where undefined. */
  readonly names?: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly title?: string;
}

/** Without a line break at the end. */
export function printedRows(format: Format, { columns, names, rows, title }: Rows): string {
  if (format === 'pretty')
    return prettyTable(
      columns,
      rows.map((row) => row.map(({ pretty }) => pretty)),
      title,
    );
  const keys = names ?? columns.map((column) => column.title);
  if (format === 'tsv')
    return [keys, ...rows.map((row) => row.map(({ tsv }) => tsv))].map((line) => line.join('\t')).join('\n');
  const records = rows.map((row) => Object.fromEntries(keys.map((key, index) => [key, row[index]?.data])));
  if (format === 'json') return spacedJson(records);
  return yamlBlock(records.map(withoutGaps)).trimEnd();
}

function withoutGaps(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

export function cell(value: string | number): Cell {
  return { pretty: String(value), tsv: String(value), data: value };
}

/** One that lists of objects leave out where it is empty. */
export function optionalCell(value: string | number): Cell {
  return { pretty: String(value), tsv: String(value), data: value === '' ? undefined : value };
}
