// Requests of people to the leader: each rule by its id.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView, FailoverRequest, Member, MemberData } from '../../../src/core/model/cluster.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation, PeerStatus } from '../../../src/core/model/observation.ts';
import type { StepKind } from '../../../src/core/model/plan.ts';
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
  peerStatus,
  primary,
  sender,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const serving = primary({ senders: [sender('b'), sender('c')] });
const checkpointed = { checkpointedFor: { revision: 60, sinceMs: NOW_MS - 100 } };
const settled = { checkpointReign: 10, historyReign: 10, servingReign: 10, statusAtMs: NOW_MS, ...checkpointed };
const stopJob = {
  job: { kind: 'stop', mode: 'fast', checkpointFirst: true, why: 'switchover' },
  startedMs: NOW_MS - 500,
  deadlineMs: NOW_MS + 60_000,
  progress: undefined,
  cancelled: false,
} as const;

const peer = (more: Partial<PeerStatus> = {}): Seen<PeerStatus> => seen(peerStatus(more), NOW_MS);

const there: Observation['peers'] = new Map([
  ['b', peer()],
  ['c', peer()],
]);

interface Case {
  readonly name: string;
  readonly request?: FailoverRequest;
  readonly cluster?: Partial<ClusterView>;
  readonly more?: Partial<Omit<Observation, 'cluster'>>;
  readonly mem?: Partial<Memory>;
  readonly rule: string;
  readonly steps?: readonly StepKind[];
  readonly why?: string;
}

function run({ request, cluster, more, mem }: Case) {
  const obs = observation({
    postgres: serving,
    lease: held(),
    peers: there,
    cluster: view({ leader: leaderKey('a'), failover: { value: request, revision: 60 }, ...cluster }),
    ...more,
  });
  return decide(obs, memory({ ...settled, ...mem }));
}

test('the leader stops without waiting for what archives slowly (known failure 68)', () => {
  const { plan } = run({ name: '', request: { leader: 'a', candidate: 'b' }, rule: 'S40' });
  expect(plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'stop', leavesArchiver: true } }]);
});

function table(cases: readonly Case[]): void {
  test.each(cases)('$name', (one) => {
    const decision = run(one);
    expect(decision.rule).toBe(one.rule);
    if (one.steps !== undefined) expect(decision.plan.steps.map((step) => step.kind)).toEqual(one.steps);
    if (one.why !== undefined) expect(decision.why).toContain(one.why);
  });
}

const tagged = (tags: Record<string, string | number | boolean>) => ({
  members: [member('a'), member('b'), member('c', { tags })],
});
const away = { leader: 'a' };
const voters = (...names: string[]) => ({ sync: { value: syncOf('a', names), revision: 30 } });

