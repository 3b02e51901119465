import type { ClusterView, Pledge } from '../../core/model/cluster.ts';
import type { StandbyStatus } from '../../core/model/local-postgres.ts';
import { comparePositions } from '../../core/model/lsn.ts';
import type { Observation } from '../../core/model/observation.ts';
import { isNeverLeader } from '../../core/model/tags.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';

/** Commits wait for one of two, and leaders lose their power often. */
function contested(options: Options, faults: Partial<Record<FaultKind, number>>): Options {
  return {
    ...troubled(options, faults),
    isSynchronous: true,
    isQuorum: true,
    isStrict: false,
    memberCount: 3,
    synchronousNodeCount: 1,
    leaderBias: 0.6,
    thinkMs: 60,
    primaryRaceBackoffMs: 0,
  };
}

type BendView = (view: ClusterView, standby: StandbyStatus, observation: Observation) => ClusterView;

/** What a standby sees of the cluster. */
function ofStandbys(bend: BendView): NonNullable<Mutant['decide']> {
  return (decide) => (observation, memory) => {
    const { cluster, postgres } = observation;
    if (cluster.kind !== 'seen' || postgres.sql.kind !== 'seen' || postgres.sql.value.kind !== 'standby')
      return decide(observation, memory);
    const value = bend(cluster.value, postgres.sql.value, observation);
    return decide({ ...observation, cluster: { ...cluster, value } }, memory);
  };
}

/** As if it had been promised; the take-over then compares that there is no pledge. */
function voteOf(view: ClusterView, name: string, standby: StandbyStatus): Pledge {
  const position = { timeline: standby.timeline, lsn: standby.receivedLsn };
  return { name, reign: view.reign.revision, position, revision: 0 };
}

export const votesForPledges: Mutant = {
  name: 'votes-for-pledges',
  without: 'the pledges of the others: who runs and told no more than this member has its vote',
  options: (options) => contested(options, { 'machine-freeze': 5, 'lease-revoked': 3, 'store-cut': 3, 'link-cut': 2 }),
  decide: ofStandbys((view, standby, { self }) => {
    if (view.leader !== undefined) return view;
    const told = view.members.filter(
      ({ name, data }) =>
        name !== self.name &&
        data.state === 'running' &&
        (data.xlogLocation ?? 0n) <= standby.receivedLsn &&
        !view.pledges.some((pledge) => pledge.name === name && pledge.reign === view.reign.revision),
    );
    const others = view.pledges.filter((pledge) => !told.some(({ name }) => name === pledge.name));
    return { ...view, pledges: [...others, ...told.map(({ name }) => voteOf(view, name, standby))] };
  }),
};

export const streamedUnderPledge: Mutant = {
  name: 'streamed-under-a-pledge',
  without: 'the withdrawal of a pledge before its owner streams again',
  options: (options) => contested(options, { 'machine-freeze': 6, isolation: 4, 'store-cut': 3, 'link-cut': 2 }),
  decide: (decide) => (observation, memory) => {
    const { cluster, self } = observation;
    const leader = cluster.kind === 'seen' ? cluster.value.leader?.name : undefined;
    if (cluster.kind !== 'seen' || leader === undefined || leader === self.name || memory.suspicion !== undefined)
      return decide(observation, memory);
    const pledges = cluster.value.pledges.filter(({ name }) => name !== self.name);
    const seen = { ...cluster, value: { ...cluster.value, pledges } };
    return decide({ ...observation, cluster: seen }, { ...memory, pledge: undefined });
  },
};

export const bestOfThoseWhoMay: Mutant = {
  name: 'best-of-those-who-may-lead',
  without: 'the positions of members that may not lead',
  options: (options) =>
    contested(options, { 'tags-changed': 6, 'machine-crash': 3, 'lease-revoked': 2, 'link-cut': 3 }),
  decide: ofStandbys((view, standby) => {
    const own = { timeline: standby.timeline, lsn: standby.receivedLsn };
    const mayNot = (name: string): boolean =>
      view.members.some((each) => each.name === name && isNeverLeader(each.data.tags));
    const pledges = view.pledges.map((pledge) =>
      mayNot(pledge.name) && comparePositions(pledge.position, own) > 0 ? { ...pledge, position: own } : pledge,
    );
    return { ...view, pledges };
  }),
};
