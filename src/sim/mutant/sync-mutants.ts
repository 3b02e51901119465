import { known } from '../../core/model/seen.ts';
import type { Observation } from '../../core/model/observation.ts';
import type { Plan, Step } from '../../core/model/plan.ts';
import type { Options } from '../options.ts';
import { STRICT_PLACEHOLDER } from '../../core/sync/sync-names.ts';
import { syncNamesFromText } from '../database/sync-names.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { withTxn } from './renewal-txn.ts';

type SettingsStep = Extract<Step, { kind: 'applySettings' }>;
type SyncStep = Extract<Step, { kind: 'writeSync' }>;

function synchronous(options: Options): Options {
  return { ...options, isSynchronous: true, memberCount: Math.max(3, options.memberCount) };
}

export const grownInReverse: Mutant = {
  name: 'sync-grows-in-reverse',
  without: 'the setting before /sync when a synchronous standby comes',
  options: (options) => synchronous(troubled(options, { 'postgres-kill': 1, 'sync-count': 1 })),
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    return { ...decision, plan: withSyncFirst(decision.plan, observation) };
  },
};

/** /sync names everybody whom the setting is about to name. */
function withSyncFirst(plan: Plan, observation: Observation): Plan {
  const settings = plan.steps.find((step): step is SettingsStep => step.kind === 'applySettings');
  const view = known(observation.cluster);
  const { lease, self } = observation;
  if (settings === undefined || view === undefined || lease.kind !== 'held' || view.sync.value.leader !== self.name)
    return plan;
  const asked = syncNamesFromText(settings.settings.syncNames ?? '');
  const voters = (asked?.names ?? []).filter((name) => name !== STRICT_PLACEHOLDER).toSorted();
  const isGrowing = voters.some((name) => !view.sync.value.voters.includes(name));
  if (!isGrowing || plan.steps.some((step) => step.kind === 'writeSync')) return plan;
  const write: SyncStep = {
    kind: 'writeSync',
    reign: lease.reign,
    value: { leader: self.name, voters, quorum: Math.max(0, voters.length - (asked?.count ?? 0)) },
    revision: view.sync.revision,
  };
  return { ...plan, steps: [write, ...plan.steps] };
}

export const shrunkInReverse: Mutant = {
  name: 'sync-shrinks-in-reverse',
  without: '/sync before the setting when a synchronous standby goes',
  options: (options) => synchronous(troubled(options, { 'postgres-kill': 1, 'link-cut': 1, 'sync-count': 1 })),
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    return { ...decision, plan: withSettingFirst(decision.plan, observation) };
  },
};

/** The setting is lowered; /sync follows in another cycle. */
function withSettingFirst(plan: Plan, observation: Observation): Plan {
  const view = known(observation.cluster);
  const write = plan.steps.find((step): step is SyncStep => step.kind === 'writeSync');
  const hasSetting = plan.steps.some((step) => step.kind === 'applySettings');
  if (view === undefined || write === undefined || !hasSetting) return plan;
  if (write.value.voters.length >= view.sync.value.voters.length) return plan;
  return { ...plan, steps: plan.steps.filter((step) => step !== write) };
}

export const unmarked: Mutant = {
  name: 'no-mark',
  without: 'the mark that a standby must pass before it votes',
  options: (options) =>
    synchronous(troubled(options, { 'link-cut': 2, 'link-cut-one-way': 2, 'sync-count': 3, 'machine-freeze': 1 })),
  decide: (decide) => (observation, memory) => decide(flushedAll(observation), memory),
};

/** Every standby seems to have flushed whatever the primary has. */
function flushedAll(observation: Observation): Observation {
  const { sql } = observation.postgres;
  if (sql.kind !== 'seen' || sql.value.kind !== 'primary') return observation;
  const { flushLsn, senders } = sql.value;
  const value = { ...sql.value, senders: senders.map((each) => ({ ...each, flushLsn })) };
  return { ...observation, postgres: { ...observation.postgres, sql: { ...sql, value } } };
}

export const unknownForNotDone: Mutant = {
  name: 'unknown-for-not-done',
  without: 'the difference between unknown and not done',
  options: (options) => ({
    ...synchronous(troubled(options, { 'postgres-kill': 3, 'link-cut': 1, 'sync-count': 2, 'store-election': 2 })),
    synchronousNodeCount: 2,
    leaderBias: 0.1,
    slowRate: 0.12,
    faultEveryMs: 4000,
    faultLengthMs: 2000,
  }),
  store: (store) =>
    withTxn(store, async (txn, budgetMs) => {
      const outcome = await store.txn(txn, { budgetMs });
      return outcome.kind === 'unknown' ? { kind: 'notDone', why: outcome.why } : outcome;
    }),
};

export const walsendersUnasked: Mutant = {
  name: 'walsenders-unasked',
  without: 'the look whether each walsender has read whom commits wait for, before the mark is taken',
  options: (options) => {
    const { habits, ...rest } = synchronous(
      troubled(options, { 'sync-count': 6, 'link-cut': 2, 'link-cut-one-way': 2, 'machine-crash': 2 }),
    );
    return { ...rest, memberCount: 5, thinkMs: 150, habits: { ...habits, walsenderReadMsMax: 4000 } };
  },
  decide: (decide) => (observation, memory) => decide(asIfRead(observation), memory),
};

/** Every walsender seems to have read the last reload. */
function asIfRead(observation: Observation): Observation {
  const { sql } = observation.postgres;
  if (sql.kind !== 'seen' || sql.value.kind !== 'primary') return observation;
  const senders = sql.value.senders.map((each) => ({ ...each, hasReadSettings: true }));
  return { ...observation, postgres: { ...observation.postgres, sql: { ...sql, value: { ...sql.value, senders } } } };
}
