import { describe, expect, test } from 'vitest';
import { decide, RULES } from '../../../src/core/decide/decide.ts';
import type { Observation, Vacancy } from '../../../src/core/model/observation.ts';
import { unknown } from '../../../src/core/model/seen.ts';
import type { StepKind } from '../../../src/core/model/plan.ts';
import {
  at,
  configKey,
  control,
  down,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  pledgeOf,
  postgres,
  primary,
  RELEASED,
  sender,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';
import { ruleTable } from '../../support/rule-cases.ts';

const vanished: Vacancy = { ...RELEASED, manner: 'vanished' };
const ledByB = view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' }), member('c')] });
const ledByA = view({ leader: leaderKey('a') });
const upstreamB = { host: 'b', port: 5432 };
const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });
const nothing = view({
  initialize: { value: undefined, revision: 0 },
  config: { value: undefined, raw: undefined, revision: 0 },
  reign: { value: undefined, revision: 0 },
  members: [],
});
const settledLeader = { checkpointReign: 10, historyReign: 10, servingReign: 10, statusAtMs: NOW_MS };

describe('fencing', () => {
  ruleTable([
    {
      name: 'a primary without a lease is killed',
      obs: observation({ postgres: primary() }),
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'a primary whose lease is lost is killed',
      obs: observation({ postgres: primary(), lease: { kind: 'lost', reign: 10, why: 'refused' }, cluster: ledByA }),
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'a primary past its own deadline is killed',
      obs: observation({ postgres: primary(), lease: held(10, { deadlineMs: NOW_MS }), cluster: ledByA }),
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'a primary whose key another holds is killed',
      obs: observation({ postgres: primary(), lease: held(10), cluster: view({ leader: leaderKey('b', 20) }) }),
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'a view older than the reign proves nothing',
      obs: observation({
        postgres: primary({ senders: [] }),
        lease: held(200),
        cluster: view({ leader: undefined, revision: 150 }),
      }),
      rule: 'P90',
      steps: [],
    },
    {
      name: 'a server that does not answer and was a primary is killed',
      obs: observation({ postgres: postgres() }),
      mem: { role: 'primary' },
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'a standby needs no lease',
      obs: observation({ postgres: standby({ upstream: upstreamB, receiverRuns: true }), cluster: ledByB }),
      rule: 'R90',
      steps: [],
    },
    {
      name: 'the reign that the guard of this machine names is carried on',
      obs: observation({
        postgres: primary(),
        cluster: ledByA,
        guard: { kind: 'armed', reign: 10, leaseId: 'lease-leader', deadlineMs: NOW_MS + 2_000 },
      }),
      rule: 'F10',
      steps: ['adoptKey'],
    },
    {
      name: 'a guard of another reign proves nothing',
      obs: observation({
        postgres: primary(),
        cluster: ledByA,
        guard: { kind: 'armed', reign: 9, leaseId: 'lease-leader', deadlineMs: NOW_MS + 2_000 },
      }),
      rule: 'F30',
      steps: ['fence'],
    },
    {
      name: 'a lost lease is put away when nothing writes',
      obs: observation({ postgres: down(), lease: { kind: 'lost', reign: 10, why: 'refused' } }),
      rule: 'F40',
      steps: ['disarmGuard'],
    },
  ]);
});

