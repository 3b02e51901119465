import { type PlannedFault, planFaults } from '../schedule.ts';

/** What can happen to three hosts that share nothing but a network. Every one of them is undone when its time is over. */
export const NET_FAULTS = [
  'link-down',
  'cut-in',
  'cut-out',
  'cut-pair',
  'cut-5432',
  'cut-store',
  'cut-2379',
  'cut-8008',
  'loss',
  'delay',
  'host-freeze',
  'host-kill',
  'process-freeze',
  'agent-kill',
  'agent-freeze',
  'postgres-kill',
  'disk-full',
  'disk-read-only',
  'cpu-starvation',
  'etcd-leader-kill',
  'etcd-majority-kill',
  'etcd-majority-freeze',
  'clock-jump',
  'switchover',
] as const;

export type NetFaultKind = (typeof NET_FAULTS)[number];
export type NetFault = PlannedFault<NetFaultKind>;

const WEIGHTS: ReadonlyMap<NetFaultKind, number> = new Map([
  ['link-down', 3],
  ['cut-in', 2],
  ['cut-out', 2],
  ['cut-pair', 2],
  ['cut-5432', 2],
  ['cut-store', 2],
  ['cut-2379', 1],
  ['cut-8008', 1.5],
  ['loss', 2],
  ['delay', 1.5],
  ['host-freeze', 3],
  ['host-kill', 2],
  ['process-freeze', 3],
  ['agent-kill', 1],
  ['agent-freeze', 1],
  ['postgres-kill', 1],
  ['disk-full', 1],
  ['disk-read-only', 1],
  ['cpu-starvation', 1],
  ['etcd-leader-kill', 1.5],
  ['etcd-majority-kill', 1.5],
  ['etcd-majority-freeze', 1],
  ['clock-jump', 1.5],
  ['switchover', 1.5],
]);

const COMPANY = { share: 0.65, most: 4 };
/** The load is that of a machine with too much to do, for as long as one notices. */
const STARVATION_MS = 10_000;

export function isNetFault(text: string): text is NetFaultKind {
  return NET_FAULTS.some((kind) => kind === text);
}

/** `only`: the one kind that may come. With it a seed means something else than without. */
export function netScheduleOf(seed: number, only?: NetFaultKind): readonly NetFault[] {
  const planned = only === undefined ? planFaults(seed, WEIGHTS, COMPANY) : planFaults(seed, new Map([[only, 1]]));
  return planned.map((fault) => (fault.kind === 'cpu-starvation' ? { ...fault, lengthMs: STARVATION_MS } : fault));
}
