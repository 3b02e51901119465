// Decisions of a member in a cluster of a, b and c that leads on without the store.
import { decide } from '../../src/core/decide/decide.ts';
import type { ClusterView } from '../../src/core/model/cluster.ts';
import type { Memory } from '../../src/core/model/memory.ts';
import type { Observation } from '../../src/core/model/observation.ts';
import type { Decision, FailsafeCall } from '../../src/core/model/plan.ts';
import { config, memory, NOW_MS, observation } from './core-builders.ts';

/** /failsafe with everybody in it. */
export const FAILSAFE = {
  a: 'http://a:8008/patroni',
  b: 'http://b:8008/patroni',
  c: 'http://c:8008/patroni',
};

/** Of a leader that has nothing left to do. */
export const SERVING = { servingReign: 10, checkpointReign: 10, historyReign: 10, statusAtMs: NOW_MS } as const;

export function decided(
  obs: Partial<Omit<Observation, 'cluster'>> & { cluster?: Observation['cluster'] | ClusterView },
  mem: Partial<Memory> = {},
): Decision {
  return decide(observation(obs), memory({ lastConfig: config({ failsafe_mode: true }), ...mem }));
}

/** Whom the lease keeper is to ask; undefined: nobody. */
export function callOf({ plan }: Decision): FailsafeCall | undefined {
  return plan.verdict.kind === 'renew' ? plan.verdict.failsafe : undefined;
}
