import type { ClusterView } from '../../core/model/cluster.ts';
import type { LocalPostgres, StandbyStatus } from '../../core/model/local-postgres.ts';
import { known } from '../../core/model/seen.ts';
import type { Postgres } from '../../ports/postgres.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { delegate, withObserve } from './takeover-mutants.ts';

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
function asStandby(
  bend: (status: StandbyStatus, view: ClusterView, name: string) => StandbyStatus,
): NonNullable<Mutant['decide']> {
  return (decide) => (observation, memory) => {
    const { postgres } = observation;
    const view = known(observation.cluster);
    if (view === undefined || view.leader !== undefined || postgres.sql.kind !== 'seen')
      return decide(observation, memory);
    const status = postgres.sql.value;
    if (status.kind !== 'standby') return decide(observation, memory);
    const sql = { ...postgres.sql, value: bend(status, view, observation.self.name) };
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

/** Of them, those to whom the timeline of the leader is told for their own. */
const MISLED = ['bob', 'dan'];

export const timelineOfUpstream: Mutant = {
  name: 'timeline-of-the-upstream',
  without:
    'the timeline of the last record held: that of the last leader stands for it, where somebody has turned to it',
  options: (options) => ({
    ...synchronous(options, { 'link-cut': 4, 'machine-crash': 3, 'lease-revoked': 3, 'new-leader-cut': 2 }),
    isQuorum: true,
    memberCount: 3,
    synchronousNodeCount: 1,
    thinkMs: 60,
    faultEveryMs: 4000,
  }),
  decide: asStandby((status, { reign }, name) => ({
    ...status,
    timeline: MISLED.includes(name) ? Math.max(status.timeline, reign.value?.timeline ?? 0) : status.timeline,
  })),
};

export const connectingUnseen: Mutant = {
  name: 'connecting-receiver-unseen',
  without: 'the process of a receiver that is still connecting, which no view shows',
  options: (options) => {
    const { habits, ...rest } = synchronous(options, { isolation: 6, 'link-cut': 2, 'machine-freeze': 2 });
    return {
      ...rest,
      memberCount: 3,
      isQuorum: true,
      isStrict: false,
      synchronousNodeCount: 1,
      leaderTtlMs: 6000,
      primaryRaceBackoffMs: 0,
      lossRate: 0,
      slowRate: 0,
      leaderBias: 0.9,
      thinkMs: 60,
      faultLengthMs: 3000,
      habits: { ...habits, replicationTimeoutMs: 600, receiverRetryMs: 100 },
    };
  },
  postgres: (postgres) => byTheView(postgres),
};

/** A receiver that the view does not show is not there: nothing is done to end it when it is to be off. */
function byTheView(postgres: Postgres): Postgres {
  let isPretending = false;
  return {
    ...withObserve(delegate(postgres), (seen) => (isPretending ? asShown(seen) : seen)),
    run: async (job, control, deadlineMs) => {
      isPretending = job.kind === 'cutOff' && (await isHidden(postgres, deadlineMs));
      return isPretending ? { kind: 'done', facts: {} } : postgres.run(job, control, deadlineMs);
    },
  };
}

async function isHidden(postgres: Postgres, budgetMs: number): Promise<boolean> {
  const status = known((await postgres.observe(budgetMs)).sql);
  return status?.kind === 'standby' && status.receiverRuns && status.receiver === undefined;
}

function asShown(seen: LocalPostgres): LocalPostgres {
  if (seen.sql.kind !== 'seen' || seen.sql.value.kind !== 'standby') return seen;
  const { value } = seen.sql;
  const isShown = value.receiver !== undefined;
  return { ...seen, sql: { ...seen.sql, value: { ...value, receiverRuns: isShown, upstream: undefined } } };
}