describe('initialising', () => {
  ruleTable([
    {
      name: 'without a cluster, /initialize is raced for',
      obs: observation({ postgres: empty, cluster: nothing }),
      rule: 'B60',
      steps: ['raceInitialize'],
    },
    {
      name: 'the winner initialises',
      obs: observation({
        postgres: empty,
        cluster: { ...nothing, initialize: { value: '', revision: 5 }, bootstrapper: 'a' },
      }),
      rule: 'B50',
      steps: ['startJob'],
    },
    {
      name: 'the loser waits',
      obs: observation({
        postgres: empty,
        cluster: { ...nothing, initialize: { value: '', revision: 5 }, bootstrapper: 'b' },
      }),
      rule: 'B80',
      steps: [],
    },
    {
      name: 'the new cluster gets its first leader',
      obs: observation({
        postgres: down({ state: 'shut down' }),
        cluster: {
          ...nothing,
          config: configKey({}, 2),
          initialize: { value: '', revision: 5 },
          bootstrapper: 'a',
        },
      }),
      rule: 'B55',
      steps: ['takeKey'],
    },
    {
      name: 'and is started as primary',
      obs: observation({
        postgres: down({ state: 'shut down' }),
        lease: held(10),
        cluster: view({ leader: leaderKey('a') }),
      }),
      rule: 'D10',
      steps: ['startJob'],
    },
    {
      name: 'a member without data clones from the leader',
      obs: observation({
        postgres: empty,
        cluster: { ...ledByB, status: { optime: undefined, slots: { a: at(1) }, retainSlots: [] } },
      }),
      rule: 'B70',
      steps: ['startJob'],
    },
    {
      name: 'but waits for its slot first',
      obs: observation({ postgres: empty, cluster: ledByB }),
      rule: 'B70',
      steps: [],
    },
    {
      name: 'what an interrupted clone left is put aside',
      obs: observation({
        postgres: postgres({ postmaster: undefined, data: { kind: 'unfinished', work: 'clone' } }),
        cluster: ledByB,
      }),
      rule: 'B30',
      steps: ['startJob'],
    },
    {
      name: 'data of another cluster are refused',
      obs: observation({ postgres: down({ systemId: '1234567890123' }) }),
      rule: 'G10',
      steps: ['exit'],
    },
    {
      name: 'a nonsense identity is written anew by the leader',
      obs: observation({
        postgres: primary(),
        lease: held(),
        cluster: view({ leader: leaderKey('a'), initialize: { value: 'nonsense', revision: 9 } }),
      }),
      rule: 'G20',
      steps: ['setInitialize'],
    },
    {
      name: 'an identity that is gone is left to the leader (known failure 41)',
      obs: observation({
        postgres: standby({ upstream: upstreamB, receiverRuns: true }),
        cluster: { ...ledByB, initialize: { value: undefined, revision: 9 } },
      }),
      rule: 'R90',
      steps: [],
    },
    {
      name: 'bootstrap of an existing cluster is refused',
      obs: observation({ postgres: empty, cluster: ledByB, requests: [{ kind: 'bootstrap', id: 1 }] }),
      rule: 'B10',
      steps: ['answer'],
    },
  ]);
});

