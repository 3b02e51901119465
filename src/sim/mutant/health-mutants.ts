import { unknown } from '../../core/model/seen.ts';
import type { Observation } from '../../core/model/observation.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import type { Mutant } from './mutant.ts';

/** The same run with these faults and no others. */
function only(options: Options, weights: Partial<Readonly<Record<FaultKind, number>>>): Options {
  const faults = new Map([...options.faults.keys()].map((kind): [FaultKind, number] => [kind, weights[kind] ?? 0]));
  return { ...options, faults };
}

export const storageUnjudged: Mutant = {
  name: 'storage-unjudged',
  without: 'the judgement of the storage',
  options: (options) => ({
    ...only(options, { 'disk-stall': 1 }),
    memberCount: 3,
    leaderBias: 1,
    faultEveryMs: 120_000,
    faultLengthMs: 90_000,
    lossRate: 0,
    slowRate: 0,
    leaderHangsMsMax: 40_000,
    habits: { ...options.habits, jobFailureRate: 0 },
  }),
  decide: (decide) => (observation, memory) =>
    decide(withHealth(observation, { storage: unknown('not looked') }), memory),
};

export const leftoversUnseen: Mutant = {
  name: 'leftovers-unseen',
  without: 'the look for processes that outlive their postmaster before a key is released',
  options: (options) => ({
    ...only(options, { 'agent-stop': 2, 'postmaster-kill': 3 }),
    isSynchronous: false,
    leaderBias: 1,
    faultEveryMs: 4000,
    faultLengthMs: 3000,
    thinkMs: 60,
    habits: { ...options.habits, orphansMsMax: 20_000, recoveryMsMax: 8000 },
  }),
  decide: (decide) => (observation, memory) => decide(withHealth(observation, { leftovers: 0 }), memory),
};

function withHealth(observation: Observation, change: Partial<Observation['postgres']['health']>): Observation {
  const { postgres } = observation;
  return { ...observation, postgres: { ...postgres, health: { ...postgres.health, ...change } } };
}
