// Each rung of the ladder by which a member comes back, and each way off it.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import { LIMITS } from '../../../src/core/decide/limits.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import type { Job, RunningJob } from '../../../src/core/model/job.ts';
import type { LocalPostgres } from '../../../src/core/model/local-postgres.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation, PeerStatus } from '../../../src/core/model/observation.ts';
import { type Seen, seen } from '../../../src/core/model/seen.ts';
import {
  at,
  configKey,
  down,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  postgres,
  primary,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

/** b leads timeline 2, which left timeline 1 at 900. */
function ledByB(more: Partial<ClusterView> = {}): ClusterView {
  return view({
    leader: leaderKey('b'),
    members: [member('a', { timeline: 1 }), member('b', { role: 'primary', timeline: 2 })],
    history: { value: [{ timeline: 1, lsn: at(900), reason: 'r' }], revision: 11 },
    status: { optime: undefined, slots: { a: at(0) }, retainSlots: [] },
    ...more,
  });
}

const LONG_AGO = NOW_MS - 60_000;
const upstream = { host: 'b', port: 5432 };
const diverged = down({ state: 'shut down', checkpointLsn: at(1000), checkpointEndLsn: at(1050) }, true);
const note = { id: '7', verdict: 'diverged', isHeld: false, leader: 'b', atMs: NOW_MS - 100 } as const;
const trouble = (kind: 'walRemoved' | 'credentials' | 'diverged' | 'broken') => ({ kind, text: `${kind} it says` });
const cut = (more: Partial<LocalPostgres> = {}): LocalPostgres => ({ ...standby({ upstream, timeline: 2 }), ...more });
const idle = {
  notStreamingSinceMs: LONG_AGO,
  nudgedMs: NOW_MS,
  progress: { receivedLsn: at(1000), replayedLsn: at(1000), atMs: LONG_AGO },
};

function ruled(obs: Parameters<typeof observation>[0], mem: Partial<Memory> = {}) {
  const decision = decide(observation({ cluster: ledByB(), ...obs }), memory({ role: 'replica', ...mem }));
  const [first] = decision.plan.steps;
  const job = decision.plan.steps.find((step) => step.kind === 'startJob')?.job;
  return { ...decision, first, job };
}

function running(job: Job, forMs: number): RunningJob {
  return { job, startedMs: NOW_MS - forMs, deadlineMs: NOW_MS + 60_000, progress: undefined, cancelled: false };
}

describe('what diverged', () => {
  test('is recorded before anything else is done with it', () => {
    const { rule, job } = ruled({ postgres: diverged });
    expect([rule, job?.kind]).toEqual(['D55', 'recordDivergence']);
    expect(job).toMatchObject({ cause: 'rewind', hold: false, mayBeAcknowledged: true });
  });

  test('is not given up while /sync counts on it', () => {
    const cluster = ledByB({ sync: { value: syncOf('b', ['A']), revision: 30 } });
    const { rule, plan, memory: after } = ruled({ postgres: diverged, cluster });
    expect([rule, plan.steps]).toEqual(['D54', []]);
    expect(after.healing?.why).toContain('/sync');
  });

  test('is rewound once it is recorded', () => {
    const { rule, job, events } = ruled({ postgres: diverged }, { recorded: note });
    expect([rule, job?.kind]).toEqual(['D60', 'rewind']);
    expect(job).toMatchObject({ record: '7' });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'member.healing' }));
  });

  test.each([
    ['what parts is recorded anew', 'diverged', {}, undefined],
    ['that nothing parts stays true', 'none', {}, 'none'],
    ['all of it is recorded anew', 'none', { reclone: { cause: 'refused', why: '', fromLeader: false } }, undefined],
  ] as const)('once a server has run on the data, %s', (_, verdict, mem, left) => {
    const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
    const ended = {
      job: { kind: 'startStandby', follow: undefined, settings },
      outcome: { kind: 'failed', why: 'killed' },
      startedMs: NOW_MS - 50,
      endedMs: NOW_MS,
    } as const;
    const { memory: after } = ruled({ postgres: diverged, ended }, { recorded: { ...note, verdict }, ...mem });
    expect(after.recorded?.verdict).toBe(left);
  });

  test('waits for the checkpoint after the leader’s promotion', () => {
    const members = [member('a'), member('b', { role: 'primary', timeline: 2, checkpointAfterPromote: false })];
    const { rule, plan } = ruled({ postgres: diverged, cluster: ledByB({ members }) }, { recorded: note });
    expect([rule, plan.steps]).toEqual(['D60', []]);
  });

  test.each([
    ['pg_rewind failed too often', {}, { rewindTries: LIMITS.rewindTries }],
    ['pg_rewind is off', { self: { ...observation().self, overrides: { usePgRewind: false } } }, {}],
    [
      'pg_control does not permit it',
      { postgres: down({ state: 'shut down', checkpointLsn: at(1000), rewindable: false }, true) },
      {},
    ],
  ] as const)('is put aside where %s', (_, obs, mem) => {
    const { rule, job } = ruled({ postgres: diverged, ...obs }, { recorded: note, ...mem });
    expect([rule, job]).toEqual(['D60', { kind: 'setAside', work: 'diverged', record: '7' }]);
  });

  test('is held until people discard it, and looked at again at an easy pace', () => {
    const isHeld = { ...note, isHeld: true };
    const cluster = ledByB({ config: configKey({ kornak: { divergence: 'hold' } }) });
    const waits = ruled({ postgres: diverged, cluster }, { recorded: isHeld });
    expect([waits.rule, waits.plan.steps]).toEqual(['D57', []]);
    expect(waits.why).toContain('kornakctl divergence discard');
    const later = { ...isHeld, atMs: NOW_MS - LIMITS.heldLookMs };
    const { rule, job } = ruled({ postgres: diverged, cluster }, { recorded: later });
    expect([rule, job]).toMatchObject(['D55', { kind: 'recordDivergence', hold: true }]);
  });

  test('is started as it is where the leader’s server says that nothing parts (known failure 67)', () => {
    const { rule, job } = ruled({ postgres: diverged }, { recorded: { ...note, verdict: 'none' } });
    expect([rule, job?.kind]).toEqual(['D70', 'startStandby']);
  });

  test('is recorded anew against another leader', () => {
    const { rule } = ruled({ postgres: diverged }, { recorded: { ...note, leader: 'c' } });
    expect(rule).toBe('D55');
  });

  test('is not judged before the leader has told where it comes from (known failure 70)', () => {
    const cluster = ledByB({ history: { value: [{ timeline: 1, lsn: at(900), reason: 'r' }], revision: 9 } });
    expect(ruled({ postgres: diverged, cluster }).rule).toBe('D53');
  });
});

