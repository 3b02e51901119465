import { expect, test } from 'vitest';
import type { MemberPicture } from '../../../src/demo/cluster-watch.ts';
import type { Picture } from '../../../src/demo/picture.ts';
import { memberText, PlainView } from '../../../src/demo/plain-view.ts';
import { type Palette, renderScreen, writerText } from '../../../src/demo/screen.ts';

const same = (text: string): string => text;
const palette: Palette = { bold: same, dim: same, green: same, yellow: same, red: same, cyan: same };

function member(name: string, part: Partial<MemberPicture> = {}): MemberPicture {
  return {
    name,
    port: 25_432,
    harm: 'none',
    agentEnded: false,
    role: 'replica',
    state: 'streaming',
    timeline: 2,
    lagBytes: 0,
    job: undefined,
    ...part,
  };
}

const picture: Picture = {
  sinceStartMs: 12_340,
  activity: 'the cluster stands after 6.1 s',
  members: [
    member('node-1', { role: 'leader', state: 'running', lagBytes: undefined }),
    member('node-2', { harm: 'killed', role: '', state: '', timeline: undefined, lagBytes: undefined }),
    member('node-3', { lagBytes: 20_480, job: 'clone: 41 %' }),
  ],
  events: Array.from({ length: 30 }, (_, index) => ({ atMs: index * 100, who: 'node-1', text: `event ${index}` })),
  connection: 'postgresql://postgres@127.0.0.1:1,127.0.0.1:2/postgres?target_session_attrs=read-write',
  writer: {
    writesTo: 'node-1',
    acknowledged: 1_834,
    ratePerSecond: 98,
    presentOutageMs: undefined,
    lastOutageMs: 3_210,
    lost: 0,
  },
};

function render(columns: number, rows: number): readonly string[] {
  return renderScreen(picture, { columns, rows, palette, keys: ['[r] restore', '[q] quit'] });
}

test('the whole screen', () => {
  expect(render(80, 24).join('\n')).toBe(`Kornak demo 12 s  the cluster stands after 6.1 s

MEMBER  PORT   ROLE     STATE      TL  LAG
node-1  25432  leader   running    2   -
node-2  25432  -        -          -   -      killed by you
node-3  25432  replica  streaming  2   20 kB  clone: 41 %

Events
   2.30 s  node-1  event 23
   2.40 s  node-1  event 24
   2.50 s  node-1  event 25
   2.60 s  node-1  event 26
   2.70 s  node-1  event 27
   2.80 s  node-1  event 28
   2.90 s  node-1  event 29

Writer  98 rows/s to node-1, acknowledged 1834, last outage 3.21 s, lost 0

Connect
psql 'postgresql://postgres@127.0.0.1:1,127.0.0.1:2/postgres?target_session_attr
s=read-write'

[r] restore  [q] quit`);
});

test.each([20, 40, 80, 200])('no line is longer than %i columns', (columns) => {
  for (const line of render(columns, 24)) expect(line.length).toBeLessThanOrEqual(columns);
});

test('a higher terminal shows more events', () => {
  const events = (rows: number): number => render(80, rows).filter((line) => line.includes('event ')).length;
  expect(events(40)).toBeGreaterThan(events(24));
});

test('the writer tells an outage while it lasts', () => {
  expect(writerText({ ...picture.writer, presentOutageMs: 1_500 })).toContain('nothing acknowledged for 1.5 s');
});

test.each<{ member: MemberPicture; text: string }>([
  { member: member('a', { role: 'leader', state: 'running' }), text: 'a leader running TL 2' },
  { member: member('a', { harm: 'frozen' }), text: 'a frozen' },
  { member: member('a', { agentEnded: true }), text: 'a without agent' },
  { member: member('a', { role: '', state: '', timeline: undefined }), text: 'a' },
  {
    member: member('a', { state: 'creating replica', job: 'clone: 7 %' }),
    text: 'a replica creating replica TL 2 (clone)',
  },
])('as a plain line: $text', ({ member: shown, text }) => {
  expect(memberText(shown)).toBe(text);
});

test('plain lines carry the time since the start', () => {
  const lines: string[] = [];
  new PlainView((line) => lines.push(line)).event({ atMs: 1_234, who: 'you', text: 'kill-leader: node-2' });
  expect(lines).toEqual(['[  1.23 s] you: kill-leader: node-2']);
});
