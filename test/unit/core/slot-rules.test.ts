// The rules that keep slots and follow tags, each by its id.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { Member, MemberData, Tags } from '../../../src/core/model/cluster.ts';
import type { StandbyStatus } from '../../../src/core/model/local-postgres.ts';
import type { Lsn } from '../../../src/core/model/lsn.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import type { Decision } from '../../../src/core/model/plan.ts';
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
  physicalSlot,
  postgres,
  primary,
  standby,
  view,
} from '../../support/core-builders.ts';

const upstream = (host: string): StandbyStatus['upstream'] => ({ host, port: 5432 });
const LEADER = { role: 'primary' } as const;
const TOLD = {
  optime: at(1000),
  slots: { a: at(1000), b: at(900), c: at(900), x: at(900) },
  retainSlots: ['a', 'b', 'c'],
};
const LOGICAL = { slots: { l: { type: 'logical', database: 'app', plugin: 'pgoutput' } } };
const settledLeader = memory({
  role: 'primary',
  servingReign: 10,
  historyReign: 10,
  checkpointReign: 10,
  statusAtMs: NOW_MS,
});
const settled = memory({ role: 'replica' });

function members(more: Readonly<Record<string, Partial<MemberData>>> = {}): readonly Member[] {
  return Object.entries({ a: {}, b: LEADER, c: {}, ...more }).map(([name, data]) => member(name, data));
}

/** This member, a, is a standby and b leads. */
function following(
  given: {
    readonly standby?: Partial<StandbyStatus>;
    readonly tags?: Tags;
    readonly members?: readonly Member[];
    readonly config?: Record<string, unknown>;
    readonly more?: Partial<Observation>;
    readonly postgres?: Observation['postgres'];
  },
  mem: Memory = settled,
): Decision {
  const before = observation({
    postgres: given.postgres ?? standby({ upstream: upstream('b'), receiverRuns: true, ...given.standby }),
    cluster: view({
      leader: leaderKey('b'),
      members: given.members ?? members(),
      status: TOLD,
      config: configKey(given.config),
    }),
    ...given.more,
  });
  return decide({ ...before, self: { ...before.self, tags: given.tags ?? {} } }, mem);
}

/** This member, a, leads. */
function leading(given: {
  readonly primary?: Parameters<typeof primary>[0];
  readonly cluster?: Parameters<typeof view>[0];
  readonly mem?: Partial<Memory>;
  readonly more?: Partial<Observation>;
}): Decision {
  const told = new Set(['a', ...(given.primary?.slots ?? [{ name: 'b' }, { name: 'c' }]).map(({ name }) => name)]);
  const slots = Object.fromEntries(Object.entries(TOLD.slots).filter(([name]) => told.has(name)));
  const cluster = view({ leader: leaderKey('a'), status: { ...TOLD, slots }, ...given.cluster });
  return decide(observation({ postgres: primary(given.primary), lease: held(), cluster, ...given.more }), {
    ...settledLeader,
    ...given.mem,
  });
}

const steps = (decision: Decision): readonly unknown[] =>
  decision.plan.steps.map((step) => (step.kind === 'startJob' ? step.job.kind : step.kind));

