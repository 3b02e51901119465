import { LINKS } from '../failover/chain.ts';
import { FAULTS } from '../failover/faults.ts';
import { START } from '../failover/measure.ts';
import type { Entry } from '../journal.ts';
import { secondsText, type Summary, summarise } from '../summary.ts';
import { grouped, numberOf, numbersOf, recordIn, sourceText } from './entries.ts';
import { type Bar, barChart, COLORS, type Stack, stackChart } from './svg.ts';
import { type Section, table } from './markdown.ts';

const PLACES = ['kornak on', 'kornak quorum', 'kornak off', 'patroni on', 'patroni quorum', 'patroni off'] as const;
const colorOf = (place: string): string => COLORS[(PLACES as readonly string[]).indexOf(place)] ?? '#6b7280';
const whole = (ms: number): string => String(Math.round(ms));

function placeOf(entry: Entry | undefined): string {
  const mode = entry?.['mode'];
  return `${entry?.product ?? ''} ${typeof mode === 'string' ? mode : ''}`;
}

/** What a client had of it; of a start, the time until it was whole. */
function outages(runs: readonly Entry[]): Summary {
  return summarise(numbersOf(runs, runs[0]?.['fault'] === START ? 'wholeMs' : 'effectiveOutageMs'));
}

function summaryCell({ n, min, median, max }: Summary): string {
  return `${secondsText(median)} (${secondsText(min)}–${secondsText(max)}), n = ${n}`;
}

function inOrder(rows: readonly (readonly Entry[])[]): readonly (readonly Entry[])[] {
  const rank = (runs: readonly Entry[]): number => (PLACES as readonly string[]).indexOf(placeOf(runs[0]));
  return rows.toSorted((a, b) => rank(a) - rank(b));
}

export function failoverSection(journal: readonly Entry[]): Section {
  const entries = journal.filter(({ figure }) => figure === 'failover');
  const rows = inOrder(grouped(entries, ['product', 'mode', 'fault']));
  const kinds = [
    ...FAULTS.map(({ id, title }) => ({ id, title })),
    { id: START, title: 'nothing → three streaming members' },
  ];
  const present = kinds.filter(({ id }) => rows.some(([run]) => run?.['fault'] === id));
  const of = (id: string) => rows.filter(([run]) => run?.['fault'] === id);
  const used = rows.flat();
  const failed = journal.filter(({ figure }) => figure === 'failed-run');
  return {
    charts: {
      'outage.svg': barChart({
        title: 'Outage that a client sees: median, with the shortest and the longest (seconds, logarithmic)',
        isLog: true,
        groups: present.map(({ id, title }) => ({ title, bars: of(id).map(barOf) })),
      }),
      'chain.svg': stackChart(
        'From the fault to the first acknowledged write: medians of each link (ms)',
        present.flatMap(({ id, title }) => of(id).flatMap((runs) => stackOf(title, runs))),
      ),
    },
    lines: [
      '## Faults',
      '',
      '![Outage by fault](benchmarks/outage.svg)',
      '',
      'Outage: longest gap between two acknowledged inserts of one client that are still there in the end. Lost: rows acknowledged to any client and absent',
      'in the end, by run. Overlap: from the first acknowledgement of the new leader to the last of the old one beside it, the longest. Whole: from the',
      'repair of what was struck to three streaming members.',
      '',
      ...present.flatMap(({ id, title }) => [`### ${title}`, '', ...faultTable(of(id)), '']),
      '## The chain',
      '',
      '![Links of a failover](benchmarks/chain.svg)',
      '',
      'Milliseconds after the fault, medians. Noticed: the first event of a member that acted on it. Key gone and key taken: as etcd tells it. Promote sent and',
      'writable: the log of PostgreSQL. First ack: the client.',
      '',
      ...chainTable(present, of),
      '',
      `Figures: ${sourceText(used)}.`,
      ...(failed.length === 0 ? [] : ['', `Runs without a figure: ${failed.map(failedText).join('; ')}.`]),
    ],
  };
}

function failedText(entry: Entry): string {
  return `${placeOf(entry)}, ${String(entry['fault'])}, ${entry.at} (${String(entry['why']).split('\n')[0]?.slice(0, 120) ?? ''})`;
}

function barOf(runs: readonly Entry[]): Bar {
  const { min, median, max, n } = outages(runs);
  const lost = numbersOf(runs, 'lost').reduce((sum, each) => sum + each, 0);
  const text = `${secondsText(median)}, n = ${n}${lost === 0 ? '' : `, ${lost} rows lost`}`;
  return { label: placeOf(runs[0]), min, value: median, max, color: colorOf(placeOf(runs[0])), text };
}

function faultTable(rows: readonly (readonly Entry[])[]): readonly string[] {
  return table(
    ['', 'outage: median (min–max)', 'lost', 'overlap', 'whole again: median', 'after the thaw'],
    rows.map((runs) => {
      const isStart = runs[0]?.['fault'] === START;
      const thaws = runs.map((run) => recordIn(run, 'afterThaw')).filter((thaw) => typeof thaw['acks'] === 'number');
      const acks = thaws.map((thaw) => String(thaw['acks'])).join(' ');
      const last = Math.max(0, ...thaws.map((thaw) => Number(thaw['lastMs'])));
      return [
        placeOf(runs[0]),
        summaryCell(outages(runs)),
        isStart ? '' : numbersOf(runs, 'lost').join(' '),
        isStart ? '' : `${whole(Math.max(...numbersOf(runs, 'overlapMs'), 0))} ms`,
        isStart ? '' : secondsText(summarise(numbersOf(runs, 'wholeMs')).median),
        thaws.length === 0 ? '' : `${acks} acks, the last ${whole(last)} ms after it`,
      ];
    }),
  );
}

function linkMedian(runs: readonly Entry[], link: string): number | undefined {
  const times = runs.map((run) => recordIn(run, 'chain')[link]).filter((ms) => typeof ms === 'number');
  // A link that most runs do not have is none of this fault's.
  return times.length * 2 < runs.length || times.length === 0 ? undefined : summarise(times).median;
}

function chainTable(
  kinds: readonly { readonly id: string; readonly title: string }[],
  of: (id: string) => readonly (readonly Entry[])[],
): readonly string[] {
  const rows = kinds.flatMap(({ id, title }) =>
    of(id)
      .filter(([run]) => run !== undefined && numberOf(run, 'firstAckMs') !== undefined)
      .map((runs) => [
        title,
        placeOf(runs[0]),
        ...LINKS.map((link) => {
          const ms = linkMedian(runs, link);
          return ms === undefined ? '' : whole(ms);
        }),
      ]),
  );
  return table(['fault', '', ...LINKS], rows);
}

function stackOf(title: string, runs: readonly Entry[]): readonly Stack[] {
  const moments = LINKS.flatMap((name) => {
    const ms = linkMedian(runs, name);
    return ms === undefined ? [] : [{ name, ms }];
  }).toSorted((a, b) => a.ms - b.ms);
  if (moments.length < 2) return [];
  const parts = moments.map(({ name, ms }, at) => ({ name: `to ${name}`, ms: ms - (moments[at - 1]?.ms ?? 0) }));
  return [{ label: `${placeOf(runs[0])}: ${title.slice(0, 24)}`, parts, text: `${whole(moments.at(-1)?.ms ?? 0)} ms` }];
}