describe('data that cannot be put aside', () => {
  const why = '/data is a mount point: it cannot be moved aside';
  const setAside = { kind: 'setAside', work: 'diverged', record: '7' } as const;
  const refused = (nowMs: number) => ({
    job: setAside,
    outcome: { kind: 'failed', why } as const,
    startedMs: nowMs - 10,
    endedMs: nowMs,
  });
  const given = { recorded: note, rewindTries: LIMITS.rewindTries };

  test('are tried at an easy pace, the reason being told once and kept in sight', () => {
    const failed = ruled({ postgres: diverged, ended: refused(NOW_MS) }, given);
    expect([failed.rule, failed.plan.steps]).toEqual(['D40', []]);
    expect(failed.memory).toMatchObject({ holdOffMs: NOW_MS + LIMITS.holdOffMaxMs, healing: { rung: 'clone', why } });
    expect(failed.events).toMatchObject([{ kind: 'job.failed', text: `setAside failed: ${why}` }]);

    const nowMs = NOW_MS + LIMITS.holdOffMaxMs;
    const again = decide(observation({ cluster: ledByB(), postgres: diverged, nowMs }), failed.memory);
    expect(again.rule).toBe('D60');
    expect(again.plan.steps).toMatchObject([{ kind: 'startJob', job: setAside }]);
    expect(again.events).toEqual([]);
    expect(again.memory.healing?.why).toBe(why);
    const later = { cluster: ledByB(), postgres: diverged, nowMs: nowMs + 10 };
    const twice = decide(observation({ ...later, ended: refused(nowMs + 10) }), again.memory);
    expect([twice.rule, twice.events]).toEqual(['D40', []]);
    expect(twice.memory.healing).toMatchObject({ why, sinceMs: NOW_MS });
  });

  test('an unfinished rewind waits with the reason, and goes on as soon as people have emptied the directory', () => {
    const data = { kind: 'unfinished', work: 'rewind' } as const;
    const unfinished = postgres({ postmaster: undefined, data });
    const waits = ruled({ postgres: unfinished, ended: refused(NOW_MS) });
    expect([waits.rule, waits.plan.steps]).toEqual(['B80', []]);
    expect(waits.why).toContain(why);
    const emptied = postgres({ postmaster: undefined, data: { kind: 'empty' } });
    const nowMs = NOW_MS + LIMITS.holdOffMaxMs;
    expect(decide(observation({ cluster: ledByB(), postgres: emptied, nowMs }), waits.memory).rule).toBe('B70');
  });

  test('are well again once they were moved', () => {
    const ended = { ...refused(NOW_MS), outcome: { kind: 'done', facts: {} } as const };
    const { memory: after } = ruled({ postgres: diverged, ended }, { ...given, asideRefused: why });
    expect(after.asideRefused).toBeUndefined();
  });
});

