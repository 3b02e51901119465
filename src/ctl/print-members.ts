import type { ClusterView } from '../core/model/cluster.ts';
import type { Format } from './format.ts';
import { type MemberRow, memberRows } from './member-rows.ts';
import type { Column } from './pretty-table.ts';
import { type Cell, optionalCell, printedRows } from './print-rows.ts';
import { yamlFlow, yamlLines } from './yaml-text.ts';

export interface MembersShown {
  readonly cluster: string;
  readonly view: ClusterView;
  readonly format: Format;
  /** Show the columns that are empty as well. */
  readonly isExtended?: boolean;
}

/** Longer ones make the table unreadable. */
const REASON_MAX = 50;

const FIXED: readonly Column[] = [
  { title: 'Member' },
  { title: 'Host' },
  { title: 'Role' },
  { title: 'State' },
  { title: 'TL', isRight: true },
  { title: 'Receive LSN', isRight: true },
  { title: 'Lag', isRight: true },
  { title: 'Replay LSN', isRight: true },
  { title: 'Lag', isRight: true },
];
const FIXED_NAMES = [
  'Member',
  'Host',
  'Role',
  'State',
  'TL',
  'Receive LSN',
  'Receive Lag',
  'Replay LSN',
  'Replay Lag',
] as const;
const EXTRA_NAMES = [
  'Pending restart',
  'Pending restart reason',
  'Scheduled restart',
  'Tags',
  'Healing',
  'Trouble',
] as const;

type ExtraName = (typeof EXTRA_NAMES)[number];
/** Shown only where there is something to show. */
const RARE: ReadonlySet<ExtraName> = new Set(['Healing', 'Trouble']);

/** The members of one cluster as text, with what else is worth knowing about it below the pretty table. */
export function printedMembers({ cluster, view, format, isExtended }: MembersShown): string {
  const rows = memberRows(view);
  const isShown = (name: ExtraName): boolean =>
    (isExtended === true && !RARE.has(name)) || rows.some((row) => !isEmpty(row[name]));
  const extras = EXTRA_NAMES.filter(isShown);
  const isPretty = format === 'pretty';
  const table = printedRows(format, {
    columns: [...(isPretty ? [] : [{ title: 'Cluster' }]), ...FIXED, ...extras.map((title) => ({ title }))],
    names: ['Cluster', ...FIXED_NAMES, ...extras],
    rows: rows.map((row) => [
      ...(isPretty ? [] : [optionalCell(cluster)]),
      ...FIXED_NAMES.map((name) => optionalCell(row[name])),
      ...extras.map((name) => extraCell(row, name)),
    ]),
    title: ` Cluster: ${cluster} (${systemIdOf(view)}) `,
  });
  return [table, ...(isPretty ? footer(view) : [])].join('\n');
}

function isEmpty(value: MemberRow[ExtraName]): boolean {
  if (typeof value === 'string') return value === '';
  return (Array.isArray(value) ? value.length : Object.keys(value).length) === 0;
}

function extraCell(row: MemberRow, name: ExtraName): Cell {
  if (name === 'Tags') {
    const isNone = Object.keys(row.Tags).length === 0;
    if (isNone) return optionalCell('');
    return { pretty: yamlLines(row.Tags), tsv: yamlFlow(row.Tags), data: row.Tags };
  }
  if (name !== 'Pending restart reason') return optionalCell(row[name]);
  const reasons = row['Pending restart reason'];
  return { ...optionalCell(reasons.join('\n')), pretty: reasons.map(shortReason).join('\n') };
}

function shortReason(reason: string): string {
  return reason.length > REASON_MAX ? `${reason.split(':', 1)[0] ?? ''}: [hidden - too long]` : reason;
}

function systemIdOf({ initialize }: ClusterView): string {
  if (initialize.value === undefined) return 'uninitialized';
  return initialize.value === '' ? 'initializing' : initialize.value;
}

function footer({ config, failover }: ClusterView): readonly string[] {
  const { scheduledAt, leader, candidate } = failover.value ?? {};
  const aligned = (label: string, value: string): string => ` ${`${label}:`.padStart(24)} ${value}`;
  return [
    ...(config.value?.paused === true ? [' Maintenance mode: on'] : []),
    ...(scheduledAt === undefined ? [] : [aligned('Switchover scheduled at', scheduledAt)]),
    ...(scheduledAt === undefined || leader === undefined ? [] : [aligned('from', leader)]),
    ...(scheduledAt === undefined || candidate === undefined ? [] : [aligned('to', candidate)]),
  ];
}
