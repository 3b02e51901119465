// A pledge put whose answer was lost must never land after its withdrawal: every put compares the member key's revision, and
// every withdrawal writes the member key.
import { encodePledge } from '../../core/layout/own-keys.ts';
import type { TxnOutcome } from '../../ports/store.ts';
import { type Hands, notDone, type Perform, type StepOutcome } from './hands.ts';
import { fromTxn } from './store-outcome.ts';

export const putPledge: Perform<'putPledge'> = async ({ reign, position }, hands) => {
  const { keys, mirror, promises, publisher, self, transactor } = hands;
  await publisher.idle();
  const leaseId = await publisher.memberLease();
  if (leaseId === undefined) return notDone('there is no lease for the pledge to stand on');
  const kept = await promises.clear();
  if (kept !== undefined) return notDone(`the record of promises cannot be removed: ${kept}`);
  // A leader may have been promised that we would not, since this was decided.
  if (promises.isBound()) return notDone('a promise not to pledge runs');
  const member = keys.member(self.name);
  const revision = mirror.get(member)?.modRevision ?? 0;
  const outcome = await transactor.commit(
    [{ target: 'mod', key: member, revision }],
    [{ kind: 'put', key: keys.pledge(self.name), value: encodePledge(reign, position), leaseId }],
  );
  return settledBy(outcome, hands);
};

export const withdrawPledge: Perform<'withdrawPledge'> = async (_step, hands) => {
  const { keys, publisher, self, transactor } = hands;
  await publisher.idle();
  const leaseId = await publisher.memberLease();
  const member = leaseId === undefined ? undefined : publisher.write(undefined, leaseId);
  if (member === undefined) return notDone('there is no lease to write the member key on');
  const outcome = await transactor.commit([], [{ kind: 'delete', key: keys.pledge(self.name) }, member]);
  return settledBy(outcome, hands);
};

function settledBy(outcome: TxnOutcome, { unsettled }: Hands): StepOutcome {
  if (outcome.kind === 'done') unsettled.settle('pledge');
  if (outcome.kind === 'unknown') unsettled.note('pledge');
  return fromTxn(outcome);
}
