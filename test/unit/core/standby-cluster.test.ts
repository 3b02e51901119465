// A cluster that follows another one: who leads it writes nothing, and what was a primary is one no more.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import type { Job } from '../../../src/core/model/job.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { seen, unknown } from '../../../src/core/model/seen.ts';
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
  peerStatus,
  physicalSlot,
  pledgeOf,
  postgres,
  primary,
  sender,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';
import { type RuleCase, ruleTable } from '../../support/rule-cases.ts';

const SECTION = { host: 'far', port: 5433, primary_slot_name: 'Near' };
const RAW = { standby_cluster: SECTION };
const GIVEN = 'far:5433 near';
const FAR = { host: 'far', port: 5433 };

const ofStandby = (more: Partial<ClusterView> = {}): ClusterView =>
  view({
    config: configKey(RAW),
    leader: leaderKey('a'),
    members: [member('a', { role: 'standby_leader' }), member('b'), member('c')],
    ...more,
  });
const armed = { kind: 'armed', reign: 10, leaseId: 'lease-leader', deadlineMs: NOW_MS + 4_000 } as const;
const streaming = { status: 'streaming', upstream: FAR, slot: 'near', timeline: 1 } as const;
const following = (more = {}) => standby({ upstream: FAR, receiver: streaming, receiverRuns: true, ...more });
const leads = (more: Partial<Omit<Observation, 'cluster'>> & { cluster?: ClusterView } = {}): Observation =>
  observation({ postgres: following(), lease: held(10, { unguarded: true }), cluster: ofStandby(), ...more });
/** Nothing is left to be done. */
const settled: Partial<Memory> = {
  remoteGiven: GIVEN,
  appliedConfig: 4,
  appliedLocal: 0,
  statusAtMs: NOW_MS,
  nudgedMs: NOW_MS,
};
const quiet: Partial<ClusterView> = {
  status: { optime: at(1000), slots: { a: at(1000), b: at(900), c: at(900) }, retainSlots: ['a', 'b', 'c'] },
};
const wasPrimary = down({ state: 'shut down', checkpointLsn: at(950) }, true);
const noSync = { value: syncOf(undefined), revision: 0 };
const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });
const newborn: Partial<ClusterView> = { leader: undefined, members: [], reign: { value: undefined, revision: 0 } };
const mine = { ...newborn, initialize: { value: '', revision: 9 }, bootstrapper: 'a' };

function jobOf(obs: Observation, mem: Partial<Memory> = {}): Job | undefined {
  const step = decide(obs, memory(mem)).plan.steps.find(({ kind }) => kind === 'startJob');
  return step?.kind === 'startJob' ? step.job : undefined;
}

