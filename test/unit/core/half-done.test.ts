// What was begun and did not end as it should: each of these once lost data, made two primaries, or stood still for ever.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { FinishedJob, Job, RunningJob } from '../../../src/core/model/job.ts';
import type { Decision, StepKind } from '../../../src/core/model/plan.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { unknown } from '../../../src/core/model/seen.ts';
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

const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
const ledByB = view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' }), member('c')] });

function failed(job: Job, why = 'it did not work'): FinishedJob {
  return { job, outcome: { kind: 'failed', why }, startedMs: NOW_MS - 1_000, endedMs: NOW_MS };
}

function done(job: Job): FinishedJob {
  return { job, outcome: { kind: 'done', facts: {} }, startedMs: NOW_MS - 1_000, endedMs: NOW_MS };
}

function running(job: Job, forMs: number): RunningJob {
  return {
    job,
    startedMs: NOW_MS - forMs,
    deadlineMs: NOW_MS + 60_000,
    progress: undefined,
    cancelled: false,
  };
}

const stepsOf = ({ plan }: Decision): readonly StepKind[] => plan.steps.map((step) => step.kind);

describe('a candidate that could not lead', () => {
  const vacancy = view({ pledges: [pledgeOf('a', 1000), pledgeOf('c', 900)] });
  const promote: Job = { kind: 'promote', reign: 9, aboveTimeline: 1, settings };

  test('does not take the key while its guard does not answer: it would have to give it back, again and again', () => {
    const guard = { kind: 'unanswered', why: 'no guard' } as const;
    const decision = decide(observation({ postgres: standby(), vacancy: RELEASED, cluster: vacancy, guard }), memory());
    expect(stepsOf(decision)).toEqual([]);
  });

  test('lets others go first after a promotion that failed', () => {
    const obs = observation({ postgres: standby(), vacancy: RELEASED, cluster: vacancy, ended: failed(promote) });
    const first = decide(obs, memory());
    expect(stepsOf(first)).toEqual([]);
    const later = observation({ postgres: standby(), vacancy: RELEASED, cluster: vacancy, nowMs: NOW_MS + 60_000 });
    expect(stepsOf(decide(later, first.memory))).toEqual(['takeKey']);
  });

  test('but tries once more at once under the lease it still holds', () => {
    const cluster = view({ leader: leaderKey('a'), reign: { value: { name: 'a', timeline: 2 }, revision: 10 } });
    const decision = decide(
      observation({ postgres: standby(), lease: held(), cluster, ended: failed(promote) }),
      memory(),
    );
    expect(decision.rule).toBe('L40');
  });
});

describe('a standby that does not come up', () => {
  const rewound = postgres({
    data: { kind: 'cluster', control: control({ state: 'in archive recovery' }), standbySignal: true },
    starting: true,
    sql: unknown('the database system is starting up'),
  });
  const start: Job = { kind: 'startStandby', follow: undefined, settings };
  const fromB: Job = {
    kind: 'startStandby',
    follow: { member: 'b', upstream: { host: 'b', port: 5432 }, slot: 'a' },
    settings,
  };
  const startedAlone = { startedFollowing: undefined, role: 'replica', startingSinceMs: NOW_MS - 30_000 } as const;

  test('because it needs WAL of a leader it was started without: the start is ended', () => {
    const obs = observation({ postgres: rewound, cluster: ledByB, job: running(start, 30_000) });
    expect(stepsOf(decide(obs, memory(startedAlone)))).toEqual(['cancelJob']);
  });

  test('and the server is stopped, to be started with the leader of today', () => {
    const obs = observation({ postgres: rewound, cluster: ledByB });
    const decision = decide(obs, memory(startedAlone));
    expect(decision.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'stop' } }]);
  });

  test('is given its time where it follows the leader already, or has only just begun', () => {
    const follows = observation({ postgres: rewound, cluster: ledByB, job: running(fromB, 30_000) });
    expect(stepsOf(decide(follows, memory({ startedFollowing: 'b', role: 'replica' })))).toEqual([]);
    const young = observation({ postgres: rewound, cluster: ledByB, job: running(start, 1_000) });
    expect(stepsOf(decide(young, memory(startedAlone)))).toEqual([]);
    const left = observation({ postgres: rewound, cluster: ledByB });
    expect(stepsOf(decide(left, memory({ startedFollowing: 'b', role: 'replica' })))).toEqual([]);
  });

  test('does not keep the leader lease for the hour that its start may take', () => {
    const obs = observation({
      postgres: rewound,
      lease: held(),
      cluster: view({ leader: leaderKey('a') }),
      job: running(start, 400_000),
    });
    const mem = memory({ role: 'replica', startingSinceMs: NOW_MS - 301_000 });
    expect(decide(obs, mem).plan.verdict.kind).toBe('withhold');
  });
});

