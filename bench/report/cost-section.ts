import { isList, isRecord } from '../../src/core/layout/fields.ts';
import type { Entry } from '../journal.ts';
import { secondsText, summarise } from '../summary.ts';
import { grouped, numberOf, numbersOf, recordIn, sourceText } from './entries.ts';
import { barChart, COLORS } from './svg.ts';
import { type Section, table } from './markdown.ts';

type Cost = Readonly<Record<string, unknown>>;

function costsOf(entry: Entry, role: string): readonly Cost[] {
  const costs = entry['costs'];
  return isList(costs) ? costs.filter((cost): cost is Cost => isRecord(cost) && cost['role'] === role) : [];
}

function median(costs: readonly Cost[], read: (cost: Cost) => unknown): number {
  return summarise(costs.map(read).filter((value) => typeof value === 'number')).median;
}

const inside = (cost: Cost, field: string): Cost => (isRecord(cost[field]) ? cost[field] : {});
const digits = (value: number, count = 1): string => value.toFixed(count);

const IDLE_HEAD = [
  '',
  'members',
  'role',
  'agent RSS',
  'agent PSS',
  'guard PSS',
  'agent CPU',
  'guard CPU',
  'etcd requests a minute',
  'etcd CPU',
  'start',
] as const;

function idleRow(entry: Entry, role: 'leader' | 'replica'): readonly string[] {
  const costs = costsOf(entry, role);
  const isFirst = role === 'leader';
  return [
    entry.product,
    String(numberOf(entry, 'members')),
    role,
    digits(median(costs, (cost) => inside(cost, 'agent')['rssMiB'])),
    digits(median(costs, (cost) => inside(cost, 'agent')['pssMiB'])),
    digits(median(costs, (cost) => inside(cost, 'guard')['pssMiB'])),
    digits(
      median(costs, (cost) => cost['agentCpuPercent']),
      2,
    ),
    digits(
      median(costs, (cost) => cost['guardCpuPercent']),
      2,
    ),
    digits(median(costs, (cost) => cost['requestsPerMinute'])),
    isFirst ? digits(numberOf(entry, 'etcdCpuPercent') ?? 0, 2) : '',
    isFirst ? secondsText(numberOf(entry, 'startMs') ?? 0) : '',
  ];
}

/** The last of each size. */
function bySize(entries: readonly Entry[], fields: readonly string[]): readonly Entry[] {
  const size = fields.at(-1) ?? '';
  return grouped(entries, fields)
    .flatMap((group) => group.slice(-1))
    .toSorted((a, b) => (numberOf(a, size) ?? 0) - (numberOf(b, size) ?? 0));
}

export function idleSection(journal: readonly Entry[]): Section {
  const runs = bySize(
    journal.filter(({ figure }) => figure === 'idle'),
    ['product', 'members'],
  );
  if (runs.length === 0) return { lines: [], charts: {} };
  return {
    charts: { 'members.svg': requestsChart(runs) },
    lines: [
      '## Idle, and by number of members',
      '',
      'Synchronous mode, one etcd, nothing written. Memory in MiB, processor time in percent of one core; of several replicas the median.',
      'Start: from nothing to all members streaming.',
      '',
      ...table(
        IDLE_HEAD,
        runs.flatMap((entry) => [idleRow(entry, 'leader'), idleRow(entry, 'replica')]),
      ),
      '',
      '![etcd requests a minute](benchmarks/members.svg)',
      '',
      `Figures: ${sourceText(runs)}.`,
      '',
    ],
  };
}

function requestsChart(runs: readonly Entry[]): string {
  const bars = runs.map((entry) => {
    const total = ['leader', 'replica']
      .flatMap((role) => costsOf(entry, role))
      .reduce((sum, cost) => sum + Number(cost['requestsPerMinute']), 0);
    const color = entry.product === 'kornak' ? COLORS[0] : COLORS[3];
    const label = `${entry.product}, ${String(entry['members'])} members`;
    return { label, min: total, value: total, max: total, color, text: digits(total, 0) };
  });
  return barChart({ title: 'Requests to etcd a minute, whole cluster, idle', groups: [{ title: '', bars }] });
}

