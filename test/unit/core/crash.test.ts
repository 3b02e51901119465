// A primary that is gone although nobody stopped it: started again in place, or given up to a standby that holds everything.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView, Member, MemberData } from '../../../src/core/model/cluster.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation, PeerStatus } from '../../../src/core/model/observation.ts';
import { type Seen, seen, unknown } from '../../../src/core/model/seen.ts';
import {
  at,
  configKey,
  down,
  held,
  leaderKey,
  member,
  memberData,
  memory,
  NOW_MS,
  observation,
  primary,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const REWINDABLE = { synchronous_mode: true, postgresql: { use_pg_rewind: true } };

function peer(more: Partial<PeerStatus> = {}, atMs = NOW_MS): Seen<PeerStatus> {
  const positions = { receivedLsn: at(1000), replayedLsn: at(1000), location: undefined };
  return seen(
    { role: 'replica', state: 'running', timeline: 1, tags: {}, watchdogFailed: false, ...positions, ...more },
    atMs,
  );
}

function patroni(name: string): Member {
  const { kornak: _, ...data } = memberData();
  return { ...member(name), data };
}

interface Scene {
  readonly voters?: readonly string[];
  readonly quorum?: number;
  readonly peers?: Readonly<Record<string, Seen<PeerStatus>>>;
  readonly config?: Record<string, unknown>;
  readonly b?: Partial<MemberData>;
  readonly mem?: Partial<Memory>;
  readonly more?: Partial<Omit<Observation, 'cluster'>>;
  readonly cluster?: Partial<ClusterView>;
}

function crash({ voters = ['b'], quorum = 0, peers = {}, config = REWINDABLE, b = {}, mem, more, cluster }: Scene) {
  const obs = observation({
    postgres: down(),
    lease: held(),
    peers: new Map(Object.entries(peers)),
    cluster: view({
      leader: leaderKey('a'),
      sync: { value: syncOf('a', voters, quorum), revision: 30 },
      config: configKey(config),
      members: [member('a', { role: 'primary' }), member('b', b), member('c')],
      ...cluster,
    }),
    ...more,
  });
  const led = { role: 'primary', servingReign: 10, goneMs: NOW_MS - 20, synchronousCommit: 'on' } as const;
  return decide(obs, memory({ ...led, ...mem }));
}

describe('a crashed primary with a synchronous standby', () => {
  test('asks it at once whether it is there', () => {
    const { rule, plan } = crash({});
    expect(rule).toBe('D13');
    expect(plan.probe.map(({ name }) => name)).toEqual(['b']);
  });

  test('asks it also while processes that are left behind end', () => {
    const postgres = down();
    const { rule, plan } = crash({
      more: { postgres: { ...postgres, health: { ...postgres.health, leftovers: 3 } } },
    });
    expect(rule).toBe('H10');
    expect(plan.probe.map(({ name }) => name)).toEqual(['b']);
  });

  test('gives the key up once it has answered', () => {
    const { rule, plan, events } = crash({ peers: { b: peer() } });
    expect(rule).toBe('D12');
    expect(plan.steps).toMatchObject([{ kind: 'releaseKey', reign: 10, member: { state: 'stopped' } }]);
    expect(events.map(({ kind }) => kind)).toEqual(['postgres.crashed', 'leader.released']);
  });

  test('lets the others have it first, and not for long: one may stand aside itself (seed 15)', () => {
    const asideMs = crash({ peers: { b: peer() } }).memory.standAsideUntilMs - NOW_MS;
    expect(asideMs).toBeGreaterThan(1_000);
    expect(asideMs).toBeLessThanOrEqual(2_000);
  });

  test('does not forget that it stands aside for longer already', () => {
    const mem = { standAsideUntilMs: NOW_MS + 30_000 };
    expect(crash({ peers: { b: peer() }, mem }).memory.standAsideUntilMs).toBe(NOW_MS + 30_000);
  });

  test('of a quorum needs as many as elect one', () => {
    const quorum = { voters: ['b', 'c'], quorum: 1 };
    expect(crash({ ...quorum, peers: { b: peer(), c: unknown('refused') } }).rule).toBe('D20');
    expect(crash({ ...quorum, peers: { b: peer() } }).rule).toBe('D13');
    expect(crash({ ...quorum, peers: { b: peer(), c: peer() } }).rule).toBe('D12');
  });

  test('counts a voter that may not lead, and gives nothing up to such alone', () => {
    const nofailover = { nofailover: true };
    const quorum = { voters: ['b', 'c'], quorum: 1 };
    expect(crash({ ...quorum, peers: { b: peer({ tags: nofailover }), c: peer() } }).rule).toBe('D12');
    expect(crash({ peers: { b: peer({ tags: nofailover }) } }).rule).toBe('D20');
  });

  test.each<[string, Scene]>([
    ['does not answer', { peers: { b: unknown('refused') } }],
    ['has not answered within a moment', { mem: { goneMs: NOW_MS - 1_000 } }],
    ['answered before the crash only', { peers: { b: peer({}, NOW_MS - 2_000) }, mem: { goneMs: NOW_MS - 1_000 } }],
    ['has much to replay', { peers: { b: peer({ receivedLsn: at(1000 + 17 * 2 ** 20) }) } }],
    ['is on another timeline', { peers: { b: peer({ timeline: 2 }) } }],
    ['is a primary itself', { peers: { b: peer({ role: 'primary' }) } }],
    ['is not fit', { peers: { b: peer() }, b: { kornak: { protocol: 1, can: ['pledge'], unfit: 'full' } } }],
    ['lacks its watchdog', { peers: { b: peer({ watchdogFailed: true }) } }],
    ['is a Patroni member', { peers: { b: peer() }, cluster: { members: [member('a'), patroni('b')] } }],
    [
      'could not be followed without a new copy',
      { peers: { b: peer() }, more: { postgres: down({ rewindable: false }) } },
    ],
    ['was not waited for', { peers: { b: peer() }, mem: { synchronousCommit: 'local' } }],
    [
      'may not be told apart: /sync is unsettled',
      { peers: { b: peer() }, more: { unsettled: new Set(['sync'] as const) } },
    ],
    [
      'is not to take over by the configuration',
      { peers: { b: peer() }, config: { ...REWINDABLE, kornak: { failover_on_crash: false } } },
    ],
    ['is asynchronous', { voters: [], peers: { b: peer() } }],
  ])('is started again in place where that %s', (_, scene) => {
    const { rule } = crash(scene);
    expect(['D20', 'P05']).toContain(rule);
  });

  test('with primary_start_timeout 0 goes by who could lead at all', () => {
    const { rule } = crash({ peers: { b: peer() }, config: { ...REWINDABLE, primary_start_timeout: 0 } });
    expect(rule).toBe('D20');
  });
});

test('what commits wait for is remembered of a primary that can be asked no more', () => {
  const serving = observation({ postgres: primary(), lease: held(), cluster: view({ leader: leaderKey('a') }) });
  const { memory: before } = decide(serving, memory());
  const { memory: after } = decide(observation({ postgres: down(), lease: held() }), before);
  expect([before.goneMs, after.synchronousCommit, after.goneMs]).toEqual([undefined, 'on', NOW_MS]);
});
