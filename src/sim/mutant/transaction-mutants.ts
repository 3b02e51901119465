import type { Step } from '../../core/model/plan.ts';
import { known } from '../../core/model/seen.ts';
import type { Compare, Txn } from '../../ports/store.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { withTxn } from './renewal-txn.ts';

function isTakeOver(txn: Txn): boolean {
  return txn.success.some((op) => op.kind === 'put' && op.key.endsWith('/leader'));
}

/** Take-overs that compare nothing of some keys. */
function takenWithout(isLeftOut: (compare: Compare) => boolean): NonNullable<Mutant['store']> {
  return (store) =>
    withTxn(store, (txn, budgetMs) => {
      const compares = txn.compares.filter((compare) => !isLeftOut(compare));
      return store.txn(isTakeOver(txn) ? { ...txn, compares } : txn, { budgetMs });
    });
}

export const configUncompared: Mutant = {
  name: 'taken-without-config',
  without: 'the comparison of /config in a take-over, which tells of a pause',
  options: (options) => ({
    ...troubled(options, { pause: 8, 'lease-revoked': 6, 'key-deleted': 4, 'machine-crash': 1 }),
    memberCount: Math.max(3, options.memberCount),
    networkDelayMs: 12,
    slowRate: 0.1,
    faultEveryMs: 3000,
    faultLengthMs: 4000,
  }),
  store: takenWithout(({ key }) => key.endsWith('/config')),
};

export const timelineUnclaimed: Mutant = {
  name: 'timeline-unclaimed',
  without: 'the claim of a timeline number that nobody has used: the next one after its own is taken',
  options: (options) => ({
    ...troubled(options, { 'machine-crash': 3, 'lease-revoked': 3, 'link-cut': 3, 'postgres-kill': 1 }),
    memberCount: Math.max(3, options.memberCount),
    faultEveryMs: 6000,
  }),
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    const status = known(observation.postgres.sql);
    if (status?.kind !== 'standby') return decision;
    const steps = decision.plan.steps.map((step) => onNextTimeline(step, status.timeline + 1));
    return { ...decision, plan: { ...decision.plan, steps } };
  },
};

function onNextTimeline(step: Step, timeline: number): Step {
  return step.kind === 'takeKey' ? { ...step, takeOver: { ...step.takeOver, timeline } } : step;
}

export const syncWrittenBlindly: Mutant = {
  name: 'sync-written-without-comparing',
  without: 'the comparisons of a write of /sync',
  options: (options) => ({
    ...troubled(options, {
      'sync-count': 5,
      'lease-revoked': 2,
      'store-election': 2,
      'postgres-kill': 2,
      'link-cut': 1,
    }),
    memberCount: Math.max(3, options.memberCount),
    isSynchronous: true,
    slowRate: 0.12,
    faultEveryMs: 4000,
    faultLengthMs: 3000,
  }),
  store: (store) =>
    withTxn(store, (txn, budgetMs) => {
      const isSync = txn.success.some(
        (op) => op.kind !== 'read' && op.kind !== 'deletePrefix' && op.key.endsWith('/sync'),
      );
      return store.txn(isSync && !isTakeOver(txn) ? { ...txn, compares: [] } : txn, { budgetMs });
    }),
};
