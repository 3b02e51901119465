// The live view as text: pure, one line an element, none longer than the terminal is wide.
import type { MemberPicture } from './cluster-watch.ts';
import type { Picture, ShownEvent, WriterPicture } from './picture.ts';

export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  cyan(text: string): string;
}

export interface ScreenOptions {
  readonly columns: number;
  readonly rows: number;
  readonly palette: Palette;
  /** What can be pressed; none where nobody can. */
  readonly keys: readonly string[];
}

const EVENTS_MIN = 3;

export function renderScreen(picture: Picture, options: ScreenOptions): readonly string[] {
  const { palette, columns } = options;
  const head = `Kornak demo ${seconds(picture.sinceStartMs, 0)}`;
  const title = `${palette.bold(head)}  ${palette.dim(clip(picture.activity, columns - head.length - 2))}`;
  const above = [title, '', ...memberTable(picture.members, options), ''];
  const below = ['', ...writerLines(picture.writer, options), '', ...connectionLines(picture.connection, options)];
  const keys = options.keys.length === 0 ? [] : ['', ...keyLines(options)];
  const room = Math.max(EVENTS_MIN, options.rows - above.length - below.length - keys.length - 2);
  const events = picture.events.slice(-room).map((event) => eventLine(event, options));
  return [...above, palette.bold('Events'), ...events, ...below, ...keys];
}

const COLUMNS = ['MEMBER', 'PORT', 'ROLE', 'STATE', 'TL', 'LAG', ''] as const;

function memberTable(members: readonly MemberPicture[], { columns, palette }: ScreenOptions): readonly string[] {
  const rows = members.map(memberCells);
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => (cells[column] ?? '').length)),
  );
  const lineOf = (cells: readonly string[]): string =>
    clip(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
      columns,
    );
  const body = rows.map((cells, index) => colourOf(members[index], palette)(lineOf(cells)));
  return [palette.dim(lineOf(COLUMNS)), ...body];
}

function memberCells(member: MemberPicture): readonly string[] {
  const { name, port, role, state, timeline, lagBytes } = member;
  const shown = (text: string): string => (text === '' ? '-' : text);
  const lag = lagBytes === undefined ? '-' : bytes(lagBytes);
  return [name, String(port), shown(role), shown(state), String(timeline ?? '-'), lag, remark(member)];
}

function remark({ harm, agentEnded, job }: MemberPicture): string {
  if (harm !== 'none') return `${harm} by you`;
  if (agentEnded) return 'agent not running';
  return job ?? '';
}

function colourOf(member: MemberPicture | undefined, palette: Palette): (text: string) => string {
  if (member === undefined || member.harm !== 'none' || member.agentEnded) return (text) => palette.red(text);
  if (member.role === 'leader') return (text) => palette.green(text);
  return member.state === 'streaming' ? (text) => text : (text) => palette.yellow(text);
}

function eventLine({ atMs, who, text }: ShownEvent, { columns, palette }: ScreenOptions): string {
  const time = seconds(atMs, 2).padStart(9);
  const colour = who === 'you' ? palette.cyan(who.padEnd(7)) : who.padEnd(7);
  return `${palette.dim(time)}  ${colour} ${clip(text, columns - 19)}`;
}

/** Without colours, as both views say it. */
export function writerText({ writesTo, acknowledged, ratePerSecond, ...rest }: WriterPicture): string {
  const now =
    rest.presentOutageMs === undefined
      ? `${ratePerSecond} rows/s to ${writesTo ?? 'nobody yet'}`
      : `nothing acknowledged for ${seconds(rest.presentOutageMs, 1)}`;
  const outage = rest.lastOutageMs === undefined ? 'none' : seconds(rest.lastOutageMs, 2);
  return `${now}, acknowledged ${acknowledged}, last outage ${outage}, lost ${rest.lost ?? 0}`;
}

function writerLines(writer: WriterPicture, { columns, palette }: ScreenOptions): readonly string[] {
  const text = clip(writerText(writer), columns - 8);
  const isBad = writer.presentOutageMs !== undefined || (writer.lost ?? 0) > 0;
  return [`${palette.bold('Writer')}  ${isBad ? palette.red(text) : text}`];
}

/** Whole, over as many lines as it takes: it is there to be copied. */
function connectionLines(connection: string, { columns, palette }: ScreenOptions): readonly string[] {
  const command = `psql '${connection}'`;
  const chunks = Array.from({ length: Math.ceil(command.length / columns) }, (_, index) =>
    command.slice(index * columns, (index + 1) * columns),
  );
  return [palette.bold('Connect'), ...chunks];
}

function keyLines({ keys, columns, palette }: ScreenOptions): readonly string[] {
  const lines: string[] = [];
  for (const key of keys) {
    const longer = lines.length === 0 ? key : `${lines.at(-1)}  ${key}`;
    if (lines.length > 0 && longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(clip(key, columns));
  }
  return lines.map((line) => palette.dim(line));
}

export function seconds(ms: number, digits: number): string {
  return `${(ms / 1_000).toFixed(digits)} s`;
}

function bytes(count: number): string {
  if (count < 1_024) return `${count} B`;
  return count < 1_048_576 ? `${Math.round(count / 1_024)} kB` : `${Math.round(count / 1_048_576)} MB`;
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
