import type { Observation } from '../../core/model/observation.ts';
import type { LocalPostgres } from '../../core/model/local-postgres.ts';
import type { Postgres } from '../../ports/postgres.ts';
import type { Process } from '../time/process.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { withTxn } from './renewal-txn.ts';

export const takenBlindly: Mutant = {
  name: 'key-taken-without-comparing',
  without: 'the comparisons of a take-over',
  options: (options) => ({
    ...troubled(options, { 'machine-crash': 1, 'lease-revoked': 1 }),
    memberCount: Math.max(3, options.memberCount),
  }),
  store: (store) =>
    withTxn(store, (txn, budgetMs) => {
      const isTakeOver = txn.success.some((op) => op.kind === 'put' && op.key.endsWith('/leader'));
      return store.txn(isTakeOver ? { ...txn, compares: [] } : txn, { budgetMs });
    }),
};

export const lsnBeforeTimeline: Mutant = {
  name: 'lsn-before-timeline',
  without: 'the timeline in the comparison of positions',
  options: (options) => ({
    ...troubled(options, { 'link-cut': 2, 'machine-crash': 2, 'lease-revoked': 2, 'postgres-kill': 1 }),
    memberCount: Math.max(3, options.memberCount),
    isSynchronous: false,
    faultEveryMs: 8000,
    faultLengthMs: 8000,
  }),
  decide: (decide) => (observation, memory) => decide(onOneTimeline(observation), memory),
};

/** While nobody leads, every position looks as if it were on timeline 1. */
function onOneTimeline(observation: Observation): Observation {
  const { cluster, postgres } = observation;
  if (cluster.kind !== 'seen' || cluster.value.leader !== undefined || postgres.sql.kind !== 'seen') return observation;
  const status = postgres.sql.value;
  if (status.kind !== 'standby') return observation;
  const pledges = cluster.value.pledges.map((each) => ({ ...each, position: { ...each.position, timeline: 1 } }));
  return {
    ...observation,
    cluster: { ...cluster, value: { ...cluster.value, pledges } },
    postgres: { ...postgres, sql: { ...postgres.sql, value: { ...status, timeline: 1 } } },
  };
}

export const replayedForReceived: Mutant = {
  name: 'replayed-for-received',
  without: 'the received position: the replayed one stands for it',
  options: (options) => ({
    ...troubled(options, { 'replay-stall': 6, 'machine-crash': 3, 'lease-revoked': 2 }),
    memberCount: Math.max(3, options.memberCount),
    isSynchronous: true,
    thinkMs: 60,
    faultEveryMs: 5000,
  }),
  postgres: (postgres) => withObserve(postgres, (seen) => withReceivedLike(seen)),
};

function withReceivedLike(seen: LocalPostgres): LocalPostgres {
  if (seen.sql.kind !== 'seen' || seen.sql.value.kind !== 'standby') return seen;
  const { value } = seen.sql;
  return { ...seen, sql: { ...seen.sql, value: { ...value, receivedLsn: value.replayedLsn } } };
}

export const promotedUnchecked: Mutant = {
  name: 'promoted-without-recheck',
  without: 'the last look at the key before the promote signal',
  options: (options) => {
    const biased = troubled(options, { 'new-leader-cut': 4, 'machine-crash': 1, 'lease-revoked': 1 });
    return { ...biased, slowRate: 0, habits: { ...biased.habits, promoteMsMax: 1500 } };
  },
  postgres: (postgres) => ({
    ...delegate(postgres),
    run: (job, control, deadlineMs) =>
      postgres.run(job, { ...control, mayPromote: () => Promise.resolve(true) }, deadlineMs),
  }),
};

