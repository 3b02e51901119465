// An observation for every cell of the table of decisions, as plain as it can be.
import type { ModeSituation, LeadSituation, ServerSituation, Situation } from '../../src/core/model/situation.ts';
import type { LocalPostgres } from '../../src/core/model/local-postgres.ts';
import type { Memory } from '../../src/core/model/memory.ts';
import type { Observation } from '../../src/core/model/observation.ts';
import { unknown } from '../../src/core/model/seen.ts';
import {
  config,
  configKey,
  control,
  down,
  held,
  leaderKey,
  member,
  observation,
  postgres,
  primary,
  standby,
  view,
} from './core-builders.ts';

const MODES: readonly ModeSituation[] = ['automatic', 'standby cluster', 'paused'];
const LEADS: readonly LeadSituation[] = ['held', 'named', 'other', 'nobody', 'unknown'];

const recovering = {
  kind: 'cluster',
  control: control({ state: 'in archive recovery' }),
  standbySignal: true,
} as const;

const SERVERS: Readonly<Record<ServerSituation, () => LocalPostgres>> = {
  primary: () => primary(),
  standby: () => standby(),
  starting: () => postgres({ data: recovering, starting: true }),
  silent: () => postgres({ data: recovering }),
  down: () => down({ state: 'shut down in recovery', minRecoveryEndTimeline: 1 }, true),
  empty: () => postgres({ postmaster: undefined, data: { kind: 'empty' } }),
  unfinished: () => postgres({ postmaster: undefined, data: { kind: 'unfinished', work: 'clone' } }),
  foreign: () => postgres({ postmaster: undefined, data: { kind: 'foreign', what: 'a file' } }),
  unreadable: () => postgres({ postmaster: undefined, data: { kind: 'unreadable', why: 'EIO' } }),
};

const RAW: Readonly<Record<ModeSituation, Record<string, unknown>>> = {
  automatic: {},
  'standby cluster': { standby_cluster: { host: 'far' } },
  paused: { pause: true },
};

export const SITUATIONS: readonly Situation[] = MODES.flatMap((mode) =>
  // Object.keys tells no more than that they are texts.
  (Object.keys(SERVERS) as ServerSituation[]).flatMap((server) => LEADS.map((lead) => ({ mode, server, lead }))),
);

export function observationOf({ mode, server, lead }: Situation): { obs: Observation; mem: Partial<Memory> } {
  const raw = RAW[mode];
  const members = [member('a'), member('b', lead === 'other' ? { role: 'primary' } : {}), member('c')];
  const leader = lead === 'other' ? leaderKey('b') : lead === 'nobody' ? undefined : leaderKey('a');
  const cluster =
    lead === 'unknown' ? unknown('the store does not answer') : view({ config: configKey(raw), leader, members });
  const lease = lead === 'held' ? held() : ({ kind: 'none' } as const);
  return {
    obs: observation({ postgres: { ...SERVERS[server](), pauseNoted: mode === 'paused' }, cluster, lease }),
    mem: { lastConfig: config(raw) },
  };
}
