// Charts as SVG text: bars on a common scale, and bars made of parts. Colours read on a light and on a dark page.

export interface Bar {
  readonly label: string;
  readonly min: number;
  readonly value: number;
  readonly max: number;
  readonly color: string;
  readonly text: string;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface StackPart {
  readonly name: string;
  readonly ms: number;
}

export interface Stack {
  readonly label: string;
  readonly parts: readonly StackPart[];
  readonly text: string;
}

export const COLORS = ['#3b7dd8', '#2a9d8f', '#8a6fd1', '#d98032', '#c0504d', '#7f8c3a', '#6b7280'] as const;

const WIDTH = 900;
const LEFT = 230;
const RIGHT = 200;
const ROW = 20;
const HEAD = 44;
const GAP = 14;
const INK = '#6b7280';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function label(x: number, y: number, text: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${INK}" ${more}>${escaped(text)}</text>`;
}

function box(x: number, y: number, width: number, color: string): string {
  return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(1, width).toFixed(1)}" height="${ROW - 6}" fill="${color}"/>`;
}

function sheet(title: string, height: number, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    label(8, 20, title, 'font-size="15" font-weight="bold"'),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

type Scale = (value: number) => number;

/** Times from a hundredth of a second to half a minute do not fit on a plain scale. */
function logScale(least: number, most: number): Scale {
  const low = Math.floor(Math.log10(Math.max(1, least)));
  const high = Math.ceil(Math.log10(Math.max(10, most)));
  return (value) => ((Math.log10(Math.max(10 ** low, value)) - low) / Math.max(1, high - low)) * (WIDTH - LEFT - RIGHT);
}

function plainScale(most: number): Scale {
  return (value) => (value / Math.max(1e-9, most)) * (WIDTH - LEFT - RIGHT);
}

export interface BarsOrder {
  readonly title: string;
  readonly groups: readonly BarGroup[];
  readonly isLog?: boolean;
}

/** A bar up to the median, a line from the least to the greatest. */
export function barChart({ title, groups, isLog }: BarsOrder): string {
  const all = groups.flatMap(({ bars }) => bars);
  const most = Math.max(...all.map(({ max }) => max), 0);
  const scale = isLog === true ? logScale(Math.min(...all.map(({ min }) => min)), most) : plainScale(most);
  const body: string[] = [];
  let y = HEAD;
  for (const group of groups) {
    body.push(label(8, y + 12, group.title, 'font-weight="bold"'));
    y += ROW;
    for (const bar of group.bars) {
      body.push(...barLines(bar, y, scale));
      y += ROW;
    }
    y += GAP;
  }
  return sheet(title, y, body);
}

function barLines({ label: name, min, value, max, color, text }: Bar, y: number, scale: Scale): readonly string[] {
  const [from, to] = [LEFT + scale(min), LEFT + scale(max)];
  const middle = y + (ROW - 6) / 2;
  return [
    label(LEFT - 8, y + 11, name, 'text-anchor="end"'),
    box(LEFT, y, scale(value), color),
    `<line x1="${from.toFixed(1)}" x2="${to.toFixed(1)}" y1="${middle}" y2="${middle}" stroke="${INK}" stroke-width="2"/>`,
    label(Math.max(to, LEFT + scale(value)) + 6, y + 11, text),
  ];
}

/** Each bar is made of what it consists of, in order. */
export function stackChart(title: string, stacks: readonly Stack[]): string {
  const names = [...new Set(stacks.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const colorOf = (name: string): string => COLORS[names.indexOf(name) % COLORS.length] ?? INK;
  const scale = plainScale(Math.max(...stacks.map(({ parts }) => parts.reduce((sum, { ms }) => sum + ms, 0)), 0));
  const body: string[] = [];
  let x = 8;
  for (const name of names) {
    body.push(box(x, 30, 12, colorOf(name)), label(x + 16, 41, name));
    x += 30 + name.length * 7;
  }
  let y = HEAD + GAP;
  for (const { label: name, parts, text } of stacks) {
    body.push(label(LEFT - 8, y + 11, name, 'text-anchor="end"'));
    let at = LEFT;
    for (const part of parts) {
      body.push(box(at, y, scale(part.ms), colorOf(part.name)));
      at += scale(part.ms);
    }
    body.push(label(at + 6, y + 11, text));
    y += ROW;
  }
  return sheet(title, y + GAP, body);
}