const DEMOTION: readonly RuleCase[] = [
  {
    name: 'a primary is stopped, and the key kept',
    obs: leads({ postgres: primary(), lease: held(), guard: armed }),
    rule: 'C10',
    steps: ['startJob'],
  },
  {
    name: 'the checkpoint under way is ended first',
    obs: leads({
      postgres: primary(),
      lease: held(),
      job: { job: { kind: 'checkpoint' }, startedMs: 0, deadlineMs: NOW_MS + 9, progress: undefined, cancelled: false },
    }),
    rule: 'C10',
    steps: ['cancelJob'],
  },
  {
    name: 'in pause the primary goes on',
    obs: leads({
      postgres: primary(),
      cluster: ofStandby({ config: configKey({ ...RAW, pause: true }), ...quiet }),
    }),
    mem: { ...settled, checkpointReign: 10, historyReign: 10, servingReign: 10 },
    rule: 'Y60',
    steps: ['notePause'],
  },
  {
    name: 'stopped: the guard stands down',
    obs: leads({ postgres: wasPrimary, lease: held() }),
    rule: 'C15',
    steps: ['standDown'],
  },
  {
    name: 'a former primary asks the other cluster where they part before it follows',
    obs: leads({ postgres: wasPrimary }),
    rule: 'D55',
    steps: ['startJob'],
  },
  {
    name: 'nothing parts: it is started, following the other cluster',
    obs: leads({ postgres: wasPrimary }),
    mem: { recorded: { id: '1', verdict: 'none', isHeld: false, leader: 'far:5433', atMs: NOW_MS } },
    rule: 'D70',
    steps: ['startJob'],
  },
  {
    name: 'the other cluster cannot be asked: it is started, and keeps what it has',
    obs: leads({ postgres: wasPrimary }),
    mem: { remoteUnasked: true },
    rule: 'D70',
    steps: ['startJob'],
  },
  {
    name: 'its WAL parts: /sync goes before it is given up',
    obs: leads({ postgres: wasPrimary, cluster: ofStandby({ sync: { value: syncOf('a', ['b']), revision: 6 } }) }),
    mem: { recorded: { id: '1', verdict: 'diverged', isHeld: false, leader: 'far:5433', atMs: NOW_MS } },
    rule: 'D54',
    steps: ['deleteSync'],
  },
  {
    name: 'its WAL parts: rewound to the other cluster',
    obs: leads({
      postgres: wasPrimary,
      cluster: ofStandby({ sync: noSync, config: configKey({ ...RAW, postgresql: { use_pg_rewind: true } }) }),
    }),
    mem: { recorded: { id: '1', verdict: 'diverged', isHeld: false, leader: 'far:5433', atMs: NOW_MS } },
    rule: 'D60',
    steps: ['startJob'],
  },
  {
    name: 'one that crashed is recovered first, to know where its WAL ends',
    obs: leads({ postgres: down({ state: 'in production' }) }),
    rule: 'D50',
    steps: ['startJob'],
  },
  {
    name: 'what crashed while it was a primary is not started as one',
    obs: leads({ postgres: down({ state: 'shut down' }) }),
    mem: { servingReign: 10, remoteUnasked: true },
    rule: 'D70',
    steps: ['startJob'],
  },
];

/** The section came and went while PostgreSQL was down for a switchover. */
const stopped = {
  reign: 10,
  revision: 7,
  candidate: 'b',
  shutdownLsn: at(950),
  stoppedMs: NOW_MS - 9_000,
  releasedMs: undefined,
};
const CHANGED_MIND: readonly RuleCase[] = [
  {
    name: 'what was stopped before is started as a standby',
    obs: leads({ postgres: down({ state: 'shut down' }), cluster: ofStandby({ config: configKey() }) }),
    mem: { standbyLedMs: NOW_MS - 1_000 },
    rule: 'D70',
    steps: ['startJob'],
  },
  {
    name: 'leadership is not taken back from a switchover under it',
    obs: leads({ postgres: down({ state: 'shut down' }), cluster: ofStandby({ config: configKey() }) }),
    mem: { standbyLedMs: NOW_MS - 1_000, switchover: stopped },
    rule: 'D70',
    steps: ['startJob'],
  },
  {
    name: 'nor is what crashed started again',
    obs: leads({ postgres: down({ state: 'in production' }), cluster: ofStandby({ config: configKey() }) }),
    mem: { standbyLedMs: NOW_MS - 1_000, servingReign: 10 },
    rule: 'D70',
    steps: ['startJob'],
  },
];

