// Interleavings in which an earlier form of the protocol lost commits (docs/explain/safety-findings.md), decision by decision.
import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import type { Decision } from '../../../src/core/model/plan.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { seen } from '../../../src/core/model/seen.ts';
import {
  at,
  configKey,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  pledgeOf,
  primary,
  RELEASED,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const sync = (quorum: number): ClusterView['sync'] => ({ value: syncOf('b', ['a', 'c'], quorum), revision: 30 });

/** What a decides, whose leader b is gone: its pledge stands, c does not answer. */
function run(cluster: Partial<ClusterView>, more: Partial<Observation> = {}): Decision {
  const pledges = [pledgeOf('a', 1000, { revision: 77 })];
  const seenCluster = view({
    members: [member('a')],
    pledges,
    reign: { value: { name: 'b', timeline: 3 }, revision: 10 },
    ...cluster,
  });
  const obs = observation({ postgres: standby(), vacancy: RELEASED, cluster: seenCluster, ...more });
  return decide(obs, memory({ hasStreamed: true }));
}

const takeOverOf = ({ plan }: Decision) => {
  const [step] = plan.steps;
  return step?.kind === 'takeKey' ? step.takeOver : undefined;
};

test.each([1, 2, 3])('F1: q + 1 of /sync decide, though synchronous_node_count is %i by now', (count) => {
  const config = configKey({ synchronous_mode: 'quorum', synchronous_node_count: count }, 4);
  expect(run({ sync: sync(1), config }).rule).toBe('V85');
  expect(run({ sync: sync(0), config }).rule).toBe('V80');
});

test('F5: what a voter tells of its position when asked is no pledge, also where nobody holds the key', () => {
  const answer = {
    role: 'replica',
    state: 'running',
    location: undefined,
    receivedLsn: at(900),
    replayedLsn: at(900),
    timeline: 1,
    tags: {},
    watchdogFailed: false,
  };
  const peers = new Map([['c', seen(answer, NOW_MS)]]);
  const members = [member('a'), member('c')];
  const patience = { candidateSinceMs: NOW_MS - 60_000 };
  const obs = (pledges: ClusterView['pledges']): Observation =>
    observation({
      postgres: standby(),
      vacancy: { ...RELEASED, manner: 'expired' },
      cluster: view({ members, pledges, sync: sync(1) }),
      peers,
    });
  const mine = pledgeOf('a', 1000);
  expect(decide(obs([mine]), memory({ hasStreamed: true, ...patience })).rule).toBe('V85');
  expect(decide(obs([mine, pledgeOf('c', 900)]), memory({ hasStreamed: true, ...patience })).rule).toBe('V80');
});

test('F8: who may not lead and has more is not counted: too few are left', () => {
  const members = [member('a'), member('c', { tags: { nofailover: true } })];
  const ahead = run({ members, sync: sync(1), pledges: [pledgeOf('a', 1000), pledgeOf('c', 2000)] });
  expect(ahead.rule).toBe('V85');
  const behind = run({ members, sync: sync(1), pledges: [pledgeOf('a', 1000), pledgeOf('c', 1000)] });
  expect(behind.rule).toBe('V80');
  expect(
    takeOverOf(behind)
      ?.pledges.map(({ name }) => name)
      .toSorted(),
  ).toEqual(['a', 'c']);
});

test('F13: the timeline claimed is above every one that anybody has begun, claimed or told of', () => {
  const pledges = [pledgeOf('a', 1000), pledgeOf('c', 900, { timeline: 1 })];
  const told = (name: string, timeline: number) => member(name, { timeline });
  expect(takeOverOf(run({ pledges, members: [told('a', 1), told('c', 1)] }))?.timeline).toBe(4);
  expect(takeOverOf(run({ pledges, members: [told('a', 1), told('c', 6)] }))?.timeline).toBe(7);
  const history = { value: [{ timeline: 8, lsn: at(500), reason: 'r' }], revision: 6 };
  expect(takeOverOf(run({ pledges, history, members: [told('a', 1), told('c', 1)] }))?.timeline).toBe(10);
});

test('F17: a pledge counts for the reign that it was made against, and for no later one', () => {
  const pledges = [pledgeOf('a', 1000), pledgeOf('c', 900, { reign: 9 })];
  expect(run({ sync: sync(1), pledges }).rule).toBe('V85');
  expect(run({ sync: sync(1), pledges: [pledgeOf('a', 1000, { reign: 9 })] }).rule).toBe('V30');
});

test('F19: the same people stay in /sync, with the same quorum, so that a winner that fails can be followed', () => {
  const pledges = [pledgeOf('a', 1000), pledgeOf('c', 900)];
  const takeOver = takeOverOf(run({ sync: sync(1), pledges }));
  expect(takeOver?.sync).toEqual(syncOf('a', ['b', 'c'], 1));
  expect(takeOver?.syncRevision).toBe(30);
});

test('F21: the own name on the leader key proves nothing without the guard of this machine', () => {
  const cluster = view({ leader: leaderKey('a') });
  const guarded = (reign: number): Observation['guard'] => ({
    kind: 'armed',
    reign,
    leaseId: 'lease-leader',
    deadlineMs: NOW_MS + 2_000,
  });
  const rule = (guard: Observation['guard']) =>
    decide(observation({ postgres: primary(), cluster, guard }), memory()).rule;
  expect(rule(guarded(10))).toBe('F10');
  expect(rule(guarded(9))).toBe('F30');
  expect(rule({ kind: 'disarmed' })).toBe('F30');
});

test('F22, F27: a take-over rests on /config and /failover as they were read: a pause or a request meanwhile refuses it', () => {
  const failover = { value: undefined, revision: 60 };
  expect(takeOverOf(run({ failover, config: configKey({}, 41) }))).toMatchObject({
    configRevision: 41,
    failoverRevision: 60,
    reignRevision: 10,
    pledges: [{ name: 'a', revision: 77 }],
  });
});