describe('a bootstrap that failed after initdb', () => {
  const mine = view({
    initialize: { value: '', revision: 5 },
    bootstrapper: 'a',
    config: { value: undefined, raw: undefined, revision: 0 },
    reign: { value: undefined, revision: 0 },
    members: [],
  });
  const job: Job = { kind: 'bootstrap', settings };
  const left = postgres({ postmaster: undefined, data: { kind: 'unfinished', work: 'bootstrap' } });
  const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });

  test('is given up once what it left is put aside, instead of begun again for ever', () => {
    const first = decide(observation({ postgres: left, cluster: mine, ended: failed(job) }), memory());
    const second = decide(observation({ postgres: left, cluster: mine, nowMs: NOW_MS + 10_000 }), first.memory);
    expect(second.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'setAside' } }]);
    const ended = done({ kind: 'setAside', work: 'bootstrap' });
    const third = decide(observation({ postgres: empty, cluster: mine, nowMs: NOW_MS + 11_000, ended }), second.memory);
    expect(stepsOf(third)).toEqual(['cancelInitialize', 'exit']);
  });

  test('is begun again where only the agent went', () => {
    const ended = done({ kind: 'setAside', work: 'bootstrap' });
    expect(decide(observation({ postgres: empty, cluster: mine, ended }), memory()).rule).toBe('B50');
  });
});

describe('a release of a switchover whose outcome is not known', () => {
  const switchover = {
    reign: 10,
    revision: 60,
    candidate: 'b',
    shutdownLsn: at(1100),
    stoppedMs: NOW_MS - 6_000,
    releasedMs: NOW_MS - 2_000,
  };
  const wanted = view({ leader: leaderKey('a'), failover: { value: { leader: 'a', candidate: 'b' }, revision: 60 } });

  test('is tried again, and PostgreSQL is not started beside a successor', () => {
    const obs: Observation = observation({
      postgres: down({ state: 'shut down' }),
      lease: held(),
      cluster: wanted,
      undone: 'releaseKey',
    });
    expect(stepsOf(decide(obs, memory({ switchover, servingReign: 10 })))).toEqual(['releaseKey']);
  });
});

test('a reign is carried on although /config means nothing', () => {
  const obs = observation({
    postgres: primary(),
    cluster: view({ leader: leaderKey('a'), config: { value: undefined, raw: undefined, revision: 9 } }),
    guard: { kind: 'armed', reign: 10, leaseId: 'lease-leader', deadlineMs: NOW_MS + 2_000 },
  });
  expect(decide(obs, memory({ appliedConfig: undefined })).plan.steps).toMatchObject([
    { kind: 'adoptKey', ttlMs: 6_000 },
  ]);
});

test('a standby takes up its slot when slots are switched on', () => {
  const upstream = { host: 'b', port: 5432 };
  const receiver = { status: 'streaming', upstream, slot: undefined, timeline: 1 };
  const obs = observation({
    postgres: standby({ upstream, receiverRuns: true, receiver, slots: [] }),
    cluster: ledByB,
  });
  expect(decide(obs, memory()).rule).toBe('R40');
  const off = { ...ledByB, config: configKey({ postgresql: { use_slots: false } }) };
  expect(decide({ ...obs, cluster: { kind: 'seen', value: off, atMs: NOW_MS } }, memory()).rule).toBe('R90');
});

test('a rewind that ended well and changed nothing is not repeated for ever', () => {
  const cluster = {
    ...ledByB,
    members: [member('a'), member('b', { role: 'primary', timeline: 2 })],
    history: { value: [{ timeline: 1, lsn: at(900), reason: 'r' }], revision: 11 },
  };
  const from = { member: 'b', upstream: { host: 'b', port: 5432 }, slot: 'a' };
  let mem = memory({ role: 'replica' });
  const jobs: string[] = [];
  const recorded = { recorded: { id: '1', verdict: 'diverged', isHeld: false } } as const;
  const recording = {
    kind: 'recordDivergence',
    from,
    cause: 'rewind',
    reason: 'r',
    hold: false,
    mayBeAcknowledged: true,
  } as const;
  for (let round = 0; round < 6; round += 1) {
    const diverged = down({ state: 'shut down', checkpointLsn: at(1000) }, true);
    const rewound = done({ kind: 'rewind', from, settings, record: '1' });
    const written = { ...done(recording), outcome: { kind: 'done', facts: recorded } } as const;
    const ended = round === 0 ? undefined : round % 2 === 1 ? written : rewound;
    const decision = decide(observation({ postgres: diverged, cluster, ended }), mem);
    jobs.push(...decision.plan.steps.map((step) => (step.kind === 'startJob' ? step.job.kind : step.kind)));
    mem = decision.memory;
  }
  const each = ['recordDivergence', 'rewind'];
  expect(jobs).toEqual([...each, ...each, 'recordDivergence', 'setAside']);
});

test('members whose names give one slot are no synchronous standbys', () => {
  const senders = [sender('b'), sender('B', { slot: 'b' })];
  const names = { names: 'b', synchronousCommit: 'on', checkpointerIdleSinceReload: true };
  const cluster = view({
    leader: leaderKey('a'),
    members: [member('a'), member('b'), member('B')],
    sync: { value: syncOf('a', ['b']), revision: 30 },
    config: configKey({ synchronous_mode: true }),
  });
  const obs = observation({ postgres: primary({ senders, sync: names }), lease: held(), cluster });
  expect(decide(obs, memory({ servingReign: 10, checkpointReign: 10, historyReign: 10 })).plan.steps).toMatchObject([
    { kind: 'writeSync', value: { leader: 'a', voters: [] } },
    { kind: 'applySettings' },
    { kind: 'writeStatus' },
  ]);
});