describe('nobody leads', () => {
  const streaming = standby({ upstream: upstreamB, receiverRuns: true });
  ruleTable([
    {
      name: 'the receiver is stopped first',
      obs: observation({ postgres: streaming, vacancy: RELEASED }),
      rule: 'V10',
      steps: ['startJob'],
    },
    {
      name: 'a connecting receiver counts as running',
      obs: observation({ postgres: standby({ receiverRuns: true }), vacancy: RELEASED }),
      rule: 'V10',
      steps: ['startJob'],
    },
    {
      name: 'a restarted standby that is still replaying does not pledge',
      obs: observation({ postgres: standby({ replayedAll: false }), vacancy: RELEASED }),
      rule: 'V20',
      steps: [],
    },
    {
      name: 'then it pledges',
      obs: observation({ postgres: standby(), vacancy: RELEASED }),
      rule: 'V30',
      steps: ['putPledge'],
    },
    {
      name: 'a pledge against an earlier reign is none',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({ pledges: [pledgeOf('a', 1000, { reign: 9 })] }),
      }),
      rule: 'V30',
      steps: ['putPledge'],
    },
    {
      name: 'without a watched expiry the deadline is waited out',
      obs: observation({ postgres: standby(), vacancy: vanished, cluster: view({ pledges: [pledgeOf('a', 1000)] }) }),
      rule: 'V50',
      steps: [],
    },
    {
      name: 'while /sync is nonsense nobody but the last leader may lead',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({
          nonsense: [{ key: '/service/demo/sync', why: 'not JSON' }],
          reign: { value: { name: 'b', timeline: 1 }, revision: 10 },
          pledges: [pledgeOf('a', 1000), pledgeOf('c', 900)],
        }),
      }),
      rule: 'V45',
      steps: [],
    },
    {
      name: 'and the last leader may',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({
          nonsense: [{ key: '/service/demo/sync', why: 'not JSON' }],
          pledges: [pledgeOf('a', 1000), pledgeOf('c', 900)],
        }),
      }),
      rule: 'V80',
      steps: ['takeKey'],
    },
    {
      name: 'a reign that came and went unseen is waited out, however the last one seen went',
      obs: observation({
        postgres: standby(),
        vacancy: { ...RELEASED, previous: { name: 'a', reign: 9, leaseTtlMs: 6_000 } },
        cluster: view({ pledges: [pledgeOf('a', 1000), pledgeOf('c', 900)] }),
      }),
      rule: 'V50',
      steps: [],
    },
    {
      name: 'pledges of members that are up are waited for',
      obs: observation({ postgres: standby(), vacancy: RELEASED, cluster: view({ pledges: [pledgeOf('a', 1000)] }) }),
      rule: 'V76',
      steps: [],
    },
    {
      name: 'the most advanced takes the key',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({ pledges: [pledgeOf('a', 1000), pledgeOf('c', 900)] }),
      }),
      rule: 'V80',
      steps: ['takeKey'],
    },
    {
      name: 'who is behind does not',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({ pledges: [pledgeOf('a', 1000), pledgeOf('c', 1100)] }),
      }),
      rule: 'V78',
      steps: [],
    },
    {
      name: 'a longer tail on an older timeline is behind',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({ pledges: [pledgeOf('a', 1000), pledgeOf('c', 900, { timeline: 2 })] }),
      }),
      rule: 'V78',
      steps: [],
    },
    {
      name: 'under synchronous replication only its members run',
      obs: observation({
        postgres: standby(),
        vacancy: vanished,
        cluster: view({ sync: { value: syncOf('b', ['c']), revision: 30 }, pledges: [pledgeOf('a', 1000)] }),
      }),
      rule: 'V65',
      steps: [],
    },
    {
      name: 'and their pledges make waiting needless',
      obs: observation({
        postgres: standby(),
        vacancy: vanished,
        cluster: view({
          members: [member('a')],
          sync: { value: syncOf('b', ['a']), revision: 30 },
          pledges: [pledgeOf('a', 1000)],
        }),
      }),
      rule: 'V80',
      steps: ['takeKey'],
    },
    {
      name: 'who is named by a request goes without waiting for better ones',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({
          failover: { value: { candidate: 'a' }, revision: 60 },
          pledges: [pledgeOf('a', 1000), pledgeOf('c', 1000)],
        }),
      }),
      rule: 'V80',
      steps: ['takeKey'],
    },
    {
      name: 'others stand aside for it',
      obs: observation({
        postgres: standby(),
        vacancy: RELEASED,
        cluster: view({
          failover: { value: { candidate: 'c' }, revision: 60 },
          pledges: [pledgeOf('a', 1000), pledgeOf('c', 1000)],
        }),
      }),
      rule: 'V60',
      steps: [],
    },
  ]);

  test('the take-over rests on everything it was decided from, and claims an unused timeline', () => {
    const cluster = view({
      members: [member('a')],
      sync: { value: syncOf('b', ['a']), revision: 30 },
      pledges: [pledgeOf('a', 1000, { revision: 77 })],
      reign: { value: { name: 'b', timeline: 5 }, revision: 10 },
    });
    const [step] = decide(observation({ postgres: standby(), vacancy: RELEASED, cluster }), memory()).plan.steps;
    expect(step).toMatchObject({
      takeOver: {
        syncRevision: 30,
        configRevision: 4,
        reignRevision: 10,
        timeline: 6,
        sync: { leader: 'a', voters: ['b'], quorum: 0 },
        pledges: [{ revision: 77 }],
      },
    });
  });
});

