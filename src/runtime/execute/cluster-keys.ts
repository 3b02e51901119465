// Writes of the keys that no lease and no pledge hangs on; each compares the revision that the plan was made from.
import { compactJson } from '../../core/layout/compact-json.ts';
import { encodeFailover } from '../../core/layout/failover-key.ts';
import { encodeHistory } from '../../core/layout/history-key.ts';
import { encodeStatus } from '../../core/layout/status-key.ts';
import { known } from '../../core/model/seen.ts';
import type { Compare } from '../../ports/store.ts';
import { BUDGETS } from '../budgets.ts';
import type { Write } from '../transactor.ts';
import { lastPosition } from './last-position.ts';
import { type Hands, notDone, type Perform, type StepOutcome } from './hands.ts';
import { mergeHistory } from './merge-history.ts';
import { fromTxn, leaderIsOurs } from './store-outcome.ts';

async function commit(
  { transactor }: Hands,
  compares: readonly Compare[],
  writes: readonly Write[],
): Promise<StepOutcome> {
  return fromTxn(await transactor.commit(compares, writes));
}

export const raceInitialize: Perform<'raceInitialize'> = (_step, hands) => {
  const { keys, self } = hands;
  const absent = [keys.initialize, keys.leader].map((key) => ({ target: 'create', key, revision: 0 }) as const);
  return commit(hands, absent, [
    { kind: 'put', key: keys.initialize, value: '' },
    { kind: 'put', key: keys.bootstrap, value: self.name },
  ]);
};

export const setInitialize: Perform<'setInitialize'> = ({ systemId, revision }, hands) => {
  const { keys } = hands;
  return commit(
    hands,
    [{ target: 'mod', key: keys.initialize, revision }],
    [
      { kind: 'put', key: keys.initialize, value: systemId },
      { kind: 'delete', key: keys.bootstrap },
    ],
  );
};

export const cancelInitialize: Perform<'cancelInitialize'> = ({ revision }, hands) => {
  const { keys } = hands;
  return commit(
    hands,
    [{ target: 'mod', key: keys.initialize, revision }],
    [
      { kind: 'delete', key: keys.initialize },
      { kind: 'delete', key: keys.bootstrap },
    ],
  );
};

export const writeConfig: Perform<'writeConfig'> = ({ value, revision }, hands) => {
  const key = hands.keys.config;
  return commit(hands, [{ target: 'mod', key, revision }], [{ kind: 'put', key, value: compactJson(value) }]);
};

export const writeFailover: Perform<'writeFailover'> = ({ value, revision }, hands) => {
  const key = hands.keys.failover;
  return commit(hands, [{ target: 'mod', key, revision }], [{ kind: 'put', key, value: encodeFailover(value) }]);
};

export const writeStatus: Perform<'writeStatus'> = ({ reign, timeline, optime, slots, retainSlots }, hands) =>
  commit(hands, leaderIsOurs(hands, reign), [
    { kind: 'put', key: hands.keys.status, value: encodeStatus(optime, { slots, retainSlots }) },
    lastPosition({ reign, timeline, lsn: optime, final: false }, hands),
  ]);

export const writeHistory: Perform<'writeHistory'> = ({ reign, entries, revision }, hands) => {
  const key = hands.keys.history;
  const compares = [...leaderIsOurs(hands, reign), { target: 'mod', key, revision } as const];
  return commit(hands, compares, [{ kind: 'put', key, value: encodeHistory(entries) }]);
};

export const refreshHistory: Perform<'refreshHistory'> = async ({ reign }, hands) => {
  const view = known(hands.mirror.view());
  if (view === undefined) return notDone('the history in the store is not known');
  const rows = await hands.postgres.timelineHistory(BUDGETS.observe);
  if (rows.length === 0) return notDone('the history file was not read');
  const entries = mergeHistory(rows, {
    known: view.history.value ?? [],
    newLeader: hands.self.name,
    at: hands.clock.wallAt(),
    lengthMax: view.config.value?.maxTimelinesHistory ?? 0,
  });
  return writeHistory({ kind: 'writeHistory', reign, entries, revision: view.history.revision }, hands);
};
