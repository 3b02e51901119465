export interface Column {
  readonly title: string;
  readonly isRight?: boolean;
}

/**
 * A table as patronictl draws it: rules around the header and at the end, after every row where a cell has several lines.
 * `title` is written over the upper rule.
 */
export function prettyTable(columns: readonly Column[], rows: readonly (readonly string[])[], title = ''): string {
  const cells = rows.map((row) => columns.map((_, index) => (row[index] ?? '').split('\n')));
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.flatMap((row) => (row[index] ?? []).map(widthOf))),
  );
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (texts: readonly string[]): string =>
    `|${columns.map((column, index) => ` ${padded(texts[index] ?? '', widths[index] ?? 0, column)} `).join('|')}|`;
  const isTall = cells.some((row) => row.some((lines) => lines.length > 1));
  const body = cells.flatMap((row) => [...rowLines(row).map(line), ...(isTall ? [rule] : [])]);
  const end = isTall ? [] : [rule];
  return [titled(rule, title), line(columns.map((column) => column.title)), rule, ...body, ...end].join('\n');
}

function rowLines(row: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const height = Math.max(...row.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) => row.map((lines) => lines[at] ?? ''));
}

function titled(rule: string, title: string): string {
  const shown = title.slice(0, Math.max(0, rule.length - 2));
  return shown === '' ? rule : `+${shown}${rule.slice(1 + shown.length)}`;
}

function padded(text: string, width: number, { isRight }: Column): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isRight === true ? blanks + text : text + blanks;
}

function widthOf(text: string): number {
  return Array.from(text).length;
}
