import type { ClusterView } from '../../core/model/cluster.ts';
import type { StandbyStatus } from '../../core/model/local-postgres.ts';
import { known } from '../../core/model/seen.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';

function synchronous(options: Options, faults: Partial<Record<FaultKind, number>>): Options {
  return {
    ...troubled(options, faults),
    memberCount: Math.max(3, options.memberCount),
    isSynchronous: true,
    thinkMs: 120,
    faultEveryMs: 6000,
    faultLengthMs: 8000,
  };
}

/** What a standby is told of itself while nobody leads. */
function asStandby(bend: (status: StandbyStatus, view: ClusterView) => StandbyStatus): NonNullable<Mutant['decide']> {
  return (decide) => (observation, memory) => {
    const { postgres } = observation;
    const view = known(observation.cluster);
    if (view === undefined || view.leader !== undefined || postgres.sql.kind !== 'seen')
      return decide(observation, memory);
    const status = postgres.sql.value;
    if (status.kind !== 'standby') return decide(observation, memory);
    const sql = { ...postgres.sql, value: bend(status, view) };
    return decide({ ...observation, postgres: { ...postgres, sql } }, memory);
  };
}

export const pledgedBeforeReplay: Mutant = {
  name: 'pledged-before-replay-ends',
  without: 'the wait of a restarted standby until replay has got to the end of its WAL',
  options: (options) => {
    const { habits, ...rest } = synchronous(options, { 'postgres-kill': 4, 'machine-crash': 4, 'total-outage': 1 });
    return { ...rest, habits: { ...habits, replayMsMax: 20_000, replayLagMs: 300 } };
  },
  decide: asStandby((status) => ({ ...status, replayedAll: true })),
};
