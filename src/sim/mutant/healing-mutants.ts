import type { Observation } from '../../core/model/observation.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { delegate } from './takeover-mutants.ts';

/** Leaders that are cut off, so that there is something to rewind. */
function diverging(options: Options): Options {
  return {
    ...troubled(options, { 'machine-crash': 2, 'store-cut': 3, isolation: 2, 'lease-revoked': 1, 'link-cut': 1 }),
    memberCount: Math.max(3, options.memberCount),
    leaderBias: 0.9,
    faultEveryMs: 8000,
  };
}

export const givenUpUnrecorded: Mutant = {
  name: 'given-up-without-record',
  without: 'the record of what is thrown away',
  options: diverging,
  postgres: (postgres) => ({
    ...delegate(postgres),
    run: (job, control, deadlineMs) =>
      job.kind === 'recordDivergence'
        ? Promise.resolve({ kind: 'done', facts: { recorded: { id: '1', verdict: 'diverged', isHeld: false } } })
        : postgres.run(job, control, deadlineMs),
  }),
};

export const givenUpAsVoter: Mutant = {
  name: 'given-up-while-voter',
  without: 'the wait to be out of /sync before data are given up',
  options: (options) => ({
    ...diverging(options),
    ...troubled(options, { 'machine-crash': 2, 'store-cut': 2, isolation: 2, 'postgres-kill': 1, reinitialize: 4 }),
    isSynchronous: true,
    memberCount: Math.max(3, options.memberCount),
  }),
  decide: (decide) => (observation, memory) => decide(withoutOwnVote(observation), memory),
};

/** While its server is down, a member does not see its own name in /sync. */
function withoutOwnVote(observation: Observation): Observation {
  const { cluster, postgres, self } = observation;
  if (cluster.kind !== 'seen' || postgres.postmaster !== undefined || observation.lease.kind === 'held')
    return observation;
  const { sync } = cluster.value;
  const leader = sync.value.leader === self.name ? cluster.value.leader?.name : sync.value.leader;
  const voters = sync.value.voters.filter((name) => name !== self.name);
  const value = { ...cluster.value, sync: { ...sync, value: { ...sync.value, leader, voters } } };
  return { ...observation, cluster: { ...cluster, value } };
}

export const halfDoneStarted: Mutant = {
  name: 'half-done-directory-started',
  without: 'the mark of work that leaves a directory unusable when it is interrupted',
  options: (options) => {
    const biased = diverging(options);
    const faults = new Map(biased.faults).set('agent-kill', 3);
    return { ...biased, faults, habits: { ...biased.habits, cloneMsMax: 15_000 } };
  },
  marksNoWork: true,
};