describe('the leader', () => {
  test('drops a slot that nobody needs, and records it', () => {
    const decision = leading({ primary: { slots: ['b', 'c', 'x'].map((name) => physicalSlot(name)) } });
    expect([decision.rule, decision.plan.steps]).toEqual(['P10', [{ kind: 'dropSlot', name: 'x' }]]);
    expect(decision.events).toMatchObject([{ kind: 'slots.dropped', text: 'a: slot x dropped: nobody needs it' }]);
  });

  test('drops nothing while the cluster is paused', () => {
    const cluster = { config: configKey({ pause: true }) };
    const slots = ['b', 'c', 'x'].map((name) => physicalSlot(name));
    expect(steps(leading({ primary: { slots }, cluster }))).not.toContain('dropSlot');
  });

  test('does not drop again at once what could not be dropped, and does not forget its settings for it', () => {
    const slots = ['b', 'c', 'x'].map((name) => physicalSlot(name));
    const mem = { slots: { ...settledLeader.slots, triedMs: NOW_MS - 500 } };
    expect(leading({ primary: { slots }, mem, more: { undone: 'dropSlot' } }).rule).toBe('P90');
    const later = { slots: { ...settledLeader.slots, triedMs: NOW_MS - 1_500 } };
    const decision = leading({ primary: { slots }, mem: later, more: { undone: 'dropSlot' } });
    expect([steps(decision), decision.events]).toEqual([['dropSlot'], []]);
  });

  test('keeps the slot of a member that went a while ago, and tells so (known failure 29)', () => {
    const cluster = { members: [member('a'), member('b')] };
    const decision = leading({ cluster });
    expect(decision.rule).toBe('P90');
    expect(decision.memory.slots.membersSeen?.atMs).toEqual({ a: NOW_MS, b: NOW_MS, c: NOW_MS });
  });

  test('leaves the slot of a member alone that went a moment ago, as in an outage of the store, and not for long', () => {
    const slots = [physicalSlot('b'), physicalSlot('c', { hasXmin: true })];
    const gone = (agoMs: number): Decision =>
      leading({
        primary: { slots },
        cluster: { members: [member('a'), member('b')] },
        mem: { slots: { ...settledLeader.slots, membersSeen: { reign: 10, atMs: { a: 0, b: 0, c: NOW_MS - agoMs } } } },
      });
    expect(gone(50_000).rule).toBe('P90');
    expect(steps(gone(70_000))).toEqual(['dropSlot']);
  });

  test('forgets it when its time is up, and then nobody is told of it', () => {
    const membersSeen = { reign: 10, atMs: { a: NOW_MS - 1, b: NOW_MS - 1, c: NOW_MS - 1_800_001 } };
    const decision = leading({
      primary: { slots: ['b', 'c'].map((name) => physicalSlot(name)) },
      cluster: { members: [member('a'), member('b')] },
      mem: { slots: { ...settledLeader.slots, membersSeen } },
    });
    expect(decision.plan.steps).toMatchObject([
      { kind: 'writeStatus', retainSlots: ['a', 'b'] },
      { kind: 'dropSlot', name: 'c' },
    ]);
  });

  test('makes a permanent logical slot beside its work, not again and again', () => {
    const cluster = { config: configKey(LOGICAL) };
    const first = leading({ cluster, mem: { appliedFeedback: true } });
    expect(first.plan.steps).toEqual([
      { kind: 'tendLogicalSlots', work: [{ name: 'l', database: 'app', plugin: 'pgoutput', to: undefined }] },
    ]);
    expect(leading({ cluster, mem: { appliedFeedback: true, slots: first.memory.slots } }).rule).toBe('P90');
  });

  test('tells once what contradicts itself', () => {
    const cluster = { members: [member('a'), member('x-1'), member('x.1')] };
    const slots = ['b', 'c', 'x_1'].map((name) => physicalSlot(name));
    const first = leading({ cluster, primary: { slots } });
    expect(first.events).toMatchObject([
      { kind: 'slots.clash', text: 'the members x-1, x.1 share the slot name x_1; rename one' },
    ]);
    expect(leading({ cluster, primary: { slots }, mem: { slots: first.memory.slots } }).events).toEqual([]);
  });

  test('tells the positions of all slots and its own, and only permanent ones without a ttl', () => {
    const status = { optime: undefined, slots: {}, retainSlots: [] };
    expect(leading({ cluster: { status } }).plan.steps).toMatchObject([
      { kind: 'writeStatus', optime: 1000n, slots: { a: 1000n, b: 900n, c: 900n }, retainSlots: ['a', 'b', 'c'] },
    ]);
    const config = configKey({ member_slots_ttl: 0, slots: { p: {} } });
    const slots = ['b', 'c', 'p'].map((name) => physicalSlot(name));
    expect(leading({ primary: { slots }, cluster: { status, config } }).plan.steps).toMatchObject([
      { kind: 'writeStatus', slots: { p: 900n }, retainSlots: [] },
    ]);
  });
});

describe('a replica', () => {
  test('keeps the slots of the others, so that nobody lacks one after a failover', () => {
    const decision = following({ standby: { slots: [] } });
    expect([decision.rule, decision.plan.steps]).toEqual([
      'R50',
      [
        { kind: 'createSlot', name: 'b' },
        { kind: 'createSlot', name: 'c' },
      ],
    ]);
  });

  test('drops nothing before the new leader has promoted (known failure 28)', () => {
    const slots = ['b', 'c', 'x'].map((name) => physicalSlot(name, { hasXmin: true }));
    const promoting = members({ b: { role: 'replica' } });
    expect(following({ standby: { slots, upstream: undefined, receiverRuns: false }, members: promoting }).rule).toBe(
      'R90',
    );
    expect(steps(following({ standby: { slots } }))).toEqual(['dropSlot', 'dropSlot', 'dropSlot']);
  });

  test('connects again before it sees to slots', () => {
    const decision = following({ standby: { slots: [], receiverRuns: false } });
    expect(decision.rule).toBe('R80');
  });

  test('gives feedback for logical slots, whatever its configuration says, and is told once', () => {
    const decision = following({ config: LOGICAL });
    expect([decision.rule, decision.plan.steps]).toMatchObject(['R60', [{ settings: { hotStandbyFeedback: true } }]]);
    expect(following({ config: LOGICAL }, decision.memory).rule).not.toBe('R60');
  });
});

