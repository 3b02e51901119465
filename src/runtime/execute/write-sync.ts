import { encodeSync } from '../../core/layout/sync-key.ts';
import { type Hands, type Perform, type StepOutcome } from './hands.ts';
import { fromTxn, leaderIsOurs } from './store-outcome.ts';
import type { Write } from '../transactor.ts';

interface SyncWrite {
  readonly reign: number;
  readonly revision: number;
  readonly write: Write;
}

export const writeSync: Perform<'writeSync'> = ({ reign, revision, value }, hands) =>
  commit({ reign, revision, write: { kind: 'put', key: hands.keys.sync, value: encodeSync(value) } }, hands);

export const deleteSync: Perform<'deleteSync'> = ({ reign, revision }, hands) =>
  commit({ reign, revision, write: { kind: 'delete', key: hands.keys.sync } }, hands);

/** An unknown outcome is told to the core, which writes again: a read would not keep the first write from landing late. */
async function commit({ reign, revision, write }: SyncWrite, hands: Hands): Promise<StepOutcome> {
  const { keys, transactor, unsettled } = hands;
  const compares = [...leaderIsOurs(hands, reign), { target: 'mod', key: keys.sync, revision } as const];
  const outcome = await transactor.commit(compares, [write]);
  if (outcome.kind === 'done') unsettled.settle('sync');
  if (outcome.kind === 'unknown') unsettled.note('sync');
  return fromTxn(outcome);
}