describe('a request to the leader', () => {
  table([
    {
      name: 'to nobody in particular goes to the most advanced',
      request: away,
      more: { postgres: primary({ senders: [sender('b'), sender('c', { flushLsn: at(1000) })] }) },
      rule: 'S37',
      why: 'switchover to b',
    },
    {
      name: 'and of equals to the one of higher priority',
      request: away,
      cluster: tagged({ failover_priority: 2 }),
      rule: 'S37',
      why: 'switchover to c',
    },
    {
      name: 'never to one that may not lead',
      request: { ...away, candidate: 'c' },
      cluster: tagged({ failover_priority: 0 }),
      rule: 'S30',
      why: 'c may not lead: its failover_priority is 0',
    },
    {
      name: 'nor to one whose watchdog failed',
      request: { ...away, candidate: 'c' },
      more: { peers: new Map([['c', peer({ watchdogFailed: true })]]) },
      rule: 'S30',
      why: 'its watchdog does not work',
    },
    {
      name: 'away from somebody else is dropped',
      request: { leader: 'b', candidate: 'c' },
      rule: 'S30',
      steps: ['writeFailover'],
      why: 'b is not the leader',
    },
    { name: 'to the leader itself is dropped', request: { candidate: 'a' }, rule: 'S30', why: 'a leads already' },
    {
      name: 'whose time has long passed is dropped',
      request: { ...away, scheduledAt: '2026-11-23T23:00:00+00:00' },
      mem: { checkpointedFor: undefined },
      rule: 'S30',
      why: 'has passed',
    },
    {
      name: 'whose time has come is done',
      request: { ...away, scheduledAt: '2026-11-23T23:59:59+00:00' },
      cluster: { config: configKey() },
      rule: 'S37',
      steps: ['writeFailover'],
    },
    {
      name: 'of a switchover goes to a synchronous standby only',
      request: { ...away, candidate: 'c' },
      cluster: voters('b'),
      rule: 'S30',
      why: 'c is not among the synchronous standbys',
    },
    {
      name: 'needs as many who could take over as elect one (known failure 30)',
      request: away,
      cluster: { sync: { value: syncOf('a', ['b', 'c', 'd'], 1), revision: 30 }, ...tagged({ nofailover: true }) },
      rule: 'S30',
      why: 'only b could take over, and 2 are needed to elect one',
    },
    {
      name: 'with a candidate does not: the others vote for it when they can (known failure 19)',
      request: { ...away, candidate: 'b' },
      cluster: { sync: { value: syncOf('a', ['b', 'c', 'd'], 1), revision: 30 }, ...tagged({ nofailover: true }) },
      rule: 'S40',
      why: 'switchover to b',
    },
    {
      name: 'of a failover may go to any member',
      request: { candidate: 'c' },
      cluster: voters('b'),
      rule: 'S40',
      why: 'switchover to c',
    },
    {
      name: 'waits for the answer of its candidate',
      request: { ...away, candidate: 'c' },
      more: { peers: new Map() },
      rule: 'S35',
      steps: [],
    },
    {
      name: 'is refused before PostgreSQL is stopped where that does not come',
      request: { ...away, candidate: 'c' },
      more: { peers: new Map([['c', unknown('refused')]]) },
      mem: { switchoverAsked: { revision: 60, sinceMs: NOW_MS - 2_000 } },
      rule: 'S30',
      steps: ['writeFailover'],
      why: 'c did not answer',
    },
    {
      name: 'to nobody in particular passes over whoever does not answer',
      request: away,
      more: {
        peers: new Map([
          ['b', unknown('refused')],
          ['c', peer()],
        ]),
      },
      rule: 'S37',
      why: 'switchover to c',
    },
  ]);
});

describe('before PostgreSQL is stopped', () => {
  const request = { ...away, candidate: 'b' };
  const checkpoint = {
    job: { kind: 'checkpoint' },
    startedMs: NOW_MS - 100,
    deadlineMs: NOW_MS + 30_000,
    progress: undefined,
    cancelled: false,
  } as const;

  test('the request comes to name who takes over; its time stays, so that it can be taken back', () => {
    const scheduledAt = '2026-11-23T23:59:59+00:00';
    const decision = run({
      name: '',
      request: { ...away, scheduledAt },
      mem: { checkpointedFor: undefined },
      rule: 'S37',
    });
    expect(decision.plan.steps).toEqual([
      { kind: 'writeFailover', value: { leader: 'a', candidate: 'b', scheduledAt }, revision: 60 },
    ]);
  });

  test('one whose time passes while the checkpoint runs is done all the same', () => {
    const late = { ...request, scheduledAt: '2026-11-23T23:00:00+00:00' };
    expect(run({ name: '', request: late, mem: { checkpointedFor: undefined }, rule: '' }).rule).toBe('S30');
    expect(run({ name: '', request: late, rule: '' }).rule).toBe('S40');
  });

  test('that it stops is told with the decision, and not before', () => {
    const stateOf = (mem: Partial<Memory>) => run({ name: '', request, mem, rule: '' }).plan.publish?.state;
    expect([stateOf({ checkpointedFor: undefined }), stateOf({})]).toEqual(['running', 'stopping']);
  });

  table([
    {
      name: 'a checkpoint is done while clients are served',
      request,
      mem: { checkpointedFor: undefined },
      rule: 'S38',
      steps: ['startJob'],
    },
    {
      name: 'one that runs already is enough',
      request,
      more: { job: checkpoint },
      mem: { checkpointedFor: undefined },
      rule: 'S38',
      steps: [],
    },
    {
      name: 'one that was done for another request is not',
      request,
      mem: { checkpointedFor: { revision: 59, sinceMs: NOW_MS - 100 } },
      rule: 'S38',
    },
    { name: 'while it runs the leader leads on', request, more: { job: checkpoint }, rule: 'P10' },
    {
      name: 'and does not wait for it without end',
      request,
      more: { job: checkpoint },
      mem: { checkpointedFor: { revision: 60, sinceMs: NOW_MS - 30_000 } },
      rule: 'S40',
      steps: ['cancelJob'],
    },
    { name: 'then it stops', request, rule: 'S40', steps: ['startJob'] },
  ]);
});

