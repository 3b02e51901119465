import type { Decision } from '../../core/model/plan.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { withTxn } from './renewal-txn.ts';

function paused(options: Options): Options {
  return { ...troubled(options, { pause: 6, 'agent-stop': 1, 'agent-kill': 2, 'store-cut': 1 }), thinkMs: 150 };
}

const MARK = '/kornak/unguarded/';

export const unmarkedPause: Mutant = {
  name: 'guard-stands-down-without-mark',
  without: 'the mark in the store before the guard is disarmed',
  options: paused,
  store: (store) =>
    withTxn(store, (txn, budgetMs) => {
      const isMark = txn.success.some((op) => op.kind === 'put' && op.key.includes(MARK));
      return isMark
        ? Promise.resolve({ kind: 'done', revision: 0, reads: [], sentAtMs: 0 })
        : store.txn(txn, { budgetMs });
    }),
};

export const markIgnored: Mutant = {
  name: 'mark-ignored',
  without: "the mark of the last leader in others' decisions and take-overs",
  options: (options) => ({ ...paused(options), memberCount: Math.max(3, options.memberCount) }),
  store: (store) =>
    withTxn(store, (txn, budgetMs) =>
      store.txn({ ...txn, compares: txn.compares.filter(({ key }) => !key.includes(MARK)) }, { budgetMs }),
    ),
  decide: (decide) => (observation, memory) => {
    const { cluster, self } = observation;
    if (cluster.kind !== 'seen') return decide(observation, memory);
    const unguarded = cluster.value.unguarded.filter(({ name }) => name === self.name);
    return decide({ ...observation, cluster: { ...cluster, value: { ...cluster.value, unguarded } } }, memory);
  },
};

export const clearedTooEarly: Mutant = {
  name: 'mark-cleared-before-arming',
  without: 'the armed guard before the mark goes',
  options: paused,
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    const mark =
      observation.cluster.kind === 'seen'
        ? observation.cluster.value.unguarded.find(({ name }) => name === observation.self.name)
        : undefined;
    return mark === undefined ? decision : withClearing(decision, mark.revision);
  },
};

function withClearing(decision: Decision, revision: number): Decision {
  const { plan } = decision;
  if (!plan.steps.some(({ kind }) => kind === 'armGuard')) return decision;
  return { ...decision, plan: { ...plan, steps: [{ kind: 'clearUnguarded', revision }, ...plan.steps] } };
}
