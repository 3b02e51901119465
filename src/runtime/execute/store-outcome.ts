import type { Compare, TxnOutcome } from '../../ports/store.ts';
import { DONE, type Hands, notDone, type StepOutcome } from './hands.ts';

/** What a transaction means to a step: anything but done is looked at anew by the next cycle. */
export function fromTxn(outcome: TxnOutcome): StepOutcome {
  if (outcome.kind === 'unknown') return notDone(`outcome unknown: ${outcome.why}`);
  if (outcome.kind === 'notDone') return notDone(outcome.why);
  return outcome.kind === 'done' ? DONE : notDone('the store has moved on');
}

/** The leader key is ours, and it is the same reign. */
export function leaderIsOurs({ keys, self }: Hands, reign: number): readonly Compare[] {
  return [
    { target: 'value', key: keys.leader, value: self.name },
    { target: 'mod', key: keys.leader, revision: reign },
  ];
}