describe('a switchover that was taken back', () => {
  const underWay = {
    switchover: {
      reign: 10,
      revision: 60,
      candidate: 'b',
      shutdownLsn: undefined,
      stoppedMs: undefined,
      releasedMs: undefined,
    },
  };
  const job = { ...stopJob };
  table([
    { name: 'is ended while PostgreSQL serves', more: { job }, mem: underWay, rule: 'S05', steps: ['cancelJob'] },
    {
      name: 'also where another has come in its place',
      request: { ...away, candidate: 'c' },
      cluster: { failover: { value: away, revision: 61 } },
      more: { job },
      mem: underWay,
      rule: 'S05',
    },
    {
      name: "goes on where nobody asked for it: it is of the leader's own accord",
      more: { job },
      mem: { switchover: { ...underWay.switchover, revision: 0 } },
      rule: 'J20',
    },
    { name: 'goes on once PostgreSQL is down', more: { job, postgres: down() }, mem: underWay, rule: 'J20' },
    {
      name: 'goes on while it stands',
      request: { ...away, candidate: 'b' },
      more: { job },
      mem: underWay,
      rule: 'J20',
    },
  ]);

  test('leaves a leader whose stop was cancelled too late to start again', () => {
    const ended = {
      job: stopJob.job,
      outcome: { kind: 'failed', why: 'cancelled' },
      startedMs: NOW_MS - 10,
      endedMs: NOW_MS,
    } as const;
    const decision = run({ name: '', rule: '', more: { postgres: down(), ended }, mem: underWay });
    expect({ rule: decision.rule, switchover: decision.memory.switchover }).toEqual({
      rule: 'D20',
      switchover: undefined,
    });
  });
});