describe('the holder of the key', () => {
  const claimed = { reign: { value: { name: 'a', timeline: 2 }, revision: 10 } };
  ruleTable([
    {
      name: 'is promoted once its receiver is off',
      obs: observation({ postgres: standby(), lease: held(), cluster: view({ ...claimed, leader: leaderKey('a') }) }),
      rule: 'L40',
      steps: ['startJob'],
    },
    {
      name: 'gives the key back where its timeline was begun already',
      obs: observation({ postgres: standby(), lease: held(), cluster: ledByA }),
      rule: 'L30',
      steps: ['releaseKey'],
    },
    {
      name: 'stops the receiver first',
      obs: observation({ postgres: standby({ receiverRuns: true }), lease: held(), cluster: ledByA }),
      rule: 'L20',
      steps: ['startJob'],
    },
    {
      name: 'gives up after failed promotions',
      obs: observation({ postgres: standby(), lease: held(), cluster: ledByA }),
      mem: { promoteTries: 2 },
      rule: 'L30',
      steps: ['releaseKey'],
    },
    {
      name: 'gives back a key that no lease of its own is behind',
      obs: observation({ postgres: down(), cluster: ledByA }),
      rule: 'L10',
      steps: ['releaseKey'],
    },
    {
      name: 'starts a crashed PostgreSQL again',
      obs: observation({ postgres: down(), lease: held(), cluster: ledByA }),
      mem: { servingReign: 10 },
      rule: 'D20',
      steps: ['startJob'],
    },
    {
      name: 'releases when it cannot be started',
      obs: observation({ postgres: down(), lease: held(), cluster: ledByA }),
      mem: { servingReign: 10, startTries: 3 },
      rule: 'D20',
      steps: ['releaseKey'],
    },
    {
      name: 'leads on',
      obs: observation({
        postgres: primary({ slots: [] }),
        lease: held(),
        cluster: view({
          leader: leaderKey('a'),
          members: [member('a')],
          status: { optime: at(1000), slots: { a: at(1000) }, retainSlots: ['a'] },
        }),
      }),
      mem: settledLeader,
      rule: 'P90',
      steps: [],
    },
    {
      name: 'makes slots before they are asked for',
      obs: observation({ postgres: primary({ slots: [] }), lease: held(), cluster: ledByA }),
      mem: settledLeader,
      rule: 'P10',
      steps: ['writeStatus', 'createSlot', 'createSlot'],
    },
    {
      name: 'leads on while the store is silent',
      obs: observation({ postgres: primary(), lease: held(), cluster: unknown('no answer') }),
      rule: 'U10',
      steps: [],
    },
  ]);

  test('has every member of the union acknowledge before it is promoted', () => {
    const cluster = view({
      ...claimed,
      leader: leaderKey('a'),
      sync: { value: syncOf('a', ['b', 'c']), revision: 30 },
    });
    const [step] = decide(observation({ postgres: standby(), lease: held(), cluster }), memory()).plan.steps;
    expect(step).toMatchObject({ job: { kind: 'promote', aboveTimeline: 1, settings: { syncNames: '2 (b,c)' } } });
  });

  test('does not renew while PostgreSQL hangs', () => {
    const hung = decide(
      observation({ postgres: postgres(), lease: held(), cluster: ledByA }),
      memory({ role: 'primary', servingReign: 10, answeredMs: NOW_MS - 5_001 }),
    );
    expect(hung.plan.verdict.kind).toBe('withhold');
    const busy = decide(
      observation({ postgres: postgres(), lease: held(), cluster: ledByA }),
      memory({ role: 'primary', servingReign: 10, answeredMs: NOW_MS - 4_999 }),
    );
    expect(busy.plan.verdict.kind).toBe('renew');
  });
});

describe('switchover', () => {
  const wanted = view({ leader: leaderKey('a'), failover: { value: { leader: 'a', candidate: 'b' }, revision: 60 } });
  const serving = primary({ senders: [sender('b'), sender('c')] });
  const stopped = {
    switchover: {
      reign: 10,
      revision: 60,
      candidate: 'b',
      shutdownLsn: at(1100),
      stoppedMs: NOW_MS - 50,
      releasedMs: undefined,
    },
    servingReign: 10,
  };
  const peers = (received: number): Observation['peers'] =>
    new Map([
      [
        'b',
        {
          kind: 'seen',
          atMs: NOW_MS,
          value: {
            role: 'replica',
            state: 'running',
            location: undefined,
            receivedLsn: at(received),
            replayedLsn: at(received),
            timeline: 1,
            tags: {},
            watchdogFailed: false,
          },
        },
      ],
    ]);
  ruleTable([
    {
      name: 'PostgreSQL is stopped',
      obs: observation({ postgres: serving, lease: held(), cluster: wanted, peers: peers(1000) }),
      mem: { ...settledLeader, checkpointedFor: { revision: 60, sinceMs: NOW_MS } },
      rule: 'S40',
      steps: ['startJob'],
    },
    {
      name: 'refused where the candidate does not stream',
      obs: observation({ postgres: primary(), lease: held(), cluster: wanted }),
      mem: settledLeader,
      rule: 'S30',
      steps: ['writeFailover'],
    },
    {
      name: 'one in the future waits',
      obs: observation({
        postgres: serving,
        lease: held(),
        cluster: view({
          ...wanted,
          failover: { value: { leader: 'a', candidate: 'b', scheduledAt: '2030-01-01T00:00:00+00:00' }, revision: 60 },
        }),
      }),
      mem: settledLeader,
      rule: 'P10',
      steps: ['writeStatus'],
    },
    {
      name: 'the candidate is asked whether it has everything',
      obs: observation({ postgres: down({ state: 'shut down' }), lease: held(), cluster: wanted }),
      mem: stopped,
      rule: 'S15',
      steps: [],
    },
    {
      name: 'a candidate at the checkpoint has not received it yet',
      obs: observation({ postgres: down({ state: 'shut down' }), lease: held(), cluster: wanted, peers: peers(1100) }),
      mem: stopped,
      rule: 'S15',
      steps: [],
    },
    {
      name: 'then the key is released',
      obs: observation({ postgres: down({ state: 'shut down' }), lease: held(), cluster: wanted, peers: peers(1101) }),
      mem: stopped,
      rule: 'S10',
      steps: ['releaseKey'],
    },
    {
      name: 'leadership stays when the candidate does not get it',
      obs: observation({ postgres: down({ state: 'shut down' }), lease: held(), cluster: wanted }),
      mem: { ...stopped, switchover: { ...stopped.switchover, stoppedMs: NOW_MS - 6_000 } },
      rule: 'S20',
      steps: ['writeFailover', 'startJob'],
    },
  ]);
});