const LEADING: readonly RuleCase[] = [
  { name: 'it follows the other cluster', obs: leads({ postgres: standby() }), rule: 'C40', steps: ['startJob'] },
  {
    name: 'another slot there is told to the server',
    obs: leads(),
    mem: { ...settled, remoteGiven: 'far:5433 ' },
    rule: 'C40',
    steps: ['startJob'],
  },
  {
    name: 'who streams by another slot than it was told, as one whose telling failed does, is told again',
    obs: leads({ postgres: following({ receiver: { ...streaming, slot: 'old' } }) }),
    mem: settled,
    rule: 'C40',
    steps: ['startJob'],
  },
  {
    name: 'replay that was paused goes on',
    obs: leads({ postgres: following({ replayPaused: true }) }),
    mem: settled,
    rule: 'C45',
    steps: ['resumeReplay'],
  },
  {
    name: 'a changed configuration is applied',
    obs: leads(),
    mem: { ...settled, appliedConfig: 3 },
    rule: 'C50',
    steps: ['applySettings'],
  },
  {
    name: 'connected to nobody: asked to try again',
    obs: leads({ postgres: standby({ upstream: FAR }) }),
    mem: { ...settled, nudgedMs: 0 },
    rule: 'C60',
    steps: ['applySettings'],
  },
  {
    name: '/sync is deleted once the other cluster is followed, and the position told',
    obs: leads({ cluster: ofStandby({ sync: { value: syncOf('a', ['b']), revision: 6 } }) }),
    mem: { ...settled, statusAtMs: 0 },
    rule: 'C70',
    steps: ['deleteSync', 'writeStatus'],
  },
  {
    name: '/sync stands as long as the other cluster is not followed',
    obs: leads({
      postgres: standby({ upstream: FAR }),
      cluster: ofStandby({ ...quiet, sync: { value: syncOf('a', ['b']), revision: 6 } }),
    }),
    mem: settled,
    rule: 'C90',
    steps: [],
  },
  {
    name: 'the slots of the others are made',
    obs: leads({ postgres: following({ slots: [physicalSlot('b')] }) }),
    mem: settled,
    rule: 'C70',
    steps: ['writeStatus', 'createSlot'],
  },
  {
    name: 'what parts from the other cluster is stopped to be mended',
    obs: leads({
      postgres: { ...standby({ upstream: FAR }), trouble: { kind: 'diverged', text: 'new timeline 2 forked off' } },
    }),
    mem: {
      ...settled,
      notStreamingSinceMs: NOW_MS - 20_000,
      progress: { receivedLsn: at(1000), replayedLsn: at(1000), atMs: NOW_MS - 20_000 },
    },
    rule: 'M40',
    steps: [],
  },
  {
    name: 'stopped, to be copied from the other cluster',
    obs: leads({ postgres: standby({ upstream: FAR }) }),
    mem: { ...settled, reclone: { cause: 'walRemoved', why: 'gone', fromLeader: false } },
    rule: 'M20',
    steps: ['startJob'],
  },
  {
    name: 'without data it copies the other cluster, under its key',
    obs: leads({ postgres: empty }),
    rule: 'C80',
    steps: ['startJob'],
  },
  {
    name: 'a start that cannot end is ended',
    obs: leads({
      postgres: {
        ...postgres({
          data: { kind: 'cluster', control: control({ state: 'in archive recovery' }), standbySignal: true },
          starting: true,
        }),
        trouble: { kind: 'walRemoved', text: 'requested WAL segment has already been removed' },
      },
    }),
    mem: { startingSinceMs: NOW_MS - 20_000 },
    rule: 'M30',
    steps: ['startJob'],
  },
  {
    name: 'PostgreSQL comes up',
    obs: leads({
      postgres: postgres({
        starting: true,
        data: { kind: 'cluster', control: control({ state: 'in archive recovery' }), standbySignal: true },
      }),
    }),
    rule: 'C90',
    steps: [],
  },
];