describe('handing over', () => {
  const stopped = {
    switchover: {
      reign: 10,
      revision: 60,
      candidate: 'c',
      shutdownLsn: at(1100),
      stoppedMs: NOW_MS - 50,
      releasedMs: undefined,
    },
  };
  const has = (...names: string[]): Observation['peers'] =>
    new Map(['b', 'c'].map((name) => [name, peer({ receivedLsn: at(names.includes(name) ? 1200 : 1000) })]));
  const shut = down({ state: 'shut down', checkpointLsn: at(1100) });
  const request = { candidate: 'c' };
  table([
    {
      name: 'the requested candidate must have everything, not just somebody (known failure 53)',
      request,
      more: { postgres: shut, peers: has('b') },
      mem: stopped,
      rule: 'S15',
    },
    {
      name: 'the WAL switch without the shutdown checkpoint is not everything (known failure 43)',
      request,
      more: { postgres: shut, peers: new Map([['c', peer({ receivedLsn: at(1100) })]]) },
      mem: stopped,
      rule: 'S15',
    },
    {
      name: 'a position on another timeline says nothing',
      request,
      more: { postgres: shut, peers: new Map([['c', peer({ receivedLsn: at(9000), timeline: 2 })]]) },
      mem: stopped,
      rule: 'S15',
    },
    {
      name: 'an asynchronous candidate is named in /sync once it has everything',
      request,
      cluster: voters('b'),
      more: { postgres: shut, peers: has('c') },
      mem: stopped,
      rule: 'S08',
      steps: ['writeSync'],
    },
    {
      name: 'and then the key is released',
      request,
      cluster: voters('c'),
      more: { postgres: shut, peers: has('c') },
      mem: stopped,
      rule: 'S10',
      steps: ['releaseKey'],
    },
    {
      name: 'a synchronous one is named there already',
      request,
      cluster: voters('b', 'c'),
      more: { postgres: shut, peers: has('b', 'c') },
      mem: stopped,
      rule: 'S10',
    },
    {
      name: 'a write of /sync that may still land is settled first',
      request,
      cluster: voters('c'),
      more: { postgres: shut, peers: has('c'), unsettled: new Set(['sync'] as const) },
      mem: stopped,
      rule: 'S08',
    },
  ]);

  table([
    {
      name: 'leadership does not stay while a write that names the heirs may still land',
      request,
      cluster: { sync: { value: syncOf('a', ['b', 'c'], 1), revision: 30 } },
      more: { postgres: shut, peers: new Map(), unsettled: new Set(['sync'] as const) },
      mem: { switchover: { ...stopped.switchover, stoppedMs: NOW_MS - 6_000 } },
      rule: 'S18',
      steps: ['writeSync'],
    },
    {
      name: 'where the key is gone and the members carry the lead, none can land',
      request,
      cluster: { leader: undefined, sync: { value: syncOf('a', ['b', 'c'], 1), revision: 30 } },
      more: { postgres: shut, peers: new Map(), unsettled: new Set(['sync'] as const) },
      mem: { switchover: { ...stopped.switchover, stoppedMs: NOW_MS - 6_000 } },
      rule: 'S20',
    },
    {
      name: 'and stays once it is known what came of it',
      request,
      cluster: { sync: { value: syncOf('a', ['b', 'c'], 1), revision: 30 } },
      more: { postgres: shut, peers: new Map() },
      mem: { switchover: { ...stopped.switchover, stoppedMs: NOW_MS - 6_000 } },
      rule: 'S20',
    },
  ]);

  test.each([
    [60, ['writeFailover', 'startJob']],
    [61, ['startJob']],
  ])('leadership that stays answers the request that was tried, and no other: revision %i', (revision, steps) => {
    const decision = run({
      name: '',
      rule: '',
      cluster: { failover: { value: request, revision } },
      more: { postgres: shut, peers: new Map() },
      mem: { switchover: { ...stopped.switchover, stoppedMs: NOW_MS - 6_000 } },
    });
    expect(decision.plan.steps.map((step) => step.kind)).toEqual(steps);
  });

  test.each([
    ['lost before it was released', { kind: 'none' }, undefined, false],
    ['lost after it was released', { kind: 'none' }, NOW_MS - 10, true],
    ['the next one', held(11), NOW_MS - 10, false],
    ['the one that is handed over', held(10), undefined, true],
  ] as const)('what was stopped for one reign means something only in it: %s', (_, lease, releasedMs, stays) => {
    const mem = memory({ switchover: { ...stopped.switchover, releasedMs } });
    const decision = decide(observation({ postgres: standby(), lease, cluster: view({ leader: undefined }) }), mem);
    expect(decision.memory.switchover !== undefined).toBe(stays);
  });

  test('a crash in a later reign is no hand-over: whoever was the candidate once is not named an heir', () => {
    const decision = run({
      name: '',
      rule: '',
      cluster: {
        leader: leaderKey('a', 11),
        sync: { value: syncOf('a', ['b', 'c'], 1), revision: 30 },
        reign: { value: { name: 'a', timeline: 3 }, revision: 11 },
      },
      more: { postgres: down(), lease: held(11), peers: has('c') },
      mem: { ...stopped, servingReign: 11 },
    });
    expect({ rule: decision.rule, steps: decision.plan.steps.map((step) => step.kind) }).toEqual({
      rule: 'D20',
      steps: ['startJob'],
    });
  });

  test('the store goes silent: PostgreSQL does not stay down (known failure 69)', () => {
    const obs = observation({ postgres: shut, cluster: unknown('no answer') });
    const decision = decide(obs, memory({ ...stopped, silentSinceMs: NOW_MS - 3_000 }));
    expect({ rule: decision.rule, steps: decision.plan.steps.map((step) => step.kind) }).toEqual({
      rule: 'U20',
      steps: ['startJob'],
    });
  });

  test('no quorum is needed of whoever is known to have everything (known failure 19)', () => {
    const cluster = { sync: { value: syncOf('a', ['b', 'c'], 1), revision: 30 } };
    const { plan } = run({
      name: '',
      rule: '',
      request,
      cluster,
      more: { postgres: shut, peers: has('b', 'c') },
      mem: stopped,
    });
    expect(plan.steps).toMatchObject([{ kind: 'writeSync', value: { leader: 'a', voters: ['b', 'c'], quorum: 0 } }]);
  });

  test('whoever has not everything is not named', () => {
    const { plan } = run({
      name: '',
      rule: '',
      request,
      cluster: voters('b'),
      more: { postgres: shut, peers: has('c') },
      mem: stopped,
    });
    expect(plan.steps).toMatchObject([{ value: { voters: ['c'] } }]);
  });

  test('after the release the old leader waits for others only while there is somebody', () => {
    const released = { switchover: { ...stopped.switchover, releasedMs: NOW_MS - 100 }, servingReign: undefined };
    const one = (cluster: Partial<ClusterView>) =>
      run({
        name: '',
        rule: '',
        cluster: { leader: undefined, ...cluster },
        more: { postgres: shut, lease: { kind: 'none' } },
        mem: released,
      }).rule;
    expect(one({})).toBe('D30');
    expect(one({ members: [member('a')] })).toBe('D70');
    expect(one({ members: [member('a'), member('c', { tags: { nofailover: true } })] })).toBe('D70');
  });
});

