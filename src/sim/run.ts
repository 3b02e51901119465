import { Convergence } from './check/convergence.ts';
import type { Violation } from './check/violation.ts';
import { watchHangs } from './check/hang-watch.ts';
import { Cluster } from './cluster/cluster.ts';
import { Injector } from './fault/injector.ts';
import { ProgramPauses } from './fault/program-pauses.ts';
import { RareFaults } from './fault/rare.ts';
import { StandbySpells } from './fault/standby-spells.ts';
import { type FaultKind, ONE_WAY_CUTS } from './fault/kinds.ts';
import type { Mutant } from './mutant/mutant.ts';
import { soakOptionsOf } from './soak.ts';
import { optionsOf } from './swarm.ts';
import type { Options } from './options.ts';
import { Chance } from './time/chance.ts';

/** How often a healed cluster is looked at. */
const LOOK_MS = 500;
/** Far more than any run has: a run that comes here goes in circles. */
const EVENTS_MAX = 5_000_000;

export interface RunResult {
  readonly seed: number;
  /** undefined: every invariant held, and the cluster became whole. */
  readonly violation: { readonly invariant: string; readonly text: string; readonly atMs: number } | undefined;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly faultCount: number;
  readonly oneWayCuts: number;
  /** By what stood still together on one machine. */
  readonly standstills: ReadonlyMap<string, number>;
  readonly clockRates: readonly number[];
  readonly leaderChanges: number;
  /** Of them, those that ended a reign whose key still stood. */
  readonly revocations: number;
  readonly acknowledged: number;
  readonly acknowledgedSynchronously: number;
  readonly lostAsynchronously: number;
  readonly excusedAfterThaw: number;
  readonly leftAlone: number;
  /** Requests to the store whose outcome their caller never learnt. */
  readonly unknownOutcomes: number;
  readonly rules: ReadonlyMap<string, number>;
  /** `situation: rule`, with how often. */
  readonly situations: ReadonlyMap<string, number>;
  /** Of them, those that the table of decisions does not have. */
  readonly undecided: ReadonlySet<string>;
  readonly healedInMs: number;
  /** Time that passed in the simulated world. */
  readonly simulatedMs: number;
  readonly events: number;
  readonly trace: readonly string[];
}

export interface RunRequest {
  readonly seed: number;
  readonly isTraced?: boolean;
  readonly mutant?: Mutant | undefined;
  /** The mutant's options with everything in place: what catches the mutant must find nothing here. */
  readonly isControl?: boolean;
  /** Hours instead of minutes, at the pace of a soak. */
  readonly isSoak?: boolean;
}

/** One whole run: a cluster of its own, faults, healing, and what came of it. The same seed gives the same run. */
export async function simulate(request: RunRequest): Promise<RunResult> {
  const { mutant } = request;
  const swarm = optionsOf(request.seed);
  const chosen = request.isSoak === true ? soakOptionsOf(swarm) : swarm;
  const options = mutant?.options?.(chosen) ?? (mutant === undefined ? withPauses(chosen) : chosen);
  const present = request.isControl === true ? undefined : mutant;
  const cluster = new Cluster(options, { isTraced: request.isTraced === true, mutant: present });
  cluster.trace.note('RUN', () => JSON.stringify({ ...options, faults: [...options.faults] }));
  const injector = new Injector(cluster, new Chance(options.seed ^ 0x6a09e667));
  // A mutant is to be caught by its own faults alone.
  const rare = mutant === undefined ? new RareFaults(cluster, new Chance(options.seed ^ 0x3c6ef372)) : undefined;
  const spells = mutant === undefined ? new StandbySpells(cluster, new Chance(options.seed ^ 0x27d4eb2f)) : undefined;
  const pauses = new ProgramPauses(cluster, new Chance(options.seed ^ 0x165667b1));
  if (options.leaderHangsMsMax !== undefined) watchHangs(cluster, options.leaderHangsMsMax);
  const events = { count: 0 };
  await goOn(cluster, options.faultyMs, events);
  rare?.end();
  spells?.end();
  pauses.end();
  injector.heal();
  const healedAtMs = cluster.agenda.nowMs;
  await untilWhole(cluster, healedAtMs + options.healingMs, events);
  return resultOf(cluster, injector, { healedAtMs, events: events.count, standstills: pauses.counts });
}

/** In two seeds of eight, which have neither rare faults nor spells as a standby cluster. */
function withPauses(options: Options): Options {
  const isChosen = options.seed % 8 === 0 || options.seed % 8 === 2;
  return isChosen ? { ...options, pausesEveryMs: 1.5 * options.faultEveryMs } : options;
}

/** Lets things happen until a time, or until an invariant does not hold. */
async function goOn(cluster: Cluster, untilMs: number, events: { count: number }): Promise<void> {
  const { agenda, settler, checker } = cluster;
  while (checker.violation === undefined && agenda.step(untilMs)) {
    if (settler.isRestless()) await settler.settle();
    if (++events.count > EVENTS_MAX) checker.fail('events', 'the run does not come to an end');
  }
}

async function untilWhole(cluster: Cluster, untilMs: number, events: { count: number }): Promise<void> {
  const convergence = new Convergence(cluster);
  const seen: { lack: string | undefined } = { lack: 'not looked yet' };
  const look = (): void => {
    seen.lack = convergence.lack();
    if (seen.lack !== undefined) cluster.agenda.after(LOOK_MS, look);
  };
  cluster.agenda.after(LOOK_MS, look);
  while (
    seen.lack !== undefined &&
    cluster.checker.violation === undefined &&
    cluster.agenda.nowMs < untilMs - LOOK_MS
  ) {
    await goOn(cluster, cluster.agenda.nowMs + LOOK_MS, events);
  }
  if (seen.lack !== undefined)
    cluster.checker.fail('I8', `not whole ${cluster.options.healingMs / 1000} s after the faults: ${seen.lack}`);
}

function resultOf(
  cluster: Cluster,
  injector: Injector,
  end: {
    readonly healedAtMs: number;
    readonly events: number;
    readonly standstills: ReadonlyMap<string, number>;
  },
): RunResult {
  const { checker, ledger, options, agenda } = cluster;
  const { violation } = checker;
  const count = (kinds: readonly FaultKind[]): number =>
    kinds.reduce((sum, kind) => sum + (injector.counts.get(kind) ?? 0), 0);
  const changes = ledger.reigns.filter((each, at) => at > 0 && each.name !== ledger.reigns[at - 1]?.name);
  if (violation !== undefined) cluster.trace.note('BROKEN', () => violation.message);
  return {
    seed: options.seed,
    violation: violation && describe(violation, agenda.nowMs),
    faults: injector.counts,
    faultCount: count([...injector.counts.keys()]),
    oneWayCuts: count(ONE_WAY_CUTS),
    leaderChanges: changes.length,
    revocations: cluster.revocations.count,
    ...checker.tally,
    unknownOutcomes: cluster.unknownOutcomes,
    rules: cluster.rules,
    situations: cluster.situations,
    undecided: cluster.undecided,
    standstills: end.standstills,
    clockRates: cluster.members.map(({ machine }) => machine.clockRate),
    healedInMs: agenda.nowMs - end.healedAtMs,
    simulatedMs: agenda.nowMs,
    events: end.events,
    trace: cluster.trace.lines,
  };
}

function describe(
  violation: Violation,
  atMs: number,
): { readonly invariant: string; readonly text: string; readonly atMs: number } {
  return { invariant: violation.invariant, text: violation.message, atMs };
}
