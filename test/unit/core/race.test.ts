// Who may lead, when nobody does: each rule by its id, and what it says.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView, Tags } from '../../../src/core/model/cluster.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation, PeerStatus, Vacancy } from '../../../src/core/model/observation.ts';
import { seen, unknown } from '../../../src/core/model/seen.ts';
import {
  at,
  configKey,
  leaderKey,
  member,
  memberData,
  memory,
  NOW_MS,
  observation,
  peerStatus,
  pledgeOf,
  RELEASED,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

/** An agent that started when nobody led. */
const unwatched: Vacancy = { sinceMs: NOW_MS - 7_000, previous: undefined, manner: 'vanished' };
const longAgo = { candidateSinceMs: NOW_MS - 7_000 };
const streaming = { status: 'streaming', upstream: undefined, slot: 'a', timeline: 1 };

function self(tags: Tags): Observation['self'] {
  return { ...observation().self, tags };
}

const answers = (name: string, status: PeerStatus, atMs = NOW_MS): Observation['peers'] =>
  new Map([[name, seen(status, atMs)]]);

interface Case {
  readonly name: string;
  readonly cluster?: Partial<ClusterView>;
  readonly more?: Partial<Omit<Observation, 'cluster'>>;
  readonly mem?: Partial<Memory>;
  readonly rule: string;
  readonly why?: string;
}

function run({ cluster, more, mem }: Case) {
  const pledges = [pledgeOf('a', 1000)];
  const obs = observation({
    postgres: standby(),
    vacancy: RELEASED,
    cluster: view({ members: [member('a'), member('c')], pledges, ...cluster }),
    ...more,
  });
  return decide(obs, memory({ hasStreamed: true, ...mem }));
}

function table(cases: readonly Case[]): void {
  test.each(cases)('$name', (one) => {
    const decision = run(one);
    expect(decision.rule).toBe(one.rule);
    if (one.why !== undefined) expect(decision.why).toContain(one.why);
  });
}

const both = (own: number, other: number) => [pledgeOf('a', own), pledgeOf('c', other)];
const tagged = (tags: Tags) => [member('a'), member('c', { tags })];

describe('the order of candidates', () => {
  table([
    {
      name: 'at equal positions the higher priority leads',
      cluster: { pledges: both(1000, 1000), members: tagged({ failover_priority: 2 }) },
      rule: 'V78',
      why: 'c has equally tolerable WAL position and priority 2, while this node has priority 1',
    },
    {
      name: 'also with more than one synchronous standby (known failure 10)',
      cluster: {
        pledges: both(1000, 1000),
        members: tagged({ failover_priority: 2 }),
        sync: { value: syncOf('b', ['a', 'c']), revision: 30 },
      },
      rule: 'V78',
      why: 'priority 2',
    },
    {
      name: 'a position ahead counts more than any priority',
      cluster: { pledges: both(1000, 1001), members: tagged({ failover_priority: 0.5 }) },
      rule: 'V80',
    },
    {
      name: 'who is ahead is left the key',
      cluster: { pledges: both(1000, 1001) },
      more: { self: self({ failover_priority: 9 }) },
      rule: 'V78',
      why: 'Wal position of c is ahead of my wal position',
    },
    {
      name: 'a former leader of higher priority that does not take the key holds nobody up for long (known failure 18)',
      cluster: { pledges: both(1000, 1000), members: tagged({ failover_priority: 9 }) },
      mem: { better: { name: 'c', sinceMs: NOW_MS - 2_000 } },
      rule: 'V80',
    },
    {
      name: 'a former leader ahead of the synchronous standby holds it up no longer than that (known failure 81)',
      cluster: { pledges: both(1000, 1100), sync: { value: syncOf('c', ['a']), revision: 30 } },
      more: { vacancy: { ...RELEASED, previous: { name: 'c', reign: 10, leaseTtlMs: 6_000 } } },
      mem: { better: { name: 'c', sinceMs: NOW_MS - 2_000 } },
      rule: 'V80',
    },
    {
      name: 'who was to give the leadership away is waited for only where it has more',
      cluster: { pledges: both(1000, 1100), failover: { value: { leader: 'c' }, revision: 60 } },
      rule: 'V78',
    },
    {
      name: 'and not for its priority',
      cluster: {
        pledges: both(1000, 1000),
        members: tagged({ failover_priority: 2 }),
        failover: { value: { leader: 'c' }, revision: 60 },
      },
      rule: 'V80',
    },
    {
      name: 'a better one that may never lead is not waited for',
      cluster: { pledges: both(1000, 1100), members: tagged({ failover_priority: 0 }) },
      rule: 'V80',
    },
    {
      name: 'nor is one whose watchdog failed',
      cluster: { pledges: both(1000, 1100) },
      more: { peers: answers('c', peerStatus({ watchdogFailed: true })) },
      rule: 'V80',
    },
    {
      name: 'the pledge of a member that does not answer is not waited for',
      more: { peers: new Map([['c', unknown('connection refused')]]) },
      rule: 'V80',
    },
    {
      name: 'that of one that answers is',
      more: { peers: answers('c', peerStatus()) },
      rule: 'V76',
      why: 'waiting for the pledge of c',
    },
  ]);
});

describe('who may not lead', () => {
  table([
    {
      name: 'nofailover',
      more: { self: self({ nofailover: true }) },
      rule: 'V35',
      why: 'following a different leader because I am not allowed to promote',
    },
    { name: 'a priority of 0', more: { self: self({ failover_priority: 0 }) }, rule: 'V35' },
    {
      name: 'a priority of 0 beside nofailover off: may lead',
      cluster: { members: [member('a')] },
      more: { self: self({ nofailover: false, failover_priority: 0 }) },
      rule: 'V80',
    },
    {
      name: 'who is further behind than maximum_lag_on_failover',
      cluster: { status: { optime: at(1000 + 1_048_577), slots: {}, retainSlots: [] } },
      rule: 'V70',
    },
    {
      name: 'also where a switchover for later names it: nobody has asked for a loss today',
      cluster: {
        status: { optime: at(1000 + 1_048_577), slots: {}, retainSlots: [] },
        failover: { value: { leader: 'b', candidate: 'a', scheduledAt: '2026-11-25T00:00:00+00:00' }, revision: 9 },
      },
      rule: 'V70',
    },
    {
      name: 'who is behind the position that outlived /status',
      cluster: {
        last: { value: { name: 'b', reign: 10, timeline: 1, lsn: at(2_000_000), final: false }, revision: 5 },
      },
      rule: 'V70',
    },
    {
      name: 'a long tail on an older timeline is behind by what followed the fork',
      cluster: {
        pledges: [pledgeOf('a', 5_000_000)],
        last: { value: { name: 'b', reign: 10, timeline: 2, lsn: at(3_000_000), final: false }, revision: 5 },
        history: { value: [{ timeline: 1, lsn: at(500), reason: 'r' }], revision: 6 },
      },
      more: { postgres: standby({ receivedLsn: at(5_000_000) }) },
      rule: 'V70',
    },
    {
      name: 'check_timeline',
      cluster: {
        config: configKey({ check_timeline: true }),
        history: { value: [{ timeline: 1, lsn: at(2_000), reason: 'r' }], revision: 6 },
      },
      rule: 'V72',
    },
    {
      name: 'an asynchronous member in a synchronous cluster (known failure 61)',
      cluster: {
        sync: { value: syncOf('b', ['c']), revision: 30 },
        failover: { value: { leader: 'b' }, revision: 60 },
      },
      rule: 'V65',
      why: 'not among the synchronous members b, c',
    },
    {
      name: 'too few pledges',
      cluster: { members: [member('a')], sync: { value: syncOf('b', ['a', 'c'], 1), revision: 30 } },
      rule: 'V85',
    },
    {
      name: 'while the old leader still runs as primary (known failure 54)',
      cluster: { members: [member('a'), member('b')] },
      more: { peers: answers('b', peerStatus({ role: 'primary', location: at(1000) })) },
      rule: 'V85',
      why: 'b still runs as primary',
    },
    {
      name: 'what a member was before the key went says nothing',
      more: { peers: answers('c', peerStatus({ role: 'primary' }), NOW_MS - 500) },
      cluster: { members: [member('a')] },
      rule: 'V80',
    },
  ]);

  test('while WAL still arrives, where primary_race_backoff asks for it', () => {
    const one = (waitedMs: number, movedMs: number) =>
      run({
        name: '',
        rule: '',
        cluster: { config: configKey({ primary_race_backoff: 5 }) },
        more: {
          vacancy: { ...RELEASED, manner: 'expired' },
          postgres: standby({ receiver: streaming, receiverRuns: true }),
        },
        mem: { candidateSinceMs: NOW_MS - waitedMs, received: { lsn: at(1000), movedMs: NOW_MS - movedMs } },
      });
    expect(one(1_000, 200)).toMatchObject({ rule: 'V05', why: 'wal position moved since last heart beat loop' });
    expect(one(5_000, 200).rule).toBe('V10');
    expect(one(1_000, 1_000).rule).toBe('V10');
  });
});

describe('a Patroni member, which cannot pledge', () => {
  const { kornak: _, ...plain } = memberData();
  const patroni = { ...member('c'), data: { ...plain, apiUrl: 'http://c:8008/patroni' } };
  const sync = { value: syncOf('b', ['a', 'c'], 1), revision: 30 };
  table([
    { name: 'is asked first', cluster: { members: [member('a'), patroni] }, rule: 'V76' },
    {
      name: 'that is ahead is left the key',
      cluster: { members: [member('a'), patroni] },
      more: { peers: answers('c', peerStatus({ receivedLsn: at(1001) })) },
      rule: 'V78',
    },
    {
      name: 'but not for ever',
      cluster: { members: [member('a'), patroni] },
      more: { peers: answers('c', peerStatus({ receivedLsn: at(1001) })) },
      mem: { better: { name: 'c', sinceMs: NOW_MS - 2_000 } },
      rule: 'V80',
    },
    {
      name: 'that does not answer costs nothing',
      cluster: { members: [member('a'), patroni] },
      more: { peers: new Map([['c', unknown('refused')]]) },
      rule: 'V80',
    },
    {
      name: 'counts by its position where it votes',
      cluster: { members: [member('a'), patroni], sync },
      more: { peers: answers('c', peerStatus()) },
      rule: 'V80',
      why: '2 of the synchronous members pledged, 2 needed',
    },
    {
      name: 'counts for nothing where it is ahead',
      cluster: { members: [member('a'), patroni], sync },
      more: { peers: answers('c', peerStatus({ receivedLsn: at(1001) })) },
      mem: { better: { name: 'c', sinceMs: NOW_MS - 2_000 } },
      rule: 'V85',
    },
    {
      name: 'keeps the leader that /sync names from coming back alone',
      cluster: {
        members: [member('a'), patroni],
        sync: { value: syncOf('a', ['c'], 1), revision: 30 },
      },
      more: { peers: new Map([['c', unknown('refused')]]) },
      rule: 'V85',
    },
  ]);
});

describe('after an outage of everything', () => {
  const reign = { value: { name: 'c', timeline: 1 }, revision: 10 };
  const last = (final: boolean, position = 1000) => ({
    value: { name: 'c', reign: 10, timeline: 1, lsn: at(position), final },
    revision: 11,
  });
  const alone = { members: [member('a')], reign };
  const back = { vacancy: unwatched };
  table([
    {
      name: 'who led last is waited for',
      cluster: { ...alone, last: last(false, 13_000_000) },
      more: back,
      mem: longAgo,
      rule: 'V55',
      why: 'waiting for c, which led last: it holds at least 12 MB that nobody here has; for 293 s more',
    },
    {
      name: 'also by a member at the last position it told: there may be more',
      cluster: { ...alone, last: last(false) },
      more: back,
      mem: longAgo,
      rule: 'V55',
      why: 'it may hold WAL behind the position that it last told',
    },
    {
      name: 'who led last leads at once',
      cluster: { members: [member('a')], last: last(false) },
      more: back,
      mem: longAgo,
      rule: 'V80',
    },
    {
      name: 'and so does who holds all that was left at a clean shutdown',
      cluster: { ...alone, last: last(true) },
      more: back,
      mem: longAgo,
      rule: 'V80',
    },
    {
      name: 'a clean shutdown of an earlier reign is no such thing',
      cluster: { ...alone, last: { ...last(true), value: { ...last(true).value, reign: 9 } } },
      more: back,
      mem: longAgo,
      rule: 'V55',
    },
    {
      name: 'nor is one after which Patroni told more',
      cluster: { ...alone, last: last(true), status: { optime: at(1001), slots: {}, retainSlots: [] } },
      more: back,
      mem: longAgo,
      rule: 'V55',
    },
    {
      name: 'who is behind a clean shutdown waits',
      cluster: { ...alone, last: last(true, 1001) },
      more: back,
      mem: longAgo,
      rule: 'V55',
    },
    {
      name: 'who watched the leadership end need not',
      cluster: { ...alone, last: last(false) },
      mem: longAgo,
      rule: 'V80',
    },
    {
      name: 'who saw nothing of it but its key must',
      cluster: { ...alone, last: last(false) },
      mem: { ...longAgo, hasStreamed: false },
      rule: 'V55',
    },
    {
      name: 'who watched an earlier one end must',
      cluster: { ...alone, last: last(false) },
      more: { vacancy: { ...unwatched, previous: { name: 'b', reign: 9, leaseTtlMs: 6_000 } } },
      mem: { ...longAgo, reignSeen: { revision: 10, sinceMs: NOW_MS - 7_000 } },
      rule: 'V55',
    },
    {
      name: 'with synchronous replication the pledges decide, and nothing else',
      cluster: { ...alone, last: last(false, 13_000_000), sync: { value: syncOf('c', ['a']), revision: 30 } },
      more: back,
      rule: 'V80',
    },
    {
      name: 'once it has pledged, it is known what it holds',
      cluster: { ...alone, last: last(false), pledges: both(1000, 900) },
      more: back,
      mem: longAgo,
      rule: 'V80',
    },
    {
      name: 'and where that is more, it leads',
      cluster: { ...alone, last: last(false), pledges: both(1000, 1100) },
      more: back,
      mem: { ...longAgo, candidateSinceMs: NOW_MS - 60_000 },
      rule: 'V78',
    },
    {
      name: 'it does not wait out its own deadline',
      cluster: {
        members: [member('a')],
        reign: { ...reign, value: { name: 'a', timeline: 1 } },
        last: { ...last(false), value: { ...last(false).value, name: 'a' } },
      },
      more: { vacancy: { ...unwatched, sinceMs: NOW_MS - 20 } },
      rule: 'V80',
    },
    {
      name: 'but that of a Patroni leader that came after it',
      cluster: {
        members: [member('a')],
        reign: { ...reign, value: { name: 'a', timeline: 1 } },
        last: { ...last(false), value: { ...last(false).value, name: 'a' } },
        status: { optime: at(1001), slots: {}, retainSlots: [] },
      },
      more: { vacancy: { ...unwatched, sinceMs: NOW_MS - 20 } },
      rule: 'V50',
    },
    {
      name: 'primary_start_timeout bounds the wait',
      cluster: { ...alone, last: last(false) },
      more: back,
      mem: { candidateSinceMs: NOW_MS - 300_000 },
      rule: 'V80',
    },
    {
      name: 'after which the lag counts as ever',
      cluster: { ...alone, last: last(false, 13_000_000) },
      more: back,
      mem: { candidateSinceMs: NOW_MS - 300_000 },
      rule: 'V70',
    },
    {
      name: 'an operator who names a candidate knows better',
      cluster: { ...alone, last: last(false, 13_000_000), failover: { value: { candidate: 'a' }, revision: 60 } },
      more: back,
      mem: longAgo,
      rule: 'V80',
    },
  ]);
});

describe('a failover that an operator ordered', () => {
  const sync = { value: syncOf('b', ['c']), revision: 30 };
  const failover = { value: { candidate: 'a' }, revision: 60 };
  const members = [member('a')];
  table([
    {
      name: 'to a member outside /sync leaves the key to those in it for a while',
      cluster: { members, sync, failover },
      mem: longAgo,
      rule: 'V65',
      why: 'before it is done as ordered',
    },
    {
      name: 'and is done when they do not come',
      cluster: { members, sync, failover },
      mem: { candidateSinceMs: NOW_MS - 15_000 },
      rule: 'V65',
      why: 'ordered by an operator',
    },
    {
      name: 'is not what a switchover may do',
      cluster: { members, sync, failover: { value: { leader: 'b', candidate: 'a' }, revision: 60 } },
      mem: { candidateSinceMs: NOW_MS - 60_000 },
      rule: 'V65',
      why: 'not among the synchronous members',
    },
  ]);

  test('the new reign counts on nobody who may have more than its leader', () => {
    const one = {
      name: '',
      rule: '',
      cluster: { members, sync, failover },
      mem: { candidateSinceMs: NOW_MS - 15_000 },
    };
    expect(run(one).plan.steps).toMatchObject([{ takeOver: { sync: { leader: 'a', voters: [], quorum: 0 } } }]);
  });

  test('a quorum is no hindrance to a named candidate that holds everything (known failure 19)', () => {
    const named = { name: '', rule: '', cluster: { failover, sync: { value: syncOf('b', ['a']), revision: 30 } } };
    expect(run(named).plan.steps.map((step) => step.kind)).toEqual(['takeKey']);
  });
});

test('the loss is told with the take-over', () => {
  const { events } = run({
    name: '',
    rule: '',
    cluster: { members: [member('a')], status: { optime: at(1300), slots: {}, retainSlots: [] } },
  });
  expect(events[0]).toMatchObject({ kind: 'leader.acquired', evidence: { behindBytes: '300' } });
  expect(events[0]?.text).toContain('300 bytes behind the last known position of the leader');
});

test('the loser says why, when it follows the winner', () => {
  const cluster = {
    leader: leaderKey('c', 20),
    reign: { value: { name: 'c', timeline: 2, from: { timeline: 1, lsn: at(1000) }, priority: 2 }, revision: 20 },
  };
  const mem = { pledge: { reign: 10, position: { timeline: 1, lsn: at(1000) } } };
  const one = { name: '', rule: '', cluster, mem, more: { vacancy: undefined } };
  expect(run(one)).toMatchObject({ rule: 'R10' });
  expect(run(one).why).toContain('c has equally tolerable WAL position and priority 2, while this node has priority 1');
  const more = { vacancy: undefined, self: self({ failover_priority: 0 }) };
  expect(run({ ...one, more }).why).toContain('because I am not allowed to promote');
});

test('peers are asked as soon as the stream breaks, and not all the time', () => {
  const ledByB = { leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' }), member('c')] };
  const upstream = { host: 'b', port: 5432 };
  const asked = (receiver: typeof streaming | undefined, probedMs: number) =>
    decide(
      observation({ postgres: standby({ upstream, receiverRuns: true, receiver }), cluster: view(ledByB) }),
      memory({ probedMs }),
    ).plan.probe.map(({ name }) => name);
  expect(asked(streaming, 0)).toEqual([]);
  expect(asked(undefined, 0)).toEqual(['b', 'c']);
  expect(asked(undefined, NOW_MS - 500)).toEqual([]);
});