describe('tags', () => {
  const cascade = { tags: { replicatefrom: 'c' } };

  test('replicatefrom: streams from there', () => {
    const decision = following(cascade);
    expect([decision.rule, decision.plan.steps]).toMatchObject([
      'R40',
      [{ job: { kind: 'follow', follow: { member: 'c' } } }],
    ]);
  });

  test('replicatefrom: stays there while a new leader is not serving yet', () => {
    const there = { standby: { upstream: upstream('c'), receiverRuns: true } };
    expect(following({ ...cascade, ...there, members: members({ b: { role: 'replica' } }) }).rule).toBe('R90');
  });

  test('replicatefrom: falls back to the leader when the upstream is down or on another timeline', () => {
    const there = { standby: { upstream: upstream('c'), receiverRuns: true } };
    for (const c of [{ state: 'stopped' }, { timeline: 2 }]) {
      const decision = following({ ...cascade, ...there, members: members({ c }) });
      expect([decision.rule, decision.plan.steps]).toMatchObject(['R40', [{ job: { follow: { member: 'b' } } }]]);
    }
  });

  test('replicatefrom: a standby that is started streams from there', () => {
    const decision = following({ ...cascade, postgres: down({ state: 'shut down in recovery' }, true) });
    expect([decision.rule, decision.plan.steps]).toMatchObject([
      'D70',
      [{ job: { kind: 'startStandby', follow: { member: 'c' } } }],
    ]);
  });

  test('replicatefrom: a pledge that stands still means streaming from nobody', () => {
    const pledged = memory({ role: 'replica', pledge: { reign: 9, position: { timeline: 1, lsn: at(1) } } });
    const decision = following({ ...cascade, postgres: down({ state: 'shut down in recovery' }, true) }, pledged);
    expect(decision.rule).toBe('R10');
  });

  test('nostream: streaming ends, and nothing is streamed from then on', () => {
    const tags = { nostream: true };
    const first = following({ tags });
    expect([first.rule, steps(first)]).toEqual(['R20', ['cutOff']]);
    const alone = { upstream: undefined, receiverRuns: false, hasArchive: true };
    const after = following({ tags, standby: alone });
    expect(after.rule).toBe('R90');
    expect(after.plan.publish?.replicationState).toBe('in archive recovery');
    const started = following({ tags, postgres: down({ state: 'shut down in recovery' }, true) });
    expect([started.rule, started.plan.steps]).toMatchObject([
      'D70',
      [{ job: { kind: 'startStandby', follow: undefined } }],
    ]);
  });
});

