import type { MemberData } from '../../core/model/cluster.ts';
import type { Observation } from '../../core/model/observation.ts';
import type { Plan, Step } from '../../core/model/plan.ts';
import { known } from '../../core/model/seen.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';

export const takenAtOnce: Mutant = {
  name: 'vanished-key-taken-at-once',
  without: 'the wait for the deadline of a leader whose key vanished without a release',
  options: (options) => ({
    ...troubled(options, { 'key-deleted-unseen': 8, 'key-deleted': 2, 'new-leader-cut': 2, 'store-cut': 2 }),
    memberCount: Math.max(3, options.memberCount),
    isSynchronous: false,
    leaderTtlMs: 6000,
    thinkMs: 60,
    faultEveryMs: 6000,
  }),
  decide: (decide) => (observation, memory) => decide(asIfExpired(observation), memory),
};

function asIfExpired(observation: Observation): Observation {
  const { vacancy } = observation;
  return vacancy?.manner === 'vanished' ? { ...observation, vacancy: { ...vacancy, manner: 'expired' } } : observation;
}

export const releasedFirst: Mutant = {
  name: 'key-released-first',
  without: 'the stop of PostgreSQL before its key is released',
  options: (options) => ({
    ...troubled(options, { 'agent-stop': 4, switchover: 2 }),
    isSynchronous: false,
    leaderBias: 0.9,
    thinkMs: 40,
  }),
  decide: (decide) => (observation, memory) => {
    const decision = decide(observation, memory);
    return { ...decision, plan: withRelease(decision.plan, observation) };
  },
};

/** Whoever is about to stop PostgreSQL gives the key up before. */
function withRelease(plan: Plan, { cluster, lease, self }: Observation): Plan {
  const isStop = plan.steps.some((step) => step.kind === 'startJob' && step.job.kind === 'stop');
  const own = known(cluster)?.members.find(({ name }) => name === self.name)?.data;
  if (!isStop || own === undefined || lease.kind !== 'held') return plan;
  const member: MemberData = { ...own, role: 'demoted', state: 'stopped' };
  const release: Step = { kind: 'releaseKey', reign: lease.reign, optime: undefined, timeline: undefined, member };
  return { ...plan, steps: [release, ...plan.steps] };
}