test('a leader under another name takes /sync over from its old one (known failure 8)', () => {
  const cluster = {
    sync: { value: syncOf('old-name', ['b']), revision: 30 },
    config: configKey({ synchronous_mode: true }),
  };
  const { plan } = run({ name: '', rule: '', cluster });
  // Nobody is a voter of this leader before commits wait for it.
  const written = { leader: 'a', voters: [], quorum: 0 };
  expect(plan.steps.find((step) => step.kind === 'writeSync')).toMatchObject({ value: written });
});

describe('the member that a leader hands over to', () => {
  const stopping = (state: MemberData['state']) => [member('a', { state, role: 'primary' }), member('b'), member('c')];
  const patroniStopping = (): readonly Member[] => {
    const { kornak: _, ...data } = memberData({ state: 'stopping', role: 'primary' });
    return [{ ...member('a'), data }, member('b'), member('c')];
  };
  const seenBy = (
    me: string,
    more: { receiverRuns?: boolean; candidate?: string; members?: ClusterView['members'] },
  ) => {
    const { receiverRuns = false, candidate = 'b', members = stopping('stopping') } = more;
    const postgres = standby({ upstream: { host: 'a', port: 5432 }, receiverRuns, receiver: undefined });
    const failover = { value: { leader: 'a', candidate }, revision: 60 };
    const cluster = view({ leader: leaderKey('a'), failover, members });
    return decide(
      observation({ self: { ...observation().self, name: me }, postgres, cluster }),
      memory({ role: 'replica' }),
    );
  };

  test.each(['stopping', 'stopped'] as const)(
    'receives nothing more once the stream of a %s leader has ended',
    (state) => {
      const decision = seenBy('b', { members: stopping(state) });
      expect(decision.rule).toBe('R22');
      expect(decision.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'cutOff' } }]);
    },
  );

  test.each([
    ['while it streams', 'b', { receiverRuns: true }],
    ['while the leader serves', 'b', { members: stopping('running') }],
    ['from a Patroni leader, which says that it stops before it does', 'b', { members: patroniStopping() }],
    ['where another is named', 'c', {}],
  ])('goes on as before %s', (_, me, more) => {
    expect(seenBy(me, more).rule).not.toBe('R22');
  });
});