describe('a member whose leader is another', () => {
  const forked = {
    ...ledByB,
    members: [member('a'), member('b', { role: 'primary', timeline: 2 })],
    history: { value: [{ timeline: 1, lsn: at(1000), reason: 'r' }], revision: 11 },
  };
  const recorded = { id: '1', verdict: 'diverged', isHeld: false, leader: 'b', atMs: NOW_MS } as const;
  ruleTable([
    {
      name: 'follows it',
      obs: observation({ postgres: standby(), cluster: ledByB }),
      rule: 'R40',
      steps: ['startJob'],
    },
    {
      name: 'withdraws its pledge first',
      obs: observation({ postgres: standby(), cluster: { ...ledByB, pledges: [pledgeOf('a', 1000)] } }),
      rule: 'R10',
      steps: ['withdrawPledge'],
    },
    {
      name: 'withdraws a pledge whose outcome is unknown',
      obs: observation({ postgres: standby(), cluster: ledByB, unsettled: new Set(['pledge'] as const) }),
      rule: 'R10',
      steps: ['withdrawPledge'],
    },
    {
      name: 'receives nothing more from the old one while the new one does not serve',
      obs: observation({
        postgres: standby({ upstream: { host: 'c', port: 5432 } }),
        cluster: view({ leader: leaderKey('b') }),
      }),
      rule: 'R20',
      steps: ['startJob'],
    },
    {
      name: 'with data up to the fork follows',
      obs: observation({ postgres: standby(), cluster: forked }),
      rule: 'R40',
      steps: ['startJob'],
    },
    {
      name: 'with data beyond the fork is stopped',
      obs: observation({ postgres: standby({ receivedLsn: at(1001) }), cluster: forked }),
      rule: 'R30',
      steps: ['startJob'],
    },
    {
      name: 'crashed as primary: its end is found out first',
      obs: observation({ postgres: down(), cluster: forked }),
      rule: 'D50',
      steps: ['startJob'],
    },
    {
      name: 'a clean former primary beyond the fork is rewound',
      obs: observation({ postgres: down({ state: 'shut down', checkpointLsn: at(1000) }), cluster: forked }),
      mem: { recorded },
      rule: 'D60',
      steps: ['startJob'],
    },
    {
      name: 'one whose shutdown checkpoint the leader has follows',
      obs: observation({
        postgres: down({ state: 'shut down', checkpointLsn: at(900), checkpointEndLsn: at(1000) }),
        cluster: forked,
      }),
      rule: 'D70',
      steps: ['startJob'],
    },
    {
      name: 'without rewind it is put aside and cloned',
      obs: observation({
        postgres: postgres({
          postmaster: undefined,
          data: {
            kind: 'cluster',
            control: control({ state: 'shut down', checkpointLsn: at(1000), rewindable: false }),
            standbySignal: false,
          },
        }),
        cluster: forked,
      }),
      mem: { recorded },
      rule: 'D60',
      steps: ['startJob'],
    },
    {
      name: 'that lost its connection is asked to connect again at once',
      obs: observation({ postgres: standby({ upstream: upstreamB }), cluster: ledByB }),
      rule: 'R80',
      steps: ['applySettings'],
    },
    {
      name: 'but not all the time',
      obs: observation({ postgres: standby({ upstream: upstreamB }), cluster: ledByB }),
      mem: { nudgedMs: NOW_MS - 100 },
      rule: 'R90',
      steps: [],
    },
    {
      name: 'waits for a leader that does not serve yet',
      obs: observation({ postgres: down({ state: 'shut down' }), cluster: view({ leader: leaderKey('b') }) }),
      rule: 'D53',
      steps: [],
    },
  ]);
});