const OTHERS: readonly RuleCase[] = [
  {
    name: 'the most advanced takes the vacant key',
    obs: observation({
      postgres: standby(),
      cluster: ofStandby({
        leader: undefined,
        members: [member('a'), member('b'), member('c')],
        pledges: [pledgeOf('a', 1000), pledgeOf('b', 900), pledgeOf('c', 900)],
      }),
      vacancy: { sinceMs: NOW_MS - 100, previous: { name: 'b', reign: 10, leaseTtlMs: 6_000 }, manner: 'released' },
    }),
    mem: { pledge: { reign: 10, position: { timeline: 1, lsn: at(1000) } }, candidateSinceMs: NOW_MS - 100 },
    rule: 'V80',
    steps: ['takeKey'],
  },
  {
    name: 'paused, and the key ran out: nobody is turned to another upstream (known failure 56)',
    obs: observation({
      postgres: { ...standby({ upstream: { host: 'b', port: 5432 } }), pauseNoted: true },
      cluster: ofStandby({ leader: undefined, config: configKey({ ...RAW, pause: true }) }),
    }),
    rule: 'Y80',
    steps: [],
  },
  {
    name: 'a replica follows the leader of the standby cluster, whatever /history tells',
    obs: observation({
      postgres: standby({ timeline: 1 }),
      cluster: ofStandby({
        leader: leaderKey('b'),
        members: [member('a'), member('b', { role: 'standby_leader', timeline: 2 })],
      }),
    }),
    rule: 'R40',
    steps: ['startJob'],
  },
  {
    name: 'one that ended on another timeline asks the leader where it came from',
    obs: observation({
      postgres: down({ state: 'shut down in recovery', minRecoveryEndLsn: at(900), minRecoveryEndTimeline: 1 }, true),
      cluster: ofStandby({
        leader: leaderKey('b'),
        members: [member('a'), member('b', { role: 'standby_leader', timeline: 2 })],
      }),
    }),
    rule: 'D55',
    steps: ['startJob'],
  },
];

const BIRTH: readonly RuleCase[] = [
  {
    name: 'the other cluster is copied by whoever has the right to initialise',
    obs: observation({ postgres: empty, cluster: ofStandby(mine) }),
    rule: 'C80',
    steps: ['startJob'],
  },
  {
    name: 'a copy that failed gives the right back',
    obs: observation({ postgres: empty, cluster: ofStandby(mine) }),
    mem: { cloneTries: 1, holdOffMs: NOW_MS + 900 },
    rule: 'C75',
    steps: ['cancelInitialize'],
  },
  {
    name: 'and leaves it to others for a while',
    obs: observation({
      postgres: empty,
      cluster: ofStandby({ ...newborn, initialize: { value: undefined, revision: 0 } }),
    }),
    mem: { cloneTries: 1, holdOffMs: NOW_MS + 900 },
    rule: 'C77',
    steps: [],
  },
  {
    name: 'the copy is whole: its key is taken before it is started',
    obs: observation({
      postgres: postgres({
        postmaster: undefined,
        data: { kind: 'cluster', control: control(), standbySignal: true, backupLabel: true },
      }),
      cluster: ofStandby(mine),
    }),
    rule: 'C85',
    steps: ['takeKey'],
  },
];

const PROMOTION: readonly RuleCase[] = [
  {
    name: 'its reign ends, for a primary to be elected in another',
    obs: leads({ cluster: ofStandby({ config: configKey() }) }),
    mem: { standbyLedMs: NOW_MS - 1_000 },
    rule: 'C25',
    steps: ['releaseKey'],
  },
  {
    name: 'whoever is elected then is promoted under a guard',
    obs: leads({
      lease: held(),
      postgres: standby(),
      cluster: ofStandby({ config: configKey(), reign: { value: { name: 'a', timeline: 2 }, revision: 10 } }),
    }),
    rule: 'L40',
    steps: ['startJob'],
  },
  {
    name: 'in pause nobody is promoted',
    obs: leads({
      postgres: { ...following(), pauseNoted: true },
      cluster: ofStandby({ config: configKey({ pause: true }) }),
    }),
    mem: { standbyLedMs: NOW_MS - 1_000 },
    rule: 'C20',
    steps: [],
  },
  {
    name: 'one that people have promoted is guarded at once',
    obs: leads({ postgres: primary() }),
    mem: { standbyLedMs: NOW_MS - 1_000 },
    rule: 'Y85',
    steps: ['armGuard'],
  },
];

