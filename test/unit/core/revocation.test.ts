// Taking the power of a leader that gives no sign of life (safety.md 4): when its voters suspect it, what they do then, and what
// ends it. Each rule by its id; F numbers are those of safety-findings.md.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView, Member, MemberData } from '../../../src/core/model/cluster.ts';
import type { LeaderSigns } from '../../../src/core/model/leader-signs.ts';
import type { StandbyStatus } from '../../../src/core/model/local-postgres.ts';
import type { Memory, Suspicion } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import type { Decision } from '../../../src/core/model/plan.ts';
import { seen, unknown } from '../../../src/core/model/seen.ts';
import {
  at,
  config,
  configKey,
  held,
  leaderKey,
  member,
  memberData,
  memory,
  NOW_MS,
  observation,
  pledgeOf,
  primary,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const CAN = ['pledge', 'guard', 'promise', 'revoke'];
const kornak = { protocol: 1, can: CAN };

const voter = (name: string, data: Partial<MemberData> = {}): Member => member(name, { kornak, ...data });

function ofPatroni(name: string, role: string): Member {
  const { kornak: _, ...data } = memberData({ role });
  return { ...member(name), data };
}

function leaderOf(data: Partial<MemberData> = {}): Member {
  return member('b', { role: 'primary', kornak: { ...kornak, synchronousCommit: 'on' }, ...data });
}

/** `b` leads with quorum 1 among `a` (this member) and `c`. */
function led(more: Partial<ClusterView> = {}): ClusterView {
  return view({
    leader: leaderKey('b'),
    reign: { value: { name: 'b', timeline: 1 }, revision: 10 },
    members: [voter('a'), leaderOf(), voter('c')],
    sync: { value: syncOf('b', ['a', 'c'], 1), revision: 20 },
    ...more,
  });
}

/** Commits wait for this member alone. */
const alone: Partial<ClusterView> = { sync: { value: syncOf('b', ['a'], 0), revision: 20 } };

/** Everything says that it is dead: silent for a second, PostgreSQL as well, its lease not renewed. */
function silent(more: Partial<LeaderSigns> = {}): LeaderSigns {
  return {
    reign: 10,
    beat: { atMs: NOW_MS - 1_000, renewMs: 1_000 },
    said: 'leads',
    link: 'open',
    postgres: { kind: 'silent', askedMs: NOW_MS - 600 },
    lease: { askedMs: NOW_MS - 50, minAgeMs: 1_300 },
    ...more,
  };
}

/** Its machine says that nobody is there any more. */
function refused(more: Partial<LeaderSigns> = {}): LeaderSigns {
  return silent({
    beat: { atMs: NOW_MS - 300, renewMs: 1_000 },
    link: 'refused',
    postgres: { kind: 'refused', askedMs: NOW_MS - 20 },
    ...more,
  });
}

const upstream = { host: 'b', port: 5432 };

function streaming(lastMessageAgeMs: number | undefined = 5_000): Partial<StandbyStatus> {
  const receiver = { status: 'streaming', upstream, slot: 'a', timeline: 1, lastMessageAgeMs };
  return { upstream, receiverRuns: true, receiver };
}

interface Scene {
  readonly cluster?: ClusterView;
  readonly signs?: LeaderSigns | undefined;
  readonly status?: Partial<StandbyStatus>;
  readonly more?: Partial<Omit<Observation, 'cluster'>>;
  readonly mem?: Partial<Memory>;
}

function run(scene: Scene): Decision {
  const { cluster = led(), status = streaming(), more, mem } = scene;
  const signs = 'signs' in scene ? scene.signs : silent();
  const obs = observation({ postgres: standby(status), cluster, leaderSigns: signs, ...more });
  return decide(obs, memory({ isCutOff: false, role: 'replica', startedFollowing: 'b', ...mem }));
}

const suspicion: Suspicion = {
  leader: 'b',
  reign: 10,
  sinceMs: NOW_MS - 200,
  heardMs: NOW_MS - 1_000,
  isAtOnce: false,
  why: 'b is silent',
};
/** Suspected, and cut off from it already. */
const cutOff: Partial<Scene> = { status: {}, mem: { suspicion, isCutOff: true } };

function takesKey({ plan }: Decision) {
  const step = plan.steps[0];
  return step?.kind === 'takeKey' ? step.takeOver : undefined;
}

describe('a leader is suspected', () => {
  test('V10: silent in every way, and its lease not renewed: the receiver is stopped first', () => {
    const decision = run({});
    expect(decision.rule).toBe('V10');
    expect(decision.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'cutOff' } }]);
    expect(decision.memory.suspicion).toMatchObject({ leader: 'b', reign: 10, sinceMs: NOW_MS });
    expect(decision.events.map(({ kind }) => kind)).toEqual(['leader.suspected']);
    expect(decision.events[0]?.text).toContain('b is silent');
    expect(decision.events[0]?.evidence).toEqual({ leader: 'b', reign: 10, silentMs: 1_000 });
  });

  test('V10: refused by its machine for agent and PostgreSQL with no WAL arriving, without waiting for silence', () => {
    const decision = run({ signs: refused(), status: { upstream }, cluster: led(alone) });
    expect(decision.rule).toBe('V10');
    expect(decision.why).toContain('gives no sign of life');
    expect(decision.memory.suspicion?.isAtOnce).toBe(false);
  });

  test('V10: refused, at once where another must say so as well', () => {
    const decision = run({ signs: refused({ lease: undefined }), status: { upstream } });
    expect(decision.rule).toBe('V10');
    expect(decision.memory.suspicion?.isAtOnce).toBe(true);
    expect(decision.events[0]?.text).toBe(
      'b refuses connections to agent and PostgreSQL, and no WAL arrives; last heard of 300 ms ago',
    );
  });

  test('the other members are asked what they are at once', () => {
    expect(run({}).plan.probe.map(({ name }) => name)).toEqual(['b', 'c']);
  });

  const unsuspected: readonly (Scene & { readonly name: string })[] = [
    { name: 'a beat came less than 750 ms ago', signs: silent({ beat: { atMs: NOW_MS - 700, renewMs: 1_000 } }) },
    { name: 'no beat of this reign was ever heard', signs: silent({ beat: undefined }) },
    { name: 'the signs are of another reign', signs: silent({ reign: 9 }) },
    { name: 'nothing is listened to', signs: undefined },
    { name: 'PostgreSQL was not asked', signs: silent({ postgres: undefined }) },
    { name: 'PostgreSQL answers', signs: silent({ postgres: { kind: 'answers', askedMs: NOW_MS - 600 } }) },
    {
      name: 'PostgreSQL was asked before the last beat',
      signs: silent({ postgres: { kind: 'silent', askedMs: NOW_MS - 1_001 } }),
    },
    { name: 'WAL or a keepalive came to the receiver', status: streaming(400) },
    { name: 'the age of its lease is not known', signs: silent({ lease: undefined }) },
    {
      name: 'F25: its lease was renewed lately: this member is the one cut off',
      signs: silent({ lease: { askedMs: NOW_MS - 50, minAgeMs: 1_000 } }),
    },
    {
      name: 'F25: as much where its machine refuses every connection of the only one that must say so',
      signs: refused({ lease: { askedMs: NOW_MS - 50, minAgeMs: 0 } }),
      status: { upstream },
      cluster: led(alone),
    },
    {
      name: 'F25: nor for longer than a second, by when a renewal tells',
      signs: refused({
        beat: { atMs: NOW_MS - 1_001, renewMs: 1_000 },
        lease: { askedMs: NOW_MS - 50, minAgeMs: 0 },
      }),
      status: { upstream },
    },
    {
      name: 'it renews seldom, so that an old renewal says nothing',
      signs: silent({ beat: { atMs: NOW_MS - 1_000, renewMs: 2_000 } }),
    },
    {
      name: 'what the store told of its lease is old',
      signs: silent({
        beat: { atMs: NOW_MS - 5_000, renewMs: 1_000 },
        lease: { askedMs: NOW_MS - 1_600, minAgeMs: 1_300 },
      }),
    },
    { name: 'refused, but WAL still arrives', signs: refused() },
    {
      name: 'PostgreSQL refuses, but the heartbeat is only silent for a moment',
      signs: refused({ link: 'silent' }),
      status: { upstream },
    },
    { name: 'F27: it said that it is stopping', signs: silent({ said: 'stopping' }) },
    {
      name: 'F27: its member key says that it restarts',
      cluster: led({ members: [voter('a'), leaderOf({ state: 'restarting' }), voter('c')] }),
    },
    {
      name: 'F27: a switchover is asked for',
      cluster: led({ failover: { value: { leader: 'b', candidate: 'c' }, revision: 30 } }),
    },
    {
      name: 'it was paused when it last told',
      cluster: led({ members: [voter('a'), leaderOf({ pause: true }), voter('c')] }),
    },
    {
      name: 'the cluster is to follow another one',
      cluster: led({ config: configKey({ standby_cluster: { host: 'x' } }) }),
    },
    {
      name: 'F22: the cluster is paused',
      cluster: led({ config: { ...configKey({ pause: true }), value: config({ pause: true }) } }),
    },
    { name: 'nothing fences it', cluster: led({ unguarded: [{ name: 'b', reign: 9, revision: 15 }] }) },
    {
      name: 'F11: a leader of Patroni',
      cluster: led({ members: [voter('a'), ofPatroni('b', 'primary'), voter('c')] }),
    },
    {
      name: 'F11: its reign has no record of ours',
      cluster: led({ reign: { value: { name: 'a', timeline: 1 }, revision: 8 } }),
    },
    {
      name: 'an older leader that does not know how to be revoked',
      cluster: led({
        members: [
          voter('a'),
          leaderOf({ kornak: { protocol: 1, can: ['pledge', 'guard'], synchronousCommit: 'on' } }),
          voter('c'),
        ],
      }),
    },
    {
      name: 'an older voter that does not take part',
      cluster: led({
        members: [voter('a'), leaderOf(), voter('c', { kornak: { protocol: 1, can: ['pledge', 'guard'] } })],
      }),
    },
    {
      name: 'F23: a voter of Patroni',
      cluster: led({ members: [voter('a'), leaderOf(), ofPatroni('c', 'replica')] }),
    },
    {
      name: 'F15: commits do not wait for their standbys',
      cluster: led({
        members: [voter('a'), leaderOf({ kornak: { ...kornak, synchronousCommit: 'local' } }), voter('c')],
      }),
    },
    {
      name: 'F15: it is not known for what commits wait',
      cluster: led({ members: [voter('a'), leaderOf({ kornak }), voter('c')] }),
    },
    { name: 'asynchronous: the lease decides', cluster: led({ sync: { value: syncOf(undefined), revision: 20 } }) },
    { name: '/sync names another leader', cluster: led({ sync: { value: syncOf('c', ['a', 'b'], 1), revision: 20 } }) },
    { name: 'this member is no voter', cluster: led({ sync: { value: syncOf('b', ['c'], 0), revision: 20 } }) },
    { name: 'F2: how far the WAL here reaches is not known', status: { ...streaming(), replayedAll: false } },
    { name: 'this agent has never seen it alive', mem: { hasStreamed: false }, status: { upstream } },
    {
      name: 'F12: this member has promised it not to lead',
      more: {
        promise: { kind: 'given', leader: 'b', connUrl: undefined, sinceMs: NOW_MS - 100, untilMs: NOW_MS + 2_000 },
      },
    },
  ];
  test.each(unsuspected)('not: $name', (scene) => {
    const decision = run(scene);
    expect(decision.rule.startsWith('V')).toBe(false);
    expect(decision.memory.suspicion).toBeUndefined();
  });

  test('a message that the clock says is still to come says nothing', () => {
    expect(run({ status: streaming(-3_600_000) }).rule).toBe('V10');
  });

  test('a switchover that is planned for later changes nothing about that', () => {
    const failover = { value: { leader: 'b', scheduledAt: '2030-01-01T00:00:00+00:00' }, revision: 30 };
    expect(run({ cluster: led({ failover }) }).rule).toBe('V10');
  });

  test.each(['remote_write', 'on', 'remote_apply'])('with synchronous_commit = %s', (synchronousCommit) => {
    const members = [voter('a'), leaderOf({ kornak: { ...kornak, synchronousCommit } }), voter('c')];
    expect(run({ cluster: led({ members }) }).rule).toBe('V10');
  });
});

