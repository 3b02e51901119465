import { known } from '../../core/model/seen.ts';
import { encodeMember } from '../../core/layout/member-key.ts';
import { encodeStatus, NO_STATUS } from '../../core/layout/status-key.ts';
import { BUDGETS } from '../budgets.ts';
import { pause } from '../pause.ts';
import type { Write } from '../transactor.ts';
import { DONE, type Hands, notDone, type Perform, type StepOf, type StepOutcome } from './hands.ts';
import { lastPosition } from './last-position.ts';
import { fromTxn, leaderIsOurs } from './store-outcome.ts';

export const adoptKey: Perform<'adoptKey'> = (
  { reign, leaseId, deadlineMs, ttlMs, unguarded },
  { keeper, unsettled },
) => {
  // The agent that began this reign may have had writes on their way, which compare the reign that goes on.
  unsettled.note('sync');
  unsettled.note('failsafe');
  keeper.adopt({ reign, leaseId, deadlineMs, ttlMs, unguarded });
  return Promise.resolve(DONE);
};

/** What the member key says of the stop and the deletion become visible together: that is what `released` is told by. */
export const releaseKey: Perform<'releaseKey'> = async (step, hands) => {
  const { keys, keeper, mirror, publisher, transactor } = hands;
  await publisher.idle();
  const memberLease = await publisher.memberLease();
  const member = memberLease === undefined ? undefined : publisher.write(encodeMember(step.member), memberLease);
  if (member === undefined) return notDone('there is no lease to say on that PostgreSQL is down');
  // With PostgreSQL down no promise carries a lead any more: who joined too late for the map may lead.
  const gone = [keys.leader, keys.failsafe].map((key): Write => ({ kind: 'delete', key }));
  const writes: readonly Write[] = [...statusOf(step, hands), member, ...gone];
  const leaseId = mirror.get(keys.leader)?.leaseId;
  const outcome = await transactor.commit(leaderIsOurs(hands, step.reign), writes);
  // Refused: the key was no longer ours to give, which is as good.
  const isGone = outcome.kind === 'done' || (outcome.kind === 'refused' && !isStillOurs(step.reign, hands));
  if (outcome.kind === 'unknown') hands.unsettled.note('release');
  if (!isGone) return fromTxn(outcome);
  keeper.letGo();
  // What was sent in that reign compares it, and cannot land any more.
  for (const write of ['sync', 'failsafe', 'release'] as const) hands.unsettled.settle(write);
  if (leaseId !== undefined && outcome.kind === 'done')
    void hands.store.revokeLease(leaseId, { budgetMs: BUDGETS.lease });
  await hands.guard.disarm(BUDGETS.guard);
  return DONE;
};

function statusOf({ optime, timeline, reign }: StepOf<'releaseKey'>, hands: Hands): readonly Write[] {
  if (optime === undefined) return [];
  const told = known(hands.mirror.view())?.status ?? NO_STATUS;
  const status: Write = { kind: 'put', key: hands.keys.status, value: encodeStatus(optime, told) };
  return timeline === undefined
    ? [status]
    : [status, lastPosition({ reign, timeline, lsn: optime, final: true }, hands)];
}

function isStillOurs(reign: number, { keys, mirror, self }: Hands): boolean {
  const key = mirror.get(keys.leader);
  return key?.value === self.name && key.modRevision === reign;
}

export const disarmGuard: Perform<'disarmGuard'> = async (_step, { guard, keeper }) => {
  const answer = await guard.disarm(BUDGETS.guard);
  if (answer.kind === 'unanswered') return notDone(`the guard does not answer: ${answer.why}`);
  keeper.forgetLost();
  return answer.state.kind === 'armed' ? notDone('the guard stays armed') : DONE;
};

export const fence: Perform<'fence'> = async (_step, hands): Promise<StepOutcome> => {
  // The kill goes on; a process in state D must not keep the next decision waiting.
  const outcome = await Promise.race([hands.fence.now(), pause(hands.clock, BUDGETS.fence)]);
  if (outcome === undefined) return notDone('PostgreSQL is being killed');
  return outcome.kind === 'done' ? DONE : notDone(outcome.why);
};