const request = { value: { leader: 'a', candidate: 'b' }, revision: 7 };
const reachable = new Map([['b', seen(peerStatus(), NOW_MS)]]);
const withB = following({ senders: [sender('b')] });

const HANDING_OVER: readonly RuleCase[] = [
  {
    name: 'the candidate is asked first',
    obs: leads({ postgres: withB, cluster: ofStandby({ failover: request }) }),
    mem: settled,
    rule: 'S35',
    steps: [],
  },
  {
    name: 'the key is released, and nothing stopped',
    obs: leads({ postgres: withB, cluster: ofStandby({ failover: request }), peers: reachable }),
    mem: settled,
    rule: 'C30',
    steps: ['releaseKey'],
  },
  {
    name: 'refused to whom does not stream from here',
    obs: leads({ cluster: ofStandby({ failover: request }), peers: reachable }),
    mem: settled,
    rule: 'S30',
    steps: ['writeFailover'],
  },
];

describe('a primary of what is a standby cluster now', () => {
  ruleTable(DEMOTION);

  test('is not started again as one while the store is silent', () => {
    const obs = { ...leads({ postgres: down({ state: 'in production' }), lease: held() }), cluster: unknown('silent') };
    const before = memory({ servingReign: 10, syncNamesSeen: '', lastConfig: ofStandby().config.value });
    expect(decide(obs, before).rule).toBe('U30');
    expect(decide(obs, { ...before, lastConfig: configKey().value }).rule).toBe('U15');
  });

  test('the server is stopped to be a standby', () => {
    expect(jobOf(leads({ postgres: primary(), lease: held(), guard: armed }))).toMatchObject({
      kind: 'stop',
      mode: 'fast',
      asStandby: true,
    });
  });
});

describe('a reign that was once a standby cluster’s', () => {
  ruleTable(CHANGED_MIND);

  test('is that of a primary as long as nothing was demoted', () => {
    const obs = leads({ postgres: primary(), lease: held(), guard: armed });
    const before = memory({ ...settled, lastConfig: ofStandby().config.value });
    expect(decide(obs, before).memory.standbyLedMs).toBeUndefined();
    expect(decide(leads(), before).memory.standbyLedMs).toBe(NOW_MS);
  });
});