describe('a standby that runs', () => {
  const isolated = (more: Parameters<typeof standby>[0] = {}) => standby({ timeline: 1, upstream, ...more });

  test('is judged when the very leader it followed comes back on a newer timeline (known failure 9)', () => {
    // b led all along: its server was promoted again while this member could not reach it.
    const { rule, job } = ruled({ postgres: isolated() });
    expect([rule, job?.kind]).toEqual(['R30', 'stop']);
    expect(ruled({ postgres: isolated({ receivedLsn: at(900), replayedLsn: at(900) }) }).rule).not.toBe('R30');
  });

  test('is judged by the WAL it holds, not by the timeline its receiver was told (known failure 50)', () => {
    const receiver = { status: 'streaming', upstream, slot: 'a', timeline: 2 };
    expect(ruled({ postgres: isolated({ receiver, receiverRuns: true }) }).rule).toBe('R30');
    const onTwo = isolated({ receiver: { ...receiver, timeline: 1 }, receiverRuns: true, timeline: 2 });
    expect(ruled({ postgres: onTwo }).rule).not.toBe('R30');
  });
});

describe('a primary that crashed', () => {
  test.each(['in production', 'shutting down', 'in crash recovery', 'in archive recovery'] as const)(
    'is recovered before anything is done with it, never started as a standby: %s (known failure 85)',
    (state) => {
      const { rule, job } = ruled({ postgres: down({ state }) }, { role: 'primary' });
      expect([rule, job?.kind]).toEqual(['D50', 'recoverCrash']);
    },
  );
});

describe('an empty directory', () => {
  const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });

  test('is not filled while the first member still makes the cluster (known failure 63)', () => {
    const offers = member('c', { tags: { clonefrom: true } });
    const underWay = { initialize: { value: '', revision: 3 }, bootstrapper: 'b', leader: undefined };
    const waits = ruled({ postgres: empty, cluster: ledByB({ ...underWay, members: [member('b'), offers] }) });
    expect([waits.rule, waits.plan.steps]).toEqual(['B80', []]);
    expect(waits.why).toBe('waiting for b to initialise the cluster');
    const starting = [member('b', { role: 'primary', state: 'starting' }), offers];
    const notYet = ruled({ postgres: empty, cluster: ledByB({ members: starting }) });
    expect([notYet.rule, notYet.plan.steps]).toEqual(['B70', []]);
  });
});