describe('logical slots on a replica', () => {
  const fed = memory({ role: 'replica', appliedFeedback: true });
  const streaming: Partial<StandbyStatus> = {
    receiver: { status: 'streaming', upstream: upstream('b'), slot: 'a', timeline: 1 },
  };
  const told = { ...TOLD, slots: { ...TOLD.slots, l: at(950) } };
  const replica = (
    more: Parameters<typeof view>[0] = {},
    mem: Memory = fed,
    status: Partial<StandbyStatus> = {},
  ): Decision =>
    decide(
      observation({
        postgres: standby({ upstream: upstream('b'), receiverRuns: true, ...streaming, ...status }),
        cluster: view({
          leader: leaderKey('b'),
          members: members(),
          status: told,
          config: configKey(LOGICAL),
          ...more,
        }),
      }),
      mem,
    );
  const copied = (decision: Decision): unknown => [decision.rule, steps(decision)];

  test('are copied from the leader, and the standby started again following the same', () => {
    const decision = replica();
    expect(copied(decision)).toEqual(['R55', ['copySlots']]);
    expect(decision.plan.steps).toMatchObject([
      {
        job: {
          from: { member: 'b' },
          follow: { member: 'b' },
          slots: [{ name: 'l', database: 'app', plugin: 'pgoutput', isThere: false }],
        },
      },
    ]);
  });

  test.each<[string, Decision]>([
    ['the leader tells of none', replica({ status: TOLD })],
    ['it does not stream', replica({}, fed, { receiver: undefined })],
    ['the leader is not told which rows are needed', replica({}, memory({ role: 'replica', appliedFeedback: false }))],
    ['the leader does not serve yet', replica({ members: members({ b: { role: 'replica' } }) })],
    ['the cluster is paused', replica({ config: configKey({ ...LOGICAL, pause: true }) })],
    ['a switchover is asked for', replica({ failover: { value: { leader: 'b' }, revision: 7 } })],
    [
      'commits wait for it and who could stand in is down',
      replica({
        members: members({ c: { state: 'stopped' } }),
        sync: { value: { leader: 'b', voters: ['a', 'c'], quorum: 0 }, revision: 5 },
      }),
    ],
    ['the last copy was not long ago', replica({}, { ...fed, slots: { ...fed.slots, copyHoldOffMs: NOW_MS + 1 } })],
  ])('are not copied while %s', (_name, decision) => {
    expect(steps(decision)).not.toContain('copySlots');
  });

  test('are copied by one member after the other', () => {
    const first = replica({ members: [member('0'), ...members()] }, fed, {
      slots: ['0', 'b', 'c'].map((name) => physicalSlot(name)),
    });
    expect(copied(first)).toEqual(['R55', []]);
    const slots = { ...first.memory.slots, copyWantedMs: NOW_MS - 5_000 };
    const status = { slots: ['0', 'b', 'c'].map((name) => physicalSlot(name)) };
    expect(copied(replica({ members: [member('0'), ...members()] }, { ...first.memory, slots }, status))).toEqual([
      'R55',
      ['copySlots'],
    ]);
  });

  test('that cannot be copied are not tried for ever (known failure 65)', () => {
    const job = {
      kind: 'copySlots',
      from: { member: 'b', upstream: { host: 'b', port: 5432 }, slot: 'a' },
      slots: [],
      follow: undefined,
      settings: { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false },
    } as const;
    const pauses: number[] = [];
    let mem = fed;
    for (let round = 0; round < 8; round += 1) {
      const nowMs = Math.max(NOW_MS, mem.slots.copyHoldOffMs);
      const ended = {
        job,
        outcome: { kind: 'failed', why: 'defined otherwise' },
        startedMs: nowMs,
        endedMs: nowMs,
      } as const;
      mem = decide(
        observation({
          nowMs,
          ended,
          postgres: standby(),
          cluster: view({ leader: leaderKey('b'), members: members() }),
        }),
        mem,
      ).memory;
      pauses.push((mem.slots.copyHoldOffMs - nowMs) / 1000);
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
  });

  test('are not copied from who leads no more', () => {
    const job = {
      kind: 'copySlots',
      from: { member: 'c', upstream: { host: 'c', port: 5432 }, slot: 'a' },
      slots: [],
      follow: undefined,
      settings: { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false },
    } as const;
    const running = { job, startedMs: NOW_MS, deadlineMs: NOW_MS + 1, progress: undefined, cancelled: false };
    const decision = decide(
      observation({ job: running, postgres: standby(), cluster: view({ leader: leaderKey('b'), members: members() }) }),
      fed,
    );
    expect([decision.rule, steps(decision)]).toEqual(['J10', ['cancelJob']]);
  });
});

describe('a clone', () => {
  const empty = postgres({ postmaster: undefined, data: { kind: 'empty' } });
  const cloning = (tags: Tags, slots: Readonly<Record<string, Lsn>>, mem: Memory = settled): Decision => {
    const before = observation({
      postgres: empty,
      cluster: view({ leader: leaderKey('b'), members: members(), status: { ...TOLD, slots } }),
    });
    return decide({ ...before, self: { ...before.self, tags } }, mem);
  };
  const waited = memory({ cloneWantedMs: NOW_MS - 10_000 });

  test('goes through our slot where the leader tells of it', () => {
    expect(cloning({}, TOLD.slots).plan.steps).toMatchObject([{ job: { kind: 'clone', from: { slot: 'a' } } }]);
  });

  test('goes without where the leader keeps none, after a while', () => {
    expect(steps(cloning({}, {}))).toEqual([]);
    expect(cloning({}, {}, waited).plan.steps).toMatchObject([{ job: { kind: 'clone', from: { slot: undefined } } }]);
  });

  test('goes without at once for a member without streaming: nobody keeps a slot for it', () => {
    expect(cloning({ nostream: true }, {}).plan.steps).toMatchObject([
      { job: { kind: 'clone', from: { slot: undefined } } },
    ]);
  });
});