describe('the leader of a standby cluster', () => {
  ruleTable(LEADING);

  test('is told the slot there, and a name that is no member of the other cluster', () => {
    expect(jobOf(leads({ postgres: standby() }))).toMatchObject({
      kind: 'follow',
      follow: { upstream: FAR, slot: 'near', remote: { applicationName: 'demo/a' } },
    });
  });

  test('has nothing to do, renews without a guard, and says what it is', () => {
    const decision = decide(
      leads({ cluster: ofStandby(quiet) }),
      memory({ ...settled, slots: { ...memory().slots, membersSeen: undefined } }),
    );
    const again = decide(leads({ cluster: ofStandby(quiet) }), { ...decision.memory, statusAtMs: NOW_MS });
    expect([decision.plan.verdict.kind, decision.plan.publish?.role]).toEqual(['renew', 'standby_leader']);
    expect([again.rule, again.why]).toEqual(['C90', 'no action. I am (a), the standby leader with the lock']);
    expect(decision.plan.publish).not.toHaveProperty('checkpointAfterPromote');
  });

  test('goes on without a word from the store, and is no leader any more once its lease is gone', () => {
    const lost = decide(
      leads({ lease: { kind: 'none' }, cluster: ofStandby({ leader: leaderKey('b') }) }),
      memory({
        ...settled,
        callbacks: { role: 'standby_leader', server: { pid: 42, startTicks: 4242 }, restarting: false },
      }),
    );
    expect(lost.plan.steps.map(({ kind }) => kind)).not.toContain('fence');
    expect(lost.plan.callbacks).toEqual([{ action: 'on_role_change', role: 'replica' }]);
    const silent = decide({ ...leads(), cluster: unknown('silent') }, memory({ lastConfig: ofStandby().config.value }));
    expect([silent.rule, silent.plan.steps]).toEqual(['U30', []]);
  });

  test('is told of to the callbacks', () => {
    const decision = decide(
      leads(),
      memory({ ...settled, callbacks: { role: 'replica', server: { pid: 42, startTicks: 4242 }, restarting: false } }),
    );
    expect(decision.plan.callbacks).toEqual([{ action: 'on_role_change', role: 'standby_leader' }]);
  });

  test('gets the recovery settings of the section, and the delay, which the others do not get', () => {
    const raw = {
      standby_cluster: {
        restore_command: 'cp %f %p',
        archive_cleanup_command: 'true',
        recovery_min_apply_delay: '5min',
      },
    };
    const leader = jobOf(leads({ postgres: standby(), cluster: ofStandby({ config: configKey(raw) }) }));
    expect(leader).toMatchObject({
      kind: 'follow',
      follow: undefined,
      settings: {
        recovery: { restore_command: 'cp %f %p', archive_cleanup_command: 'true', recovery_min_apply_delay: '5min' },
      },
    });
    const members = [member('a'), member('b', { role: 'standby_leader' })];
    const cluster = ofStandby({ leader: leaderKey('b'), members, config: configKey(raw) });
    const replica = jobOf(observation({ postgres: standby(), cluster }));
    expect(replica).toMatchObject({ kind: 'follow', follow: { member: 'b' } });
    expect(replica).toHaveProperty('settings.recovery', {
      restore_command: 'cp %f %p',
      archive_cleanup_command: 'true',
    });
  });

  test('is restarted as what it is', () => {
    const wish = { role: 'standby_leader' } as const;
    const job = jobOf(leads({ requests: [{ kind: 'restart', id: 1, wish }] }), settled);
    expect(job).toMatchObject({ kind: 'restart', role: 'standby', follow: { upstream: FAR } });
  });
});

describe('the other members', () => {
  ruleTable(OTHERS);

  test('nobody is to guard a reign that writes nothing', () => {
    const [first] = OTHERS;
    const step = first === undefined ? undefined : decide(first.obs, memory(first.mem)).plan.steps[0];
    // Nor does it claim a timeline: the last one that anybody claimed stays so.
    expect(step).toMatchObject({ kind: 'takeKey', takeOver: { unguarded: true, timeline: 1 } });
  });
});

const copying = (from: string) => ({
  job: {
    kind: 'clone' as const,
    from: { member: from, upstream: FAR, slot: undefined, remote: { applicationName: 'demo/a' } },
    settings: { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false },
  },
  startedMs: NOW_MS - 500,
  deadlineMs: NOW_MS + 9_000,
  progress: undefined,
  cancelled: false,
});

describe('the first member', () => {
  ruleTable(BIRTH);

  test.each([
    ['far:5433', 'J20'],
    ['elsewhere:5433', 'J10'],
  ])('copies from %s, as far as the configuration names it: %s', (from, rule) => {
    const obs = observation({ postgres: empty, cluster: ofStandby(mine), job: copying(from) });
    expect(decide(obs, memory()).rule).toBe(rule);
  });
});

describe('a cluster that stands by no more', () => {
  ruleTable(PROMOTION);

  test('has as long as any other to be promoted', () => {
    const obs = leads({
      lease: held(10, { takenMs: NOW_MS - 9_000_000 }),
      cluster: ofStandby({ config: configKey() }),
    });
    expect(decide(obs, memory({ standbyLedMs: NOW_MS - 1_000 })).plan.verdict.kind).toBe('renew');
    expect(decide(obs, memory()).plan.verdict.kind).toBe('withhold');
  });
});

describe('a switchover within it', () => {
  ruleTable(HANDING_OVER);
});