describe('the checkpoint after a promotion', () => {
  test('is not taken from one that was begun in an earlier reign (known failure 24)', () => {
    const lease = held(10, { takenMs: NOW_MS - 500 });
    const cluster = view({ leader: leaderKey('a'), history: { value: [], revision: 11 } });
    const ended = (startedMs: number) => ({
      job: { kind: 'checkpoint' } as const,
      outcome: { kind: 'done', facts: {} } as const,
      startedMs,
      endedMs: NOW_MS,
    });
    const after = (startedMs: number) =>
      ruled({ lease, cluster, postgres: primary(), ended: ended(startedMs) }, { role: 'primary', servingReign: 10 });
    const early = after(NOW_MS - 600);
    expect(early.memory.checkpointReign).toBeUndefined();
    expect(early.plan.publish?.checkpointAfterPromote).toBe(false);
    expect(after(NOW_MS - 400).memory.checkpointReign).toBe(10);
  });
});

describe('a copy that was never started', () => {
  test('is not recovered as if it had crashed (known failure 6)', () => {
    const { data } = down({ state: 'in production' });
    const copy = postgres({
      postmaster: undefined,
      data: { ...data, kind: 'cluster', backupLabel: true } as typeof data,
    });
    expect(ruled({ postgres: copy }).rule).toBe('D70');
    expect(ruled({ postgres: postgres({ postmaster: undefined, data }) }).rule).toBe('D50');
  });
});

describe('a standby that does not stream', () => {
  test('tells why, with the remedy, and goes on trying', () => {
    const told = ruled({ postgres: cut({ trouble: trouble('credentials') }) }, idle);
    expect(told.rule).toBe('M50');
    expect(told.why).toContain('authentication.replication');
    expect(told.plan.publish?.kornak?.healing?.why).toBe(told.why);
    const after = ruled({ postgres: cut({ trouble: trouble('credentials') }) }, { ...told.memory, nudgedMs: 0 });
    expect(after.rule).toBe('R80');
  });

  test('says so too where its log says nothing', () => {
    expect(ruled({ postgres: cut() }, idle).rule).toBe('M50');
    expect(ruled({ postgres: cut() }, { ...idle, notStreamingSinceMs: NOW_MS - 100 }).rule).not.toBe('M50');
  });

  test('whose replay stands still says so', () => {
    const receiver = { status: 'streaming', upstream, slot: 'a', timeline: 2 };
    const stuck = standby({
      upstream,
      timeline: 2,
      receiver,
      receiverRuns: true,
      replayedLsn: at(500),
      replayPaused: true,
      // Later versions go on when told to.
      serverVersion: 130_015,
    });
    const progress = { receivedLsn: at(1000), replayedLsn: at(500), atMs: NOW_MS - LIMITS.replayStuckMs - 1 };
    const { rule, why } = ruled({ postgres: stuck }, { progress });
    expect([rule, why]).toEqual(['M50', expect.stringContaining('pg_wal_replay_resume')]);
    expect(ruled({ postgres: stuck }, { progress: { ...progress, atMs: NOW_MS } }).rule).not.toBe('M50');
  });

  test('is cloned anew when neither the leader nor the archive has its WAL', () => {
    const lacking = cut({ trouble: trouble('walRemoved') });
    const gone = ruled({ postgres: lacking }, idle);
    expect([gone.rule, gone.memory.reclone?.cause]).toEqual(['M40', 'walRemoved']);
    const stops = ruled({ postgres: lacking }, gone.memory);
    expect([stops.rule, stops.job]).toMatchObject(['M20', { kind: 'stop', mode: 'fast' }]);
    const stopped = down(
      { state: 'shut down in recovery', minRecoveryEndLsn: at(800), minRecoveryEndTimeline: 1 },
      true,
    );
    expect(ruled({ postgres: stopped }, stops.memory)).toMatchObject({ rule: 'D55', job: { cause: 'reclone' } });
    const recorded = { ...note, verdict: 'none' } as const;
    expect(ruled({ postgres: stopped }, { ...stops.memory, recorded })).toMatchObject({
      rule: 'D60',
      job: { kind: 'setAside', record: '7' },
    });
  });

  test('waits while the archive still gives it something, or /sync counts on it', () => {
    const lacking = cut({ trouble: trouble('walRemoved') });
    const moving = { ...idle, progress: { ...idle.progress, atMs: NOW_MS - 1_000 } };
    expect(ruled({ postgres: lacking }, moving).rule).toBe('M50');
    const cluster = ledByB({ sync: { value: syncOf('b', ['a']), revision: 30 } });
    const voter = ruled({ postgres: lacking, cluster }, idle);
    expect([voter.rule, voter.memory.reclone]).toEqual(['M40', undefined]);
    expect(voter.plan.publish?.tags).toMatchObject({ nosync: true });
  });

  test('that its leader refuses is rewound first', () => {
    const refused = ruled({ postgres: cut({ trouble: trouble('diverged') }) }, idle);
    expect([refused.rule, refused.memory.reclone?.cause]).toEqual(['M40', 'refused']);
    const stopped = down(
      { state: 'shut down in recovery', minRecoveryEndLsn: at(800), minRecoveryEndTimeline: 1 },
      true,
    );
    expect(ruled({ postgres: stopped }, { ...refused.memory, recorded: note }).job?.kind).toBe('rewind');
  });
});