describe('while it is suspected', () => {
  test('V30: the pledge is made for the reign that stands', () => {
    const decision = run({ ...cutOff });
    expect(decision.rule).toBe('V30');
    expect(decision.plan.steps).toEqual([{ kind: 'putPledge', reign: 10, position: { timeline: 1, lsn: at(1000) } }]);
  });

  test('V76: the other voter, which is up, is waited for', () => {
    expect(run({ ...cutOff, cluster: led({ pledges: [pledgeOf('a', 1000)] }) }).rule).toBe('V76');
  });

  test('V80: q + 1 of the voters have pledged: the key is taken by its reign', () => {
    const pledges = [pledgeOf('a', 1000), pledgeOf('c', 900)];
    const decision = run({ ...cutOff, cluster: led({ pledges }) });
    expect(decision.rule).toBe('V80');
    expect(takesKey(decision)).toMatchObject({
      revokes: 10,
      reignRevision: 10,
      syncRevision: 20,
      pledges: [{ name: 'c' }, { name: 'a' }],
      sync: { leader: 'a', voters: ['b', 'c'], quorum: 1 },
      timeline: 2,
      lastLeaderMark: { name: 'b', revision: 0 },
    });
    expect(decision.events).toMatchObject([
      { kind: 'leader.acquired', evidence: { previous: 'b', manner: 'revoked' } },
    ]);
    expect(decision.why).toContain('of b, whose reign is revoked');
  });

  test('V85: fewer than q + 1 are not enough, whoever else is silent', () => {
    const waited = { ...suspicion, sinceMs: NOW_MS - 1_500 };
    const decision = run({
      ...cutOff,
      mem: { suspicion: waited, isCutOff: true },
      signs: silent({
        beat: { atMs: NOW_MS - 3_000, renewMs: 1_000 },
        postgres: { kind: 'silent', askedMs: NOW_MS - 600 },
      }),
      cluster: led({ pledges: [pledgeOf('a', 1000)] }),
    });
    expect(decision.rule).toBe('V85');
  });

  test('V85: what the leader itself may have pledged does not count', () => {
    const waited = { ...suspicion, sinceMs: NOW_MS - 1_500 };
    const decision = run({
      ...cutOff,
      mem: { suspicion: waited, isCutOff: true },
      signs: silent({ beat: { atMs: NOW_MS - 3_000, renewMs: 1_000 } }),
      cluster: led({ pledges: [pledgeOf('a', 1000), pledgeOf('b', 900)] }),
    });
    expect(decision.rule).toBe('V85');
  });

  test('V85: pledges against an earlier reign say nothing', () => {
    const waited = { ...suspicion, sinceMs: NOW_MS - 1_500 };
    const decision = run({
      ...cutOff,
      mem: { suspicion: waited, isCutOff: true },
      signs: silent({ beat: { atMs: NOW_MS - 3_000, renewMs: 1_000 } }),
      cluster: led({ pledges: [pledgeOf('a', 1000), pledgeOf('c', 900, { reign: 8 })] }),
    });
    expect(decision.rule).toBe('V85');
  });

  test('V78: a better candidate has its time, counted from when it was first seen', () => {
    const pledges = [pledgeOf('a', 1000), pledgeOf('c', 1200)];
    const first = run({
      ...cutOff,
      cluster: led({ pledges, sync: { value: syncOf('b', ['a', 'c'], 0), revision: 20 } }),
    });
    expect(first.rule).toBe('V78');
    const mem = { ...cutOff.mem, better: { name: 'c', sinceMs: NOW_MS - 2_100 } };
    const later = run({
      ...cutOff,
      mem,
      cluster: led({ pledges, sync: { value: syncOf('b', ['a', 'c'], 0), revision: 20 } }),
    });
    expect(later.rule).toBe('V80');
  });

  test('V85: whoever answers as primary is not replaced', () => {
    const status = {
      role: 'primary',
      state: 'running',
      location: at(1100),
      receivedLsn: undefined,
      replayedLsn: undefined,
    };
    const peers = new Map([['b', seen({ ...status, timeline: 1, tags: {}, watchdogFailed: false }, NOW_MS)]]);
    const pledges = [pledgeOf('a', 1000), pledgeOf('c', 900)];
    expect(run({ ...cutOff, more: { peers }, cluster: led({ pledges }) }).rule).toBe('V85');
  });

  test('V35: who may not lead by its tags pledges all the same, and then leaves it to others', () => {
    const self = { ...observation().self, tags: { nofailover: true } };
    expect(run({ ...cutOff, more: { self } }).rule).toBe('V30');
    const pledges = [pledgeOf('a', 1000), pledgeOf('c', 900)];
    expect(run({ ...cutOff, more: { self }, cluster: led({ pledges }) }).rule).toBe('V35');
  });

  test('V47: who is not in /failsafe may not lead', () => {
    const failsafe = { value: { b: 'http://b', c: 'http://c' }, revision: 9 };
    const cluster = led({ failsafe, config: configKey({ failsafe_mode: true }), pledges: [pledgeOf('a', 1000)] });
    expect(run({ ...cutOff, cluster }).rule).toBe('V47');
  });

  test('a server of its own that does not answer for a moment ends nothing', () => {
    const postgres = { ...standby(), sql: unknown('no answer') };
    expect(run({ ...cutOff, more: { postgres } }).memory.suspicion).toEqual(suspicion);
  });
});