export function clustersSection(journal: readonly Entry[]): Section {
  const runs = bySize(
    journal.filter(({ figure }) => figure === 'clusters'),
    ['clusters'],
  );
  if (runs.length === 0) return { lines: [], charts: {} };
  const cell = (entry: Entry, field: string, count: number): string => digits(numberOf(entry, field) ?? 0, count);
  const bars = runs.map((entry) => {
    const cpu = numberOf(entry, 'etcdCpuPercent') ?? 0;
    const label = `${String(entry['clusters'])} clusters`;
    return { label, min: cpu, value: cpu, max: cpu, color: COLORS[1], text: `${digits(cpu, 2)} %` };
  });
  return {
    charts: {
      'clusters.svg': barChart({
        title: 'Processor time of one etcd by number of clusters',
        groups: [{ title: '', bars }],
      }),
    },
    lines: [
      '## Many clusters on one etcd',
      '',
      'Three agents each, the real ones over the real adapter, all in one process; their PostgreSQL is pretended. Asynchronous, failsafe mode on (leader lease of 3 s).',
      '',
      ...table(
        [
          'clusters',
          'agents',
          'etcd CPU %',
          'etcd RSS MiB',
          'requests a minute',
          'CPU % of all agents',
          'leaders lost',
        ],
        runs.map((entry) => [
          String(entry['clusters']),
          String(entry['agents']),
          cell(entry, 'etcdCpuPercent', 2),
          cell(entry, 'etcdRssMiB', 0),
          cell(entry, 'requestsPerMinute', 0),
          cell(entry, 'agentsCpuPercent', 2),
          cell(entry, 'leadersLost', 0),
        ]),
      ),
      '',
      '![etcd by number of clusters](benchmarks/clusters.svg)',
      '',
      `Figures: ${sourceText(runs)}.`,
      '',
    ],
  };
}

export function apiSection(journal: readonly Entry[]): Section {
  const api = grouped(
    journal.filter(({ figure }) => figure === 'api'),
    ['product', 'path', 'clients'],
  ).map((group) => group.at(-1));
  const lists = grouped(
    journal.filter(({ figure }) => figure === 'list'),
    ['product'],
  );
  const runs = api.filter((entry) => entry !== undefined);
  const cell = (entry: Entry, field: string, count: number): string => digits(numberOf(entry, field) ?? 0, count);
  const apiLines = [
    '## REST API',
    '',
    'Asked of the leader by a client on the same machine, so that both share its processors.',
    '',
    ...table(
      ['', 'path', 'at once', 'a second', 'p50 ms', 'p99 ms', 'max ms'],
      runs.map((entry) => [
        entry.product,
        String(entry['path']),
        String(entry['clients']),
        cell(entry, 'perSecond', 0),
        cell(entry, 'p50Ms', 2),
        cell(entry, 'p99Ms', 2),
        cell(entry, 'maxMs', 1),
      ]),
    ),
    '',
    `Figures: ${runs.length === 0 ? '' : sourceText(runs)}.`,
    '',
  ];
  const listLines = [
    '## `list`',
    '',
    ...table(
      ['', 'from start to end of the program: median (min–max)'],
      lists.map((group) => {
        const { n, min, median: middle, max } = summarise(numbersOf(group, 'tookMs'));
        return [group[0]?.product ?? '', `${secondsText(middle)} (${secondsText(min)}–${secondsText(max)}), n = ${n}`];
      }),
    ),
    '',
    `Figures: ${lists.length === 0 ? '' : sourceText(lists.flat())}.`,
    '',
  ];
  return { charts: {}, lines: [...(runs.length === 0 ? [] : apiLines), ...(lists.length === 0 ? [] : listLines)] };
}

/** The store away as a whole. */
export function outageSection(journal: readonly Entry[]): Section {
  const rows = grouped(
    journal.filter(({ figure }) => figure === 'outage'),
    ['mode', 'outageS'],
  ).flatMap((group) => group.slice(-1));
  if (rows.length === 0) return { lines: [], charts: {} };
  const cells = rows.map((entry) => {
    const gap = recordIn(entry, 'gap');
    const [min, middle, max] = ['min', 'median', 'max'].map((name) => secondsText(Number(gap[name])));
    const mode = typeof entry['mode'] === 'string' ? entry['mode'] : '';
    const count = (field: string): string => String(numberOf(entry, field) ?? '');
    return [
      mode,
      `${count('outageS')} s`,
      `${middle} (${min}–${max}), n = ${Number(gap['n'])}`,
      count('acknowledged'),
      count('lost'),
    ];
  });
  return {
    charts: {},
    lines: [
      '## All of etcd away',
      '',
      'Frozen, which is the slowest way to be away. Synchronous mode.',
      '',
      ...table(['', 'away for', 'longest gap between two acknowledged inserts', 'acknowledged', 'lost'], cells),
      '',
      `Figures: ${sourceText(rows)}.`,
      '',
    ],
  };
}
