import { known } from '../../core/model/seen.ts';
import type { Observation } from '../../core/model/observation.ts';
import type { Memory } from '../../core/model/memory.ts';
import type { Plan, Step } from '../../core/model/plan.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import { syncNamesFromText } from '../database/sync-names.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';

type SyncStep = Extract<Step, { kind: 'writeSync' }>;
type SettingsStep = Extract<Step, { kind: 'applySettings' }>;

function byQuorum(options: Options, faults: Partial<Record<FaultKind, number>>): Options {
  return {
    ...troubled(options, faults),
    isSynchronous: true,
    isQuorum: true,
    isStrict: false,
    memberCount: 5,
    synchronousNodeCount: 2,
    thinkMs: 150,
  };
}

/** The count of what the setting is about to ask for. */
function countIn(step: SettingsStep): number {
  return syncNamesFromText(step.settings.syncNames ?? '')?.count ?? 0;
}

export const quorumLoweredFirst: Mutant = {
  name: 'quorum-lowered-first',
  without: 'the setting and its mark before a lower quorum, when commits are to wait for more standbys',
  options: (options) =>
    byQuorum(options, { 'sync-count': 6, 'machine-crash': 2, 'link-cut': 2, 'link-cut-one-way': 2 }),
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    return { ...decision, plan: withLowerQuorum(decision.plan, observation) };
  },
};

function withLowerQuorum(plan: Plan, { cluster, lease, postgres }: Observation): Plan {
  const settings = plan.steps.find((step): step is SettingsStep => step.kind === 'applySettings');
  const view = known(cluster);
  const sql = known(postgres.sql);
  if (settings === undefined || view === undefined || sql?.kind !== 'primary' || lease.kind !== 'held') return plan;
  const before = syncNamesFromText(sql.sync.names)?.count ?? 0;
  const { value, revision } = view.sync;
  const isLower = countIn(settings) > before && before > 0 && value.quorum > 0;
  if (!isLower || plan.steps.some((step) => step.kind === 'writeSync')) return plan;
  const write: SyncStep = {
    kind: 'writeSync',
    reign: lease.reign,
    value: { ...value, quorum: Math.max(0, value.quorum - (countIn(settings) - before)) },
    revision,
  };
  return { ...plan, steps: [write, ...plan.steps] };
}

export const countLoweredFirst: Mutant = {
  name: 'count-lowered-first',
  without: 'a higher quorum in /sync before commits wait for fewer standbys',
  options: (options) => byQuorum(options, { 'sync-count': 6, 'machine-crash': 2, 'store-cut': 1, 'link-cut': 2 }),
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    return { ...decision, plan: withoutHigherQuorum(decision.plan, observation) };
  },
};

/** What commits wait for is lowered; /sync follows in another cycle. */
function withoutHigherQuorum(plan: Plan, { cluster }: Observation): Plan {
  const write = plan.steps.find((step): step is SyncStep => step.kind === 'writeSync');
  const hasSetting = plan.steps.some((step) => step.kind === 'applySettings');
  const before = known(cluster)?.sync.value;
  if (write === undefined || before === undefined || !hasSetting || write.value.quorum <= before.quorum) return plan;
  return { ...plan, steps: plan.steps.filter((step) => step !== write) };
}

export const promotedForTooFew: Mutant = {
  name: 'promoted-for-too-few',
  without: 'one of the standbys that a new reign must wait for from its first commit on',
  options: (options) =>
    byQuorum(options, { 'machine-crash': 3, 'lease-revoked': 2, 'link-cut': 2, 'link-cut-one-way': 1 }),
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    return { ...decision, plan: { ...decision.plan, steps: decision.plan.steps.map(waitingForFewer) } };
  },
};

function waitingForFewer(step: Step): Step {
  if (step.kind !== 'startJob' || step.job.kind !== 'promote') return step;
  const { job } = step;
  const syncNames = job.settings.syncNames?.replace(/^ANY (\d)/, (_, count) => `ANY ${Math.max(1, Number(count) - 1)}`);
  return { ...step, job: { ...job, settings: { ...job.settings, syncNames } } };
}

export const votersUnmarked: Mutant = {
  name: 'voters-without-mark',
  without: 'the mark that a quorum’s voters must pass',
  options: (options) =>
    byQuorum(options, { 'sync-count': 4, 'link-cut': 2, 'link-cut-one-way': 2, 'machine-crash': 2, nosync: 1 }),
  decide: (decide) => (observation, memory) => decide(observation, withMark(memory, observation)),
};

/** Everybody has passed a mark that is nowhere. */
function withMark(memory: Memory, { postgres }: Observation): Memory {
  const sql = known(postgres.sql);
  if (sql?.kind !== 'primary' || sql.sync.names === '') return memory;
  const names = sql.sync.names;
  const [lowest] = sql.senders.map((sender) => sender.flushLsn ?? sql.flushLsn).toSorted((a, b) => (a < b ? -1 : 1));
  return { ...memory, syncMark: { names, lsn: lowest ?? sql.flushLsn } };
}