export const promotedUnlisted: Mutant = {
  name: 'promoted-before-the-list',
  without: "the new reign's synchronous standbys before its promotion",
  options: (options) => ({ ...troubled(options, { 'machine-crash': 1, 'lease-revoked': 1 }), isSynchronous: true }),
  postgres: (postgres) => ({
    ...delegate(postgres),
    run: (job, control, deadlineMs) =>
      postgres.run(
        job.kind === 'promote' ? { ...job, settings: { ...job.settings, syncNames: undefined } } : job,
        control,
        deadlineMs,
      ),
  }),
};

export const pledgedTooEarly: Mutant = {
  name: 'position-before-receiver-stops',
  without: 'the end of the receiver before the position is read',
  options: (options) => ({
    ...troubled(options, { 'machine-freeze': 5, 'store-cut': 3, 'key-deleted': 2 }),
    memberCount: 3,
    isSynchronous: true,
    isQuorum: true,
    synchronousNodeCount: 1,
    leaderTtlMs: 2000,
    lossRate: 0,
    slowRate: 0,
    thinkMs: 60,
    leaderBias: 0.9,
    faultEveryMs: 8000,
    faultLengthMs: 4000,
  }),
  postgres: (postgres, process) => new LateCutter(postgres, process).port(),
};

/** How long after "it is off" the receiver really ends, every other time; else it ends at once. */
const LATE_MS = 4000;

/** Says that the receiver is off when it was told to go, and lets it go on for a while. */
export class LateCutter {
  private readonly postgres: Postgres;
  private readonly process: Process;
  private isPretending = false;

  constructor(postgres: Postgres, process: Process) {
    this.postgres = postgres;
    this.process = process;
  }

  port(): Postgres {
    return {
      ...withObserve(this.postgres, (seen) => (this.isPretending ? withoutReceiver(seen) : seen)),
      run: (job, control, deadlineMs) => {
        if (job.kind !== 'cutOff' || this.process.machine.chance.happens(0.5)) {
          this.isPretending = false;
          return this.postgres.run(job, control, deadlineMs);
        }
        this.isPretending = true;
        this.process.after(LATE_MS, () => {
          if (this.isPretending) void this.postgres.run(job, control, deadlineMs);
        });
        return Promise.resolve({ kind: 'done', facts: {} });
      },
    };
  }
}

function withoutReceiver(seen: LocalPostgres): LocalPostgres {
  if (seen.sql.kind !== 'seen' || seen.sql.value.kind !== 'standby') return seen;
  const value = { ...seen.sql.value, receiver: undefined, receiverRuns: false, upstream: undefined };
  return { ...seen, sql: { ...seen.sql, value } };
}

export function withObserve(postgres: Postgres, bend: (seen: LocalPostgres) => LocalPostgres): Postgres {
  return { ...delegate(postgres), observe: async (budgetMs) => bend(await postgres.observe(budgetMs)) };
}

export function delegate(postgres: Postgres): Postgres {
  return {
    observe: (budgetMs) => postgres.observe(budgetMs),
    onChange: (listener) => postgres.onChange(listener),
    run: (job, control, deadlineMs) => postgres.run(job, control, deadlineMs),
    applySettings: (settings, budgetMs) => postgres.applySettings(settings, budgetMs),
    createSlot: (name, budgetMs) => postgres.createSlot(name, budgetMs),
    dropSlot: (name, budgetMs) => postgres.dropSlot(name, budgetMs),
    advanceSlots: (to, budgetMs) => postgres.advanceSlots(to, budgetMs),
    tendLogicalSlots: (work) => postgres.tendLogicalSlots(work),
    resumeReplay: (budgetMs) => postgres.resumeReplay(budgetMs),
    notePause: (paused, budgetMs) => postgres.notePause(paused, budgetMs),
    kill: (budgetMs) => postgres.kill(budgetMs),
    flushLsn: (budgetMs) => postgres.flushLsn(budgetMs),
    timelineHistory: (budgetMs) => postgres.timelineHistory(budgetMs),
    divergences: () => postgres.divergences(),
    discardDivergence: (id) => postgres.discardDivergence(id),
  };
}