describe('a standby that does not come up', () => {
  const control = { state: 'in archive recovery', minRecoveryEndLsn: at(1000), minRecoveryEndTimeline: 1 } as const;
  const starting = { ...down(control, true), postmaster: { pid: 42, startTicks: 1 }, starting: true };
  const start: Extract<Job, { kind: 'startStandby' }> = {
    kind: 'startStandby',
    follow: undefined,
    settings: { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false },
  };

  test('is judged by pg_control while it starts (known failure 3)', () => {
    const job = running(start, LIMITS.walGoneMs + 1);
    expect(ruled({ postgres: starting, job })).toMatchObject({ rule: 'J10', first: { kind: 'cancelJob' } });
    const given = ruled({ postgres: starting }, { startingSinceMs: LONG_AGO, startedFollowing: 'b' });
    expect([given.rule, given.job?.kind]).toEqual(['M30', 'stop']);
  });

  test('is waited for where it may come up yet', () => {
    expect(ruled({ postgres: starting, job: running(start, 1_000) }).rule).toBe('J20');
    const fits = {
      ...starting,
      ...down({ ...control, minRecoveryEndLsn: at(800) }, true),
      postmaster: starting.postmaster,
    };
    const follow = { member: 'b', upstream, slot: 'a' };
    const job = running({ ...start, follow }, LIMITS.walGoneMs + 1);
    expect(ruled({ postgres: { ...fits, starting: true }, job }).rule).toBe('J20');
  });

  test('is cloned anew where its WAL is gone', () => {
    const lacking = {
      ...starting,
      ...down({ ...control, minRecoveryEndLsn: at(800) }, true),
      postmaster: starting.postmaster,
    };
    const gone = { ...lacking, starting: true, trouble: trouble('walRemoved') };
    const given = ruled({ postgres: gone }, { startingSinceMs: LONG_AGO, startedFollowing: 'b' });
    expect([given.rule, given.memory.reclone?.cause]).toEqual(['M30', 'walRemoved']);
  });

  test('is cloned anew after enough tries where its data are broken, and only then', () => {
    const broken = { ...down({ ...control, minRecoveryEndLsn: at(800) }, true), trouble: trouble('broken') };
    const tried = ruled({ postgres: broken }, { startTries: LIMITS.startTries });
    expect([tried.rule, tried.memory.reclone?.cause]).toEqual(['D52', 'broken']);
    expect(ruled({ postgres: broken }, { startTries: 1 }).rule).toBe('D70');
  });
});