describe('a suspicion ends, and the pledge is withdrawn by R10', () => {
  const pledged = led({ pledges: [pledgeOf('a', 1000)] });
  const mem = { suspicion, isCutOff: true, pledge: { reign: 10, position: { timeline: 1, lsn: at(1000) } } };
  test.each<{ name: string; signs: LeaderSigns | undefined; cluster?: ClusterView }>([
    { name: 'a beat', signs: silent({ beat: { atMs: NOW_MS - 100, renewMs: 1_000 } }) },
    { name: 'PostgreSQL answers', signs: silent({ postgres: { kind: 'answers', askedMs: NOW_MS - 100 } }) },
    {
      name: 'PostgreSQL answers after all what it was asked before',
      signs: silent({ postgres: { kind: 'answers', askedMs: NOW_MS - 600 } }),
    },
    { name: 'its lease is renewed', signs: silent({ lease: { askedMs: NOW_MS - 50, minAgeMs: 0 } }) },
    { name: 'nobody listens any more', signs: undefined },
    {
      name: 'the cluster is paused',
      signs: silent(),
      cluster: { ...pledged, config: { ...configKey({ pause: true }), value: config({ pause: true }) } },
    },
    {
      name: 'a switchover is asked for',
      signs: silent(),
      cluster: { ...pledged, failover: { value: { leader: 'b' }, revision: 31 } },
    },
    {
      name: 'another leads',
      signs: silent(),
      cluster: { ...pledged, leader: leaderKey('c', 12), reign: { value: { name: 'c', timeline: 2 }, revision: 12 } },
    },
  ])('$name', ({ signs, cluster = pledged }) => {
    const paused = cluster.config.value?.paused === true;
    const obs = observation({ postgres: { ...standby(), pauseNoted: paused }, cluster, leaderSigns: signs });
    const decision = decide(obs, memory({ role: 'replica', ...mem }));
    expect(decision.memory.suspicion).toBeUndefined();
    expect(decision.plan.steps).toEqual([{ kind: 'withdrawPledge' }]);
    expect(decision.rule).toBe('R10');
  });

  test.each([
    { askedMs: 1_000, minAgeMs: 0, ends: false, name: 'it may have been renewed before' },
    { askedMs: 2_000, minAgeMs: 1_000, ends: false, name: 'an old renewal' },
    { askedMs: 1_001, minAgeMs: 0, ends: true, name: 'it was surely renewed since' },
  ])('one that came at once: $name', ({ askedMs, minAgeMs, ends }) => {
    const sinceMs = NOW_MS - 3_000;
    const signs = refused({
      beat: { atMs: sinceMs - 100, renewMs: 1_000 },
      lease: { askedMs: sinceMs + askedMs, minAgeMs },
    });
    const before: Suspicion = { ...suspicion, sinceMs, isAtOnce: true };
    const after = run({ signs, status: { upstream: undefined }, mem: { suspicion: before, isCutOff: true } });
    expect(after.memory.suspicion).toEqual(ends ? undefined : before);
  });

  test('WAL that arrives before the receiver is stopped', () => {
    const scene = { status: streaming(100), mem: { suspicion, isCutOff: false } };
    expect(run(scene).memory.suspicion).toBeUndefined();
    expect(run({ ...scene, status: streaming(201) }).memory.suspicion).toEqual(suspicion);
  });

  test('not while it stands: the pledge stays', () => {
    const obs = observation({ postgres: standby(), cluster: pledged, leaderSigns: silent() });
    expect(decide(obs, memory({ role: 'replica', ...mem })).rule).toBe('V76');
  });

  test('once the key is gone by itself, the pledge serves for what follows', () => {
    const cluster = { ...pledged, leader: undefined };
    const decision = decide(observation({ postgres: standby(), cluster }), memory({ role: 'replica', ...mem }));
    expect(decision.memory.suspicion).toBeUndefined();
    expect(decision.rule).toBe('V76');
  });
});

