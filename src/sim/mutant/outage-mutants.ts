import type { ClusterView } from '../../core/model/cluster.ts';
import { lsn } from '../../core/model/lsn.ts';
import type { Observation } from '../../core/model/observation.ts';
import { seen } from '../../core/model/seen.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';

function asynchronous(options: Options): Options {
  return {
    ...troubled(options, { 'total-outage': 4, 'machine-crash': 1, 'link-cut': 1 }),
    memberCount: Math.max(3, options.memberCount),
    isSynchronous: false,
    thinkMs: 120,
    faultLengthMs: 20_000,
  };
}

export const firstBackLeads: Mutant = {
  name: 'first-back-leads',
  without: 'the wait for who led last, after an outage of everything',
  options: (options) => ({ ...asynchronous(options), primaryStartTimeoutMs: 300_000 }),
  decide: (decide) => (observation, memory) => decide(asIfWatched(observation), { ...memory, hasStreamed: true }),
};

/** Whoever starts while nobody leads believes that it saw the last leader go. */
function asIfWatched(observation: Observation): Observation {
  const { cluster, vacancy } = observation;
  if (cluster.kind !== 'seen' || vacancy === undefined || vacancy.previous !== undefined) return observation;
  const previous = { name: '', reign: cluster.value.reign.revision, leaseTtlMs: 0 };
  return { ...observation, vacancy: { ...vacancy, previous } };
}

export const lagUnjudged: Mutant = {
  name: 'lag-unjudged',
  without: 'the last position of the leader, by which candidates are judged',
  options: (options) => ({ ...asynchronous(options), maximumLagBytes: 2048, primaryStartTimeoutMs: 20_000 }),
  decide: (decide) => (observation, memory) => decide(changed(observation, withoutPosition), memory),
};

function changed(observation: Observation, change: (view: ClusterView) => ClusterView): Observation {
  const { cluster } = observation;
  return cluster.kind === 'seen' ? { ...observation, cluster: seen(change(cluster.value), cluster.atMs) } : observation;
}

function withoutPosition(view: ClusterView): ClusterView {
  if (view.leader !== undefined) return view;
  return { ...view, last: { ...view.last, value: undefined }, status: { ...view.status, optime: undefined } };
}

export const handedOverUnchecked: Mutant = {
  name: 'handed-over-unchecked',
  without: 'the shutdown checkpoint on the candidate before the key is released',
  options: (options) => ({
    ...troubled(options, { switchover: 6, 'switchover-later': 2, 'link-cut': 2, 'link-cut-one-way': 2 }),
    isSynchronous: false,
    thinkMs: 60,
  }),
  decide: (decide) => (observation, memory) => decide(withEverything(observation), memory),
};

/** Whoever is asked says that it has more than there is. */
function withEverything(observation: Observation): Observation {
  const { data, postmaster } = observation.postgres;
  if (postmaster !== undefined || data.kind !== 'cluster') return observation;
  const { checkpointLsn, checkpointTimeline: timeline } = data.control;
  const receivedLsn = lsn(checkpointLsn + 1_000_000n);
  const peers = [...observation.peers].map(
    ([name, answer]) =>
      [
        name,
        answer.kind === 'seen' ? { ...answer, value: { ...answer.value, receivedLsn, timeline } } : answer,
      ] as const,
  );
  return { ...observation, peers: new Map(peers) };
}