describe('reinitialise', () => {
  const request = (more: { force?: boolean; fromLeader?: boolean } = {}): Observation['requests'] => [
    { kind: 'reinitialize', id: 5, force: more.force ?? false, fromLeader: more.fromLeader ?? false },
  ];
  const cloning: Job = {
    kind: 'clone',
    from: { member: 'b', upstream, slot: 'a' },
    settings: { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false },
  };

  test.each([
    ['without a leader', { cluster: view() }, 'Cluster has no leader, can not reinitialize'],
    [
      'on the leader',
      { cluster: view({ leader: leaderKey('a') }), postgres: primary(), lease: held() },
      'I am the leader, can not reinitialize',
    ],
    ['beside other work', { job: running(cloning, 10) }, 'clone already in progress'],
  ] as const)('is refused %s', (_, obs, text) => {
    const { rule, first } = ruled({ postgres: cut(), requests: request(), ...obs });
    expect([rule, first]).toEqual(['N10', { kind: 'answer', requestId: 5, ok: false, text }]);
  });

  test('is taken, then the server stopped at once and its data given up like others', () => {
    const taken = ruled({ postgres: cut(), requests: request({ fromLeader: true }) });
    expect([taken.rule, taken.first]).toMatchObject(['N20', { ok: true, text: 'reinitialize started' }]);
    expect(taken.plan.publish?.state).toBe('creating replica');
    const stops = ruled({ postgres: cut() }, taken.memory);
    expect([stops.rule, stops.job]).toMatchObject(['M20', { kind: 'stop', mode: 'immediate' }]);
    const stopped = down({ state: 'in archive recovery', minRecoveryEndLsn: at(800), minRecoveryEndTimeline: 1 }, true);
    expect(ruled({ postgres: stopped }, stops.memory)).toMatchObject({ rule: 'D55', job: { cause: 'reinitialize' } });
    const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });
    expect(ruled({ postgres: empty }, stops.memory)).toMatchObject({ rule: 'B70', job: { kind: 'clone' } });
  });

  test('forced, it ends what is under way before it goes on (known failure 79)', () => {
    const { rule, plan } = ruled({ postgres: cut(), requests: request({ force: true }), job: running(cloning, 10) });
    expect([rule, plan.steps.map(({ kind }) => kind)]).toEqual(['N20', ['answer', 'cancelJob']]);
    const again = ruled(
      { postgres: cut(), job: running(cloning, 10) },
      { reclone: { cause: 'reinitialize', why: 'w', fromLeader: false } },
    );
    expect(again.rule).toBe('J20');
  });

  test('puts aside also what is no cluster', () => {
    const foreign = postgres({ postmaster: undefined, data: { kind: 'foreign', what: 'x' } });
    expect(ruled({ postgres: foreign }).rule).toBe('B80');
    const asked = { reclone: { cause: 'reinitialize', why: 'w', fromLeader: false } } as const;
    expect(ruled({ postgres: foreign }, asked)).toMatchObject({ rule: 'M10', job: { kind: 'setAside' } });
  });
});

describe('whom to clone from', () => {
  const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });
  const offer = (more: Parameters<typeof member>[1] = {}) =>
    member('c', { tags: { clonefrom: true }, timeline: 2, replicationState: 'streaming', ...more });
  const source = (cluster: ClusterView, mem: Partial<Memory> = {}) => {
    const { job } = ruled({ postgres: empty, cluster }, mem);
    return job?.kind === 'clone' ? [job.from?.member, job.from?.slot] : [];
  };
  const withOffer = (each: ReturnType<typeof member>) => ledByB({ members: [...ledByB().members, each] });

  test('a replica that offers itself and follows the leader', () => {
    expect(source(withOffer(offer()))).toEqual(['c', undefined]);
  });

  test.each([
    ['it does not stream', offer({ state: 'stopped' })],
    ['it is on another timeline', offer({ timeline: 1 })],
    ['it does not offer itself', offer({ tags: {} })],
  ] as const)('the leader where %s', (_, each) => {
    expect(source(withOffer(each))).toEqual(['b', 'a']);
  });

  test('the leader where that is asked for, and after a failure', () => {
    const asked = { reclone: { cause: 'reinitialize', why: 'w', fromLeader: true } } as const;
    expect(source(withOffer(offer()), asked)[0]).toBe('b');
    expect(source(withOffer(offer()), { cloneTries: 1 })[0]).toBe('b');
    expect(source(withOffer(offer()), { cloneTries: 2 })[0]).toBe('c');
  });

  test('a copy from a replica goes on when the leader changes, one from the former leader does not', () => {
    const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
    const from = (name: string): RunningJob =>
      running({ kind: 'clone', from: { member: name, upstream, slot: undefined }, settings }, 500);
    const cluster = withOffer(offer());
    expect(ruled({ postgres: empty, cluster, job: from('c') }).rule).toBe('J20');
    expect(ruled({ postgres: empty, cluster, job: from('d') }).rule).toBe('J10');
  });
});