describe('what is listened to', () => {
  test('the leader of a synchronous cluster, by its reign and its lease', () => {
    expect(run({ signs: silent({ beat: { atMs: NOW_MS - 100, renewMs: 1_000 } }) }).plan.watch).toEqual({
      name: 'b',
      reign: 10,
      leaseId: 'lease-leader',
      apiUrl: 'http://b:8008/patroni',
      postgres: { host: 'b', port: 5432 },
    });
  });

  test('nobody without synchronous replication', () => {
    expect(run({ cluster: led({ sync: { value: syncOf(undefined), revision: 1 } }) }).plan.watch).toBeUndefined();
  });

  test('the same as before while the store is silent for a moment', () => {
    const obs = observation({ postgres: standby(), cluster: unknown('silent'), leaderSigns: silent() });
    expect(decide(obs, memory({ role: 'replica' })).plan.watch).toBe('as before');
  });
});

describe('the leader', () => {
  const cluster = view({
    leader: leaderKey('a'),
    members: [leaderOf(), voter('a'), voter('c')],
    sync: { value: syncOf('a', ['b', 'c'], 1), revision: 20 },
  });
  const leading = (more: Partial<Omit<Observation, 'cluster'>> = {}, seenCluster = cluster): Decision =>
    decide(
      observation({ postgres: primary(), lease: held(), cluster: seenCluster, ...more }),
      memory({ role: 'primary', servingReign: 10 }),
    );

  test('renews every second at least while it may be revoked', () => {
    expect(leading().plan.verdict).toMatchObject({ kind: 'renew', everyMs: 1_000 });
  });

  test('as much while its server does not answer: a pace that changes looks like a renewal that is late', () => {
    const sql = unknown('no answer');
    expect(leading({ postgres: { ...primary(), sql } }).plan.verdict).toMatchObject({ everyMs: 1_000 });
  });

  test('else at its own pace', () => {
    const unsynced = { ...cluster, sync: { value: syncOf(undefined), revision: 0 } };
    expect(leading({}, unsynced).plan.verdict).toEqual({ kind: 'renew' });
    const old = { ...cluster, members: [member('b'), member('c')] };
    expect(leading({}, old).plan.verdict).toEqual({ kind: 'renew' });
  });

  test('tells what commits wait for, and that it can be revoked', () => {
    const told = leading().plan.publish?.kornak;
    expect(told?.synchronousCommit).toBe('on');
    expect(told?.can).toContain('revoke');
  });

  test('its heartbeat says that it leads', () => {
    expect(leading().plan.pulse).toBe('leads');
  });

  test('F27: and that it is stopping before anything of that can be seen', () => {
    const decision = leading({ requests: [{ kind: 'shutdown', id: 1 }] });
    expect(decision.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'stop' } }]);
    expect(decision.plan.pulse).toBe('stopping');
  });

  test('F27: as much with a restart', () => {
    const decision = leading({ requests: [{ kind: 'restart', id: 1, wish: {} }] });
    expect(decision.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'restart' } }]);
    expect(decision.plan.pulse).toBe('stopping');
  });
});
