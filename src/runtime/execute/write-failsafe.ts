import { encodeFailsafe } from '../../core/layout/failsafe-key.ts';
import { notDone, type Perform } from './hands.ts';
import { fromTxn, leaderIsOurs } from './store-outcome.ts';

/** An unknown outcome is told to the core, which asks everybody who may be in the map and writes again. */
export const writeFailsafe: Perform<'writeFailsafe'> = async ({ reign, revision, value }, hands) => {
  const { keeper, keys, transactor, unsettled } = hands;
  // Decided before the members' promises began to carry the lead: they do not bind whom this would let lead.
  if (keeper.isAskingMembers()) return notDone('the store does not carry the lead now');
  const key = keys.failsafe;
  const compares = [...leaderIsOurs(hands, reign), { target: 'mod', key, revision } as const];
  const write =
    value === undefined
      ? ({ kind: 'delete', key } as const)
      : ({ kind: 'put', key, value: encodeFailsafe(value) } as const);
  const outcome = await transactor.commit(compares, [write]);
  if (outcome.kind === 'done') unsettled.settle('failsafe');
  if (outcome.kind === 'unknown') unsettled.note('failsafe');
  return fromTxn(outcome);
};