describe('a primary that went while it led', () => {
  const gone = { ...down({ state: 'in production' }), lastError: 'it does not start' };
  const leading = (config: Record<string, unknown> = {}) => ({
    cluster: view({ leader: leaderKey('a'), config: configKey(config) }),
    lease: held(),
    postgres: gone,
  });
  const led = { role: 'primary', servingReign: 10 } as const;
  const alone = (config: Record<string, unknown> = {}) => ({
    ...leading(config),
    cluster: view({ leader: leaderKey('a'), members: [member('a')], config: configKey(config) }),
  });

  test('is started again in place', () => {
    expect(ruled(leading(), led)).toMatchObject({ rule: 'D20', job: { kind: 'startPrimary' } });
  });

  test('gives the key up at once where primary_start_timeout is 0 and somebody else can lead', () => {
    expect(ruled(leading({ primary_start_timeout: 0 }), led)).toMatchObject({
      rule: 'D20',
      first: { kind: 'releaseKey' },
    });
    expect(ruled(alone({ primary_start_timeout: 0 }), led)).toMatchObject({
      rule: 'D20',
      job: { kind: 'startPrimary' },
    });
  });

  test('asks the others how far they are before it believes that nobody can follow it', () => {
    const status = { optime: at(9_000_000), slots: {}, retainSlots: [] };
    const far = leading({ primary_start_timeout: 0 });
    const obs = { ...far, cluster: { ...far.cluster, status } };
    expect(ruled(obs, led)).toMatchObject({ rule: 'D17', plan: { probe: [{ name: 'b' }, { name: 'c' }] } });
    const told = (receivedLsn: number) =>
      new Map<string, Seen<PeerStatus>>([
        ['c', { kind: 'unknown', why: 'no answer' }],
        [
          'b',
          seen(
            {
              role: 'replica',
              state: 'running',
              location: undefined,
              receivedLsn: at(receivedLsn),
              replayedLsn: undefined,
              timeline: 1,
              tags: {},
              watchdogFailed: false,
            },
            NOW_MS,
          ),
        ],
      ]);
    expect(ruled({ ...obs, peers: told(9_000_000) }, led)).toMatchObject({
      rule: 'D20',
      first: { kind: 'releaseKey' },
    });
    expect(ruled({ ...obs, peers: told(100) }, led)).toMatchObject({ rule: 'D20', job: { kind: 'startPrimary' } });
  });

  test('gives it up after failed starts, unless nobody else can lead', () => {
    const tried = { ...led, startTries: LIMITS.startTries };
    expect(ruled(leading(), tried)).toMatchObject({ rule: 'D20', first: { kind: 'releaseKey' } });
    expect(ruled(alone(), tried)).toMatchObject({ rule: 'D20', job: { kind: 'startPrimary' } });
  });

  test('does not recover for longer than primary_start_timeout (known failure 74)', () => {
    const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
    const recovering = { ...gone, postmaster: { pid: 42, startTicks: 1 }, starting: true };
    const job = running({ kind: 'startPrimary', settings }, 400_000);
    const late = { ...led, startingSinceMs: NOW_MS - 400_000 };
    const { rule, first, plan } = ruled({ ...leading(), postgres: recovering, job }, late);
    expect([rule, first?.kind]).toEqual(['D15', 'fence']);
    expect(plan.verdict.kind).toBe('renew');
    expect(ruled({ ...alone(), postgres: recovering, job }, late).rule).toBe('J20');
    expect(ruled({ ...leading(), postgres: recovering, job }, { ...led, startingSinceMs: NOW_MS - 100 }).rule).toBe(
      'J20',
    );
  });
});