describe('leaving', () => {
  const shutdown = [{ kind: 'shutdown', id: 7 }] as const;
  ruleTable([
    {
      name: 'PostgreSQL is stopped',
      obs: observation({ postgres: primary(), lease: held(), cluster: ledByA, requests: shutdown }),
      rule: 'X20',
      steps: ['startJob'],
    },
    {
      name: 'then leadership is released',
      obs: observation({ postgres: down({ state: 'shut down' }), lease: held(), cluster: ledByA, requests: shutdown }),
      rule: 'X30',
      steps: ['releaseKey', 'exit'],
    },
  ]);
});

test('a server that an agent left in a cluster it was making is stopped first (B30)', () => {
  const left = postgres({ data: { kind: 'unfinished', work: 'bootstrap' }, sql: unknown('no answer') });
  const { rule, plan } = decide(observation({ postgres: left, cluster: nothing }), memory());
  expect({ rule, steps: plan.steps }).toMatchObject({
    rule: 'B30',
    steps: [{ kind: 'startJob', job: { kind: 'stop', mode: 'immediate' } }],
  });
});

test('what comes of a job is told as the doing of the rule that started it', () => {
  const job = {
    kind: 'follow',
    follow: undefined,
    settings: { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: true },
  } as const;
  const ended = { job, outcome: { kind: 'failed', why: 'refused' }, startedMs: NOW_MS - 10, endedMs: NOW_MS } as const;
  const first = decide(observation({ postgres: standby(), cluster: ledByB }), memory());
  const { events } = decide(observation({ postgres: standby(), cluster: ledByB, ended }), first.memory);
  expect(events.map(({ kind, rule }) => ({ kind, rule }))).toEqual([{ kind: 'job.failed', rule: first.rule }]);
});

test('the store must have been silent for a while before PostgreSQL is started without it', () => {
  const silent = observation({ postgres: down({ state: 'shut down' }), cluster: unknown('no answer') });
  expect(decide(silent, memory()).rule).toBe('U30');
  expect(decide(silent, memory({ silentSinceMs: NOW_MS - 3_000 })).rule).toBe('U20');
});

describe('a server that refuses our password', () => {
  const refused = { ...postgres({ loginRefused: 'password authentication failed' }) };
  const asStandby = {
    ...refused,
    data: { kind: 'cluster', control: control({ state: 'in archive recovery' }), standbySignal: true },
  } as const;
  ruleTable([
    {
      name: 'ends an agent that it never let in',
      obs: observation({ postgres: asStandby, cluster: ledByB }),
      rule: 'G05',
      steps: ['exit'],
    },
    {
      name: 'is stopped first where this agent started it',
      obs: observation({ postgres: asStandby, cluster: ledByB }),
      mem: { startTries: 1, role: 'replica' },
      rule: 'G05',
      steps: ['startJob'],
    },
    {
      name: 'is borne by an agent that it let in before',
      obs: observation({ postgres: asStandby, cluster: ledByB }),
      mem: { wasLetIn: true, role: 'replica' },
      rule: 'Z90',
      steps: [],
    },
  ]);
});

test('rule ids are unique', () => {
  expect(new Set(RULES.map((rule) => rule.id)).size).toBe(RULES.length);
});

test('a view that is unknown never leads to a write to the store', () => {
  const kinds: StepKind[] = ['takeKey', 'writeSync', 'putPledge', 'setInitialize', 'writeConfig', 'raceInitialize'];
  for (const pg of [primary(), standby(), down(), empty]) {
    for (const lease of [held(), { kind: 'none' }, { kind: 'lost', reign: 1, why: '' }] as const) {
      const { plan } = decide(observation({ postgres: pg, lease, cluster: unknown('no answer') }), memory());
      expect(plan.steps.filter((step) => kinds.includes(step.kind))).toEqual([]);
    }
  }
});
