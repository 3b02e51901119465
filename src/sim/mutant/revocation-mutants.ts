import type { ClusterView, SyncState } from '../../core/model/cluster.ts';
import type { LeaderSigns } from '../../core/model/leader-signs.ts';
import type { Memory } from '../../core/model/memory.ts';
import type { Observation } from '../../core/model/observation.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';
import { withTxn } from './renewal-txn.ts';
import { LateCutter } from './takeover-mutants.ts';

/** A synchronous cluster on a network that loses nothing, whose leaders are silenced again and again. */
function silenced(options: Options, faults: Partial<Record<FaultKind, number>>): Options {
  return {
    ...troubled(options, faults),
    isSynchronous: true,
    isQuorum: true,
    isStrict: false,
    memberCount: 3,
    synchronousNodeCount: 1,
    leaderTtlMs: 6000,
    leaderBias: 0.9,
    lossRate: 0,
    slowRate: 0,
    primaryRaceBackoffMs: 0,
  };
}

type BendView = (view: ClusterView, observation: Observation, memory: Memory) => ClusterView;

/** What a standby sees of a cluster that is led by another. */
function withView(bend: BendView): NonNullable<Mutant['decide']> {
  return (decide) => (observation, memory) => {
    const { cluster, self, lease } = observation;
    if (cluster.kind !== 'seen' || lease.kind === 'held') return decide(observation, memory);
    const leader = cluster.value.leader?.name;
    if (leader === undefined || leader === self.name) return decide(observation, memory);
    const value = bend(cluster.value, observation, memory);
    return decide({ ...observation, cluster: { ...cluster, value } }, memory);
  };
}

function withSync(view: ClusterView, sync: SyncState): ClusterView {
  return { ...view, sync: { ...view.sync, value: sync } };
}

function withSigns(bend: (signs: LeaderSigns, nowMs: number) => LeaderSigns): NonNullable<Mutant['decide']> {
  return (decide) => (observation, memory) => {
    const { leaderSigns, nowMs } = observation;
    if (leaderSigns === undefined) return decide(observation, memory);
    return decide({ ...observation, leaderSigns: bend(leaderSigns, nowMs) }, memory);
  };
}

export const revokedUnasked: Mutant = {
  name: 'revoked-without-asking-postgres',
  without: 'the question to the PostgreSQL of a leader that is silent',
  options: (options) => ({ ...silenced(options, { 'agent-freeze': 4, 'agent-kill': 3 }), thinkMs: 8000 }),
  decide: withSigns((signs, nowMs) => ({ ...signs, postgres: { kind: 'silent', askedMs: nowMs } })),
};

export const revokedByOneCutOff: Mutant = {
  name: 'revoked-by-one-that-is-cut-off',
  without: 'the age of the lease: who cannot reach the leader takes it for dead',
  options: (options) => ({
    ...silenced(options, { 'link-cut': 6, 'link-cut-one-way': 3 }),
    synchronousNodeCount: 2,
  }),
  decide: withSigns((signs, nowMs) => ({ ...signs, lease: { askedMs: nowMs, minAgeMs: 3_600_000 } })),
};

export const revokedByTooFew: Mutant = {
  name: 'revoked-by-too-few',
  without: 'the quorum in /sync: the configuration says how many voters are enough',
  options: (options) => ({
    ...silenced(options, { 'machine-freeze': 6, 'machine-crash': 2, 'sync-count': 5 }),
    memberCount: 5,
    synchronousNodeCount: 2,
    thinkMs: 60,
    faultEveryMs: 3500,
    faultLengthMs: 8000,
    leaderBias: 0.4,
  }),
  decide: withView((view) => {
    const { value } = view.sync;
    const count = view.config.value?.synchronousNodeCount ?? 1;
    return withSync(view, { ...value, quorum: Math.max(0, value.voters.length - count) });
  }),
};

export const revokedBlindly: Mutant = {
  name: 'revoked-without-comparing',
  without: 'the comparisons of a take-over from a leader whose key still stands',
  options: (options) => ({
    ...silenced(options, { 'machine-freeze': 5, isolation: 2, 'sync-count': 3, 'lease-revoked': 2 }),
    memberCount: 5,
    synchronousNodeCount: 2,
    slowRate: 0.04,
    thinkMs: 60,
    faultLengthMs: 2500,
  }),
  store: (store) =>
    withTxn(store, (txn, budgetMs) => {
      const isRevoking =
        txn.success.some((op) => op.kind === 'put' && op.key.endsWith('/leader')) &&
        txn.compares.some((each) => each.target === 'mod' && each.key.endsWith('/leader'));
      return store.txn(isRevoking ? { ...txn, compares: [] } : txn, { budgetMs });
    }),
};

export const revokedAsynchronous: Mutant = {
  name: 'revoked-although-asynchronous',
  without: 'the standbys that a commit waits for: an asynchronous leader is revoked as well',
  options: (options) => ({
    ...silenced(options, { isolation: 6, 'link-cut': 1 }),
    isSynchronous: false,
    divergence: 'keep',
    thinkMs: 60,
  }),
  decide: withView((view, { postgres }) => {
    const leader = view.leader?.name;
    const isStandby = postgres.sql.kind === 'seen' && postgres.sql.value.kind === 'standby';
    if (leader === undefined || view.sync.value.leader !== undefined || !isStandby) return view;
    const voters = view.members.map(({ name }) => name).filter((name) => name !== leader);
    return withSync(view, { leader, voters, quorum: 0 });
  }),
};

export const revokedWhileReceiving: Mutant = {
  name: 'revoked-while-receiving',
  without: 'the end of the receiver before the pledge against a silent leader',
  options: (options) => ({
    ...silenced(options, { 'machine-freeze': 6, isolation: 2 }),
    thinkMs: 60,
    faultLengthMs: 3000,
  }),
  postgres: (postgres, process) => new LateCutter(postgres, process).port(),
};

export const revokedInPause: Mutant = {
  name: 'revoked-in-pause',
  without: 'the pause, for whoever suspects a leader',
  options: (options) => silenced(options, { pause: 5, 'machine-freeze': 3, isolation: 3 }),
  decide: withView((view, { leaderSigns, nowMs }) => {
    const { value } = view.config;
    const isSilent = leaderSigns?.beat !== undefined && nowMs - leaderSigns.beat.atMs > 1_500;
    if (value === undefined || !isSilent) return view;
    const members = view.members.map((each) => {
      const { pause: _, ...data } = each.data;
      return { ...each, data };
    });
    return { ...view, members, unguarded: [], config: { ...view.config, value: { ...value, paused: false } } };
  }),
};
