import { Chance } from '../src/sim/time/chance.ts';

/** What a round can do to a cluster of three members and three etcd. */
export const FAULT_KINDS = [
  'node-kill',
  'node-freeze',
  'postgres-kill',
  'postgres-freeze',
  'agent-kill',
  'agent-freeze',
  'agent-restart',
  'switchover',
  'failover',
  'reinit',
  'restart',
  'config-change',
  'store-member-kill',
  'store-member-freeze',
  'store-outage',
  'store-freeze',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface PlannedFault<Kind extends string = FaultKind> {
  readonly kind: Kind;
  /** Whom it strikes among members, or among the etcd members: 0 is the leader of the moment, 1 and 2 the others by name. */
  readonly victim: 0 | 1 | 2;
  /** From the beginning of the round. */
  readonly atMs: number;
  /** Until it is undone. */
  readonly lengthMs: number;
  /** In [0, 1): what else is left to chance, such as the setting that changes. */
  readonly choice: number;
}

const WEIGHTS: ReadonlyMap<FaultKind, number> = new Map([
  ['node-kill', 3],
  ['node-freeze', 3],
  ['postgres-kill', 2],
  ['postgres-freeze', 2],
  ['agent-kill', 2],
  ['agent-freeze', 2],
  ['agent-restart', 2],
  ['switchover', 2],
  ['failover', 1],
  ['reinit', 0.5],
  ['restart', 1],
  ['config-change', 2],
  ['store-member-kill', 1],
  ['store-member-freeze', 1],
  ['store-outage', 1],
  ['store-freeze', 1],
]);
const LEADER_BIAS = 0.6;
const SECOND_FAULT = 0.35;
const BEGIN_MS_MAX = 1_500;
const LENGTH_MS_MIN = 200;
const LENGTH_MS_MAX = 12_000;

function fault<Kind extends string>(
  chance: Chance,
  weights: ReadonlyMap<Kind, number>,
  fromMs: number,
): PlannedFault<Kind> {
  const kind = chance.weighted(weights);
  if (kind === undefined) throw new Error('no kind of fault to choose from');
  return {
    kind,
    victim: chance.happens(LEADER_BIAS) ? 0 : chance.happens(0.5) ? 1 : 2,
    atMs: Math.round(fromMs + chance.between(0, BEGIN_MS_MAX)),
    lengthMs: Math.round(chance.between(LENGTH_MS_MIN, LENGTH_MS_MAX)),
    choice: chance.next(),
  };
}

/** How many faults may come together. */
export interface Company {
  /** In [0, 1]: how likely each is followed by one more, which may come while it lasts. */
  readonly share: number;
  readonly most: number;
}

const TWO_AT_MOST: Company = { share: SECOND_FAULT, most: 2 };

/** The faults of a round. The seed decides all of it. */
export function planFaults<Kind extends string>(
  seed: number,
  weights: ReadonlyMap<Kind, number>,
  { share, most }: Company = TWO_AT_MOST,
): readonly PlannedFault<Kind>[] {
  const chance = new Chance(seed);
  let last = fault(chance, weights, 200);
  const faults = [last];
  while (faults.length < most && chance.happens(share)) {
    last = fault(chance, weights, last.atMs + chance.between(0, last.lengthMs));
    faults.push(last);
  }
  return faults;
}

export function scheduleOf(seed: number): readonly PlannedFault[] {
  return planFaults(seed, WEIGHTS);
}

export function faultToText({ kind, victim, atMs, lengthMs }: PlannedFault<string>): string {
  const whom = victim === 0 ? 'leader' : `other ${victim}`;
  return `${kind} of ${whom} at ${atMs} ms for ${lengthMs} ms`;
}
