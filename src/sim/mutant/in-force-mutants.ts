import { known } from '../../core/model/seen.ts';
import type { Observation } from '../../core/model/observation.ts';
import type { ServerSettings } from '../../core/model/job.ts';
import type { LocalPostgres, PrimaryStatus } from '../../core/model/local-postgres.ts';
import type { Postgres } from '../../ports/postgres.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { delegate, withObserve } from './takeover-mutants.ts';

function synchronous(options: Options, faults: Partial<Record<FaultKind, number>>): Options {
  return {
    ...troubled(options, faults),
    isSynchronous: true,
    memberCount: Math.max(3, options.memberCount),
    thinkMs: 80,
  };
}

function primaryOf(seen: LocalPostgres): PrimaryStatus | undefined {
  const status = known(seen.sql);
  return status?.kind === 'primary' ? status : undefined;
}

function withSync(seen: LocalPostgres, change: Partial<PrimaryStatus['sync']>): LocalPostgres {
  const primary = primaryOf(seen);
  if (primary === undefined || seen.sql.kind !== 'seen') return seen;
  return { ...seen, sql: { ...seen.sql, value: { ...primary, sync: { ...primary.sync, ...change } } } };
}

export const checkpointerUnasked: Mutant = {
  name: 'checkpointer-unasked',
  without: 'the look whether the checkpointer has read that commits wait at all',
  options: (options) => {
    const { habits, ...rest } = synchronous(options, {
      'machine-crash': 4,
      'lease-revoked': 4,
      'postgres-kill': 2,
      'sync-mode': 3,
    });
    return { ...rest, faultEveryMs: 5000, habits: { ...habits, checkpointMsMax: 12_000 } };
  },
  decide: (decide) => (observation, memory) => decide(asIfIdle(observation), memory),
};

function asIfIdle(observation: Observation): Observation {
  return { ...observation, postgres: withSync(observation.postgres, { checkpointerIdleSinceReload: true }) };
}

export const settledByReading: Mutant = {
  name: 'sync-settled-by-reading',
  without: 'the second write that settles a write of /sync whose outcome is unknown',
  options: (options) => ({
    ...synchronous(options, { 'postgres-kill': 3, 'link-cut': 1, 'sync-count': 3, 'store-election': 2 }),
    synchronousNodeCount: 2,
    leaderBias: 0.1,
    slowRate: 0.12,
    faultEveryMs: 4000,
    faultLengthMs: 2000,
  }),
  decide: (decide) => (observation, memory) => {
    const unsettled = new Set([...observation.unsettled].filter((write) => write !== 'sync'));
    return decide({ ...observation, unsettled }, memory);
  },
};

export const moreNamedThanWait: Mutant = {
  name: 'more-named-than-must-acknowledge',
  without: 'as many acknowledgements as /sync names: the list names more than a commit waits for',
  options: (options) => ({
    ...synchronous(options, { 'link-cut': 4, 'link-cut-one-way': 2, 'machine-crash': 3 }),
    isQuorum: false,
    synchronousNodeCount: 2,
    memberCount: 4,
  }),
  postgres: (postgres) => waitingForOne(postgres),
};

/** Commits wait for one of those that they are to wait for all of, and nobody is told. */
function waitingForOne(postgres: Postgres): Postgres {
  const asked = new Map<string, string>();
  const bent = (settings: ServerSettings): ServerSettings => {
    const { syncNames } = settings;
    if (syncNames === undefined) return settings;
    const fewer = syncNames.replace(/^\d+ \(/, '1 (');
    asked.set(fewer, syncNames);
    return { ...settings, syncNames: fewer };
  };
  return {
    ...withObserve(delegate(postgres), (seen) => {
      const names = primaryOf(seen)?.sync.names;
      return names === undefined ? seen : withSync(seen, { names: asked.get(names) ?? names });
    }),
    applySettings: (settings, budgetMs) => postgres.applySettings(bent(settings), budgetMs),
    run: (job, control, deadlineMs) =>
      postgres.run('settings' in job ? { ...job, settings: bent(job.settings) } : job, control, deadlineMs),
  };
}
