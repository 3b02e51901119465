export interface Section {
  readonly lines: readonly string[];
  /** SVG by file name. */
  readonly charts: Readonly<Record<string, string>>;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
