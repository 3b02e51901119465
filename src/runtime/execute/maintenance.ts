// What a pause begins and ends with. While our mark stands in the store, nobody takes the key and nothing fences this PostgreSQL.
import { encodeUnguarded } from '../../core/layout/own-keys.ts';
import { BUDGETS } from '../budgets.ts';
import { DONE, notDone, type Perform, type StepOutcome } from './hands.ts';
import { fromTxn } from './store-outcome.ts';

function unlessRefused(refusal: string | undefined): StepOutcome {
  return refusal === undefined ? DONE : notDone(refusal);
}

/** Compared: that nobody has led since, and that the pause still stands. So no mark lands after either. */
export const markUnguarded: Perform<'markUnguarded'> = async ({ systemId, reignRevision, configRevision }, hands) => {
  const { keys, self, transactor } = hands;
  const outcome = await transactor.commit(
    [
      { target: 'mod', key: keys.reign, revision: reignRevision },
      { target: 'mod', key: keys.config, revision: configRevision },
    ],
    [
      {
        kind: 'put',
        key: keys.unguarded(self.name),
        value: encodeUnguarded({ reign: reignRevision, systemId }),
      },
    ],
  );
  return fromTxn(outcome);
};

export const standDown: Perform<'standDown'> = async (_step, { keeper }) => unlessRefused(await keeper.standDown());

export const armGuard: Perform<'armGuard'> = async ({ reign }, { keeper }) =>
  unlessRefused(await keeper.guardAgain(reign));

export const clearUnguarded: Perform<'clearUnguarded'> = async ({ revision }, { keys, self, transactor }) => {
  const key = keys.unguarded(self.name);
  return fromTxn(await transactor.commit([{ target: 'mod', key, revision }], [{ kind: 'delete', key }]));
};

export const notePause: Perform<'notePause'> = async ({ paused }, { postgres }) => {
  const outcome = await postgres.notePause(paused, BUDGETS.settings);
  return outcome.kind === 'done' ? DONE : notDone(outcome.why);
};
