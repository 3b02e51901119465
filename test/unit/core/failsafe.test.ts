// Leading without the store by the promises of every member (safety.md 3), as far as the core decides it.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { LeaseState, Observation, PromiseView } from '../../../src/core/model/observation.ts';
import { unknown } from '../../../src/core/model/seen.ts';
import {
  at,
  config,
  configKey,
  down,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  physicalSlot,
  pledgeOf,
  postgres,
  primary,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';
import { callOf, decided, FAILSAFE, SERVING } from '../../support/failsafe-decisions.ts';

const ON = configKey({ failsafe_mode: true });
const LISTED = { value: FAILSAFE, revision: 12 };

const promised: PromiseView = {
  kind: 'given',
  leader: 'b',
  connUrl: undefined,
  sinceMs: NOW_MS - 500,
  untilMs: NOW_MS + 2_500,
};

function carried(more: Partial<Extract<LeaseState, { kind: 'held' }>> = {}): LeaseState {
  const lease = held();
  if (lease.kind !== 'held') throw new Error('not held');
  return { ...lease, carriedSinceMs: NOW_MS - 4_000, ...more };
}

function leads(more: Partial<ClusterView> = {}): ClusterView {
  const leader = 'leader' in more ? {} : { leader: leaderKey('a') };
  return view({
    config: ON,
    failsafe: LISTED,
    status: { ...view().status, optime: at(1000), slots: { b: at(900), c: at(900) } },
    ...leader,
    ...more,
  });
}

describe('who is asked', () => {
  const serving = { lease: held(), postgres: primary(), cluster: leads() };

  test('everybody in /failsafe but the leader itself, for the life of its lease as configured', () => {
    const call = callOf(decided(serving, SERVING));
    expect(call?.members).toEqual([
      { name: 'b', apiUrl: FAILSAFE.b },
      { name: 'c', apiUrl: FAILSAFE.c },
    ]);
    expect(call?.promiseMs).toBe(3_000);
    expect(call?.slots['a']).toBe(at(1000));
  });

  test('also while the store is silent, by the map as last read', () => {
    const silent = { ...serving, cluster: unknown('the store does not answer') };
    expect(
      callOf(decided(silent, { ...SERVING, failsafe: { stored: FAILSAFE, asked: FAILSAFE } }))?.members,
    ).toHaveLength(2);
  });

  test('not for longer than a Patroni member promises by itself', () => {
    const lease = carried({ ttlMs: 60_000 });
    const cluster = leads({ config: configKey({ failsafe_mode: true, kornak: { leader_ttl: 45 } }) });
    expect(callOf(decided({ ...serving, lease, cluster }, SERVING))?.promiseMs).toBe(30_000);
  });

  test.each([
    ['the mode is off', { cluster: leads({ config: configKey({}) }) }, {}],
    [
      'the map does not name the leader',
      { cluster: leads({ failsafe: { value: { b: FAILSAFE.b }, revision: 12 } }) },
      {},
    ],
    ['there is no map', { cluster: leads({ failsafe: { value: undefined, revision: 0 } }) }, {}],
    ['PostgreSQL has not served in this reign', { postgres: standby() }, { servingReign: undefined }],
  ])('nobody where %s', (_, obs, mem) => {
    expect(callOf(decided({ ...serving, ...obs }, { ...SERVING, ...mem }))).toBeUndefined();
  });

  test('nobody where the core withholds the lease', () => {
    const hung = { ...serving, postgres: { ...primary(), sql: unknown('no answer') } };
    const { plan } = decided(hung, { ...SERVING, answeredMs: NOW_MS - 60_000 });
    expect(plan.verdict.kind).toBe('withhold');
  });

  test('whom a write that was not answered may have named is asked as well', () => {
    const cluster = leads({ failsafe: { value: { a: FAILSAFE.a, b: FAILSAFE.b }, revision: 12 } });
    const unsettled = new Set(['failsafe'] as const);
    const names = callOf(
      decided({ ...serving, cluster, unsettled }, { ...SERVING, failsafe: { stored: FAILSAFE, asked: FAILSAFE } }),
    )?.members;
    expect(names?.map(({ name }) => name)).toEqual(['b', 'c']);
  });

  test('whom this very cycle puts into the map is asked from now on', () => {
    const cluster = leads({ failsafe: { value: { a: FAILSAFE.a }, revision: 12 } });
    const decision = decided({ ...serving, cluster }, SERVING);
    expect(decision.plan.steps).toContainEqual({ kind: 'writeFailsafe', reign: 10, value: FAILSAFE, revision: 12 });
    expect(callOf(decision)?.members.map(({ name }) => name)).toEqual(['b', 'c']);
  });
});

describe('/failsafe', () => {
  const serving = { lease: held(), postgres: primary() };
  const steps = (cluster: ClusterView, obs: Partial<Observation> = {}): readonly unknown[] =>
    decided({ ...serving, cluster, ...obs }, SERVING).plan.steps.filter((step) => step.kind === 'writeFailsafe');

  test('names every member with an API, and the leader', () => {
    const members = [member('b'), member('c', { apiUrl: undefined })];
    const expected = { kind: 'writeFailsafe', reign: 10, value: { a: FAILSAFE.a, b: FAILSAFE.b }, revision: 0 };
    const cluster = leads({ members, failsafe: { value: undefined, revision: 0 } });
    expect(decided({ ...serving, cluster }, SERVING).rule).toBe('P10');
    expect(steps(cluster)).toEqual([expected]);
  });

  test('is left alone while it is as it should be', () => {
    expect(steps(leads())).toEqual([]);
  });

  test('is written again after an outcome that is not known', () => {
    expect(steps(leads(), { unsettled: new Set(['failsafe']) })).toHaveLength(1);
  });

  test('is not changed while promises carry the lead: they bind nobody who would be new in it', () => {
    const cluster = leads({ failsafe: { value: { a: FAILSAFE.a }, revision: 12 } });
    expect(steps(cluster, { lease: carried() })).toEqual([]);
  });

  test('goes when the mode is switched off, as it says who may lead', () => {
    const cluster = leads({ config: configKey({}) });
    expect(steps(cluster)).toEqual([{ kind: 'writeFailsafe', reign: 10, value: undefined, revision: 12 }]);
  });
});

describe('the key ran out while the members carried the lead', () => {
  const gone = leads({ leader: undefined });
  const back = { lease: carried(), postgres: primary(), cluster: gone };

  test('F25: it is created again, on the timeline that PostgreSQL is on, and /sync stays as it is', () => {
    const decision = decided(back, SERVING);
    expect(decision.rule).toBe('F25');
    expect(decision.plan.steps).toMatchObject([
      { kind: 'takeKey', takeOver: { goesOn: true, timeline: 1, reignRevision: 10, sync: undefined } },
    ]);
    expect(callOf(decision)?.mayLeadAgain).toBe(true);
  });

  test('F25: also under synchronous replication, where /sync names us', () => {
    const cluster = leads({ leader: undefined, sync: { value: syncOf('a', ['b']), revision: 20 } });
    const decision = decided({ ...back, cluster }, SERVING);
    expect(decision.rule).toBe('F25');
    expect(decision.plan.steps).toMatchObject([{ takeOver: { syncRevision: 20, sync: undefined } }]);
  });

  test.each([
    ['nothing carries the lead', { lease: held() }],
    [
      'somebody has reigned since',
      { cluster: { ...gone, reign: { value: { name: 'b', timeline: 2 }, revision: 40 } } },
    ],
    ['/sync names somebody else', { cluster: { ...gone, sync: { value: syncOf('b', ['a']), revision: 20 } } }],
    ['/sync cannot be read', { cluster: { ...gone, nonsense: [{ key: '/service/demo/sync', why: 'no JSON' }] } }],
    ['/failsafe does not name us', { cluster: { ...gone, failsafe: { value: { b: FAILSAFE.b }, revision: 30 } } }],
    ['the mode was switched off', { cluster: { ...gone, config: configKey({}) } }],
    ['the key is somebody else’s', { cluster: { ...gone, leader: leaderKey('b', 50) } }],
  ])('F30: PostgreSQL is killed where %s', (_, obs) => {
    const decision = decided({ ...back, ...obs }, SERVING);
    expect(decision.rule).toBe('F30');
    expect(callOf(decision)?.mayLeadAgain ?? false).toBe('lease' in obs);
  });

  test('nobody is asked to carry on a lead whose PostgreSQL is down', () => {
    const { plan } = decided({ ...back, postgres: down() }, { ...SERVING, role: 'primary' });
    expect(plan.verdict).toMatchObject({ kind: 'withhold' });
  });

  test('the primary that goes on owes its new reign no checkpoint of a promotion', () => {
    const cluster = leads({ leader: leaderKey('a', 60), reign: { value: { name: 'a', timeline: 1 }, revision: 60 } });
    const { memory: after } = decided({ lease: held(60), postgres: primary(), cluster }, SERVING);
    expect(after).toMatchObject({ servingReign: 60, checkpointReign: 60 });
  });
});

describe('a member that has promised', () => {
  const gone = view({ config: ON, failsafe: LISTED });
  const upstream = { host: 'b', port: 5432 };
  const bound = {
    cluster: gone,
    promise: promised,
    postgres: standby({ receiverRuns: true, upstream }),
  };

  test('V02: neither cuts its receiver nor pledges nor runs for the key', () => {
    const decision = decided(bound);
    expect(decision.rule).toBe('V02');
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.wakeMs).toBeLessThanOrEqual(promised.kind === 'given' ? promised.untilMs : 0);
  });

  test('is free once it is over', () => {
    expect(decided({ ...bound, promise: { kind: 'none' } }).rule).toBe('V10');
  });

  test('V02: waits as long after its start where promises of an earlier agent could not be read back', () => {
    expect(decided({ ...bound, promise: { kind: 'unread', sinceMs: NOW_MS - 2_900 } }).rule).toBe('V02');
    expect(decided({ ...bound, promise: { kind: 'unread', sinceMs: NOW_MS - 3_100 } }).rule).toBe('V10');
  });

  test('waits for nothing where the mode never was on', () => {
    const cluster = view();
    expect(decided({ ...bound, cluster, promise: { kind: 'unread', sinceMs: NOW_MS } }).rule).toBe('V10');
  });
});

describe('who may lead', () => {
  const mine = standby();
  const pledges = [pledgeOf('a', 1000), pledgeOf('c', 900)];
  const vacancy = {
    sinceMs: NOW_MS - 9_000,
    previous: { name: 'b', reign: 10, leaseTtlMs: 3_000 },
    manner: 'expired',
  } as const;
  const race = { postgres: mine, vacancy };
  const reign = { value: { name: 'b', timeline: 1 }, revision: 10 };
  const since = { candidateSinceMs: NOW_MS - 9_000, pledge: { reign: 10, position: { timeline: 1, lsn: at(1000) } } };

  test('a member in the map', () => {
    expect(decided({ ...race, cluster: view({ config: ON, failsafe: LISTED, pledges }) }, since).rule).toBe('V80');
  });

  test('V47: nobody else', () => {
    const failsafe = { value: { b: FAILSAFE.b, c: FAILSAFE.c }, revision: 12 };
    expect(decided({ ...race, cluster: view({ config: ON, failsafe, pledges, reign }) }, since).rule).toBe('V47');
  });

  test('V47: nor right after the mode was switched off, as the leader may not know that yet', () => {
    const failsafe = { value: { b: FAILSAFE.b, c: FAILSAFE.c }, revision: 12 };
    expect(decided({ ...race, cluster: view({ failsafe, pledges, reign }) }, since).rule).toBe('V47');
  });

  test('everybody, where a Patroni leader has left an old map behind', () => {
    const failsafe = { value: { b: FAILSAFE.b, c: FAILSAFE.c }, revision: 12 };
    const patronis = { ...vacancy, previous: { ...vacancy.previous, reign: 40 } };
    const decision = decided({ ...race, vacancy: patronis, cluster: view({ failsafe, pledges }) }, since);
    expect(decision.rule).toBe('V80');
  });

  test('a member in the map that has not come back to the store yet is waited for', () => {
    const cluster = view({ config: ON, failsafe: LISTED, pledges: [pledgeOf('a', 1000)], members: [member('a')] });
    const decision = decided({ ...race, cluster }, { ...since, candidateSinceMs: NOW_MS - 200 });
    expect(decision.why).toContain('waiting for the pledge of c');
  });
});

describe('what a leader that asks is told', () => {
  const gone = view({ config: ON, leader: leaderKey('b'), failsafe: LISTED });
  const mine = standby({ receiverRuns: true, upstream: { host: 'b', port: 5432 } });
  const verdict = (obs: Parameters<typeof decided>[0], mem: Partial<Memory> = {}): unknown =>
    decided({ cluster: gone, postgres: mine, ...obs }, mem).plan.promise;

  test('yes, for `ttl` where it does not say for how long', () => {
    expect(verdict({})).toEqual({ kind: 'give', promiseMs: 30_000 });
  });

  test('yes, also by an agent that has not heard from the store since its start', () => {
    const cluster = unknown('the store does not answer');
    expect(decide(observation({ cluster, postgres: mine }), memory()).plan.promise.kind).toBe('give');
  });

  test.each([
    ['by a running primary', { postgres: primary(), lease: held() }, 500, 'Running as a leader'],
    ['by whoever holds the key', { lease: held() }, 500, 'Running as a leader'],
    ['where the mode is off', { cluster: view({ leader: leaderKey('b') }) }, 502, 'failsafe_mode is off'],
  ] as const)('no %s', (_, obs, ...[status, why]) => {
    expect(verdict(obs)).toEqual({ kind: 'refuse', status, why });
  });

  const pledge = { reign: 10, position: { timeline: 1, lsn: at(1) } };
  test.each([
    ['stands', { cluster: { ...gone, pledges: [pledgeOf('a', 1)] } }, {}],
    ['may stand', { unsettled: new Set(['pledge'] as const) }, {}],
    ['is remembered while the store is silent', { cluster: unknown('silent') }, { pledge }],
  ])('no while a pledge %s', (_, obs, mem) => {
    expect(verdict(obs, mem)).toEqual({ kind: 'refuse', status: 503, why: 'a pledge stands, or may stand' });
  });

  test('R10: whoever may have pledged withdraws that before it clones for hours, so that it can promise', () => {
    const empty = postgres({ data: { kind: 'empty' }, postmaster: undefined });
    const members = [member('b', { role: 'primary' })];
    const cluster = { ...gone, members };
    const decision = decided({ cluster, postgres: empty, unsettled: new Set(['pledge'] as const) });
    expect(decision.rule).toBe('R10');
  });

  test('no from the moment on in which it pledges', () => {
    const cluster = view({ config: ON, failsafe: LISTED });
    const decision = decided({ cluster, postgres: standby() });
    expect(decision.plan.steps.map(({ kind }) => kind)).toEqual(['putPledge']);
    expect(decision.plan.promise.kind).toBe('refuse');
  });
});

test('U10: leads on while the members carry the lead', () => {
  const cluster = unknown('the store does not answer');
  const decision = decided(
    { cluster, lease: carried(), postgres: primary() },
    { ...SERVING, failsafe: { stored: FAILSAFE, asked: FAILSAFE } },
  );
  expect(decision.rule).toBe('U10');
  expect(decision.why).toContain('every member in /failsafe agrees');
});

describe('the defaults', () => {
  test('the lease is shorter where failsafe mode bridges what it is too short for', () => {
    expect(config({ failsafe_mode: true }).leaderTtlMs).toBe(3_000);
    expect(config({}).leaderTtlMs).toBe(6_000);
    expect(config({ failsafe_mode: true, kornak: { leader_ttl: 2 } }).leaderTtlMs).toBe(2_000);
  });

  const born = {
    initialize: { value: '', revision: 3 },
    bootstrapper: 'a',
    config: { value: undefined, raw: undefined, revision: 0 },
  };
  const written = (cluster: ClusterView, initialConfig: Record<string, unknown>): unknown => {
    const obs = observation({ cluster, postgres: down({ state: 'shut down' }) });
    const decision = decide({ ...obs, self: { ...obs.self, initialConfig } }, memory());
    expect(decision.rule).toBe('G30');
    return decision.plan.steps.find((step) => step.kind === 'writeConfig')?.value;
  };

  test('a cluster that we bring into the world has it on', () => {
    expect(written(view(born), { ttl: 30 })).toEqual({ ttl: 30, failsafe_mode: true });
  });

  test('unless its file says otherwise', () => {
    expect(written(view(born), { failsafe_mode: false })).toEqual({ failsafe_mode: false });
  });

  test('a cluster that exists is told nothing new', () => {
    expect(written(view({ config: born.config }), { ttl: 30 })).toEqual({ ttl: 30 });
  });
});

describe('slots while the store is silent (known failure 37)', () => {
  const logical = { kind: 'logical', database: 'app', plugin: 'pgoutput', confirmedFlushLsn: at(900) } as const;
  const there = [
    physicalSlot('c'),
    physicalSlot('x', { active: true }),
    physicalSlot('held', { hasXmin: true }),
    physicalSlot('l', logical),
  ];
  const positions = { c: at(950), x: at(950), held: at(950), l: at(2000), absent: at(950) };
  const silentStandby = (mem: Partial<Memory> = {}) =>
    decided(
      {
        postgres: standby({ slots: there }),
        cluster: unknown('no answer'),
        promise: { ...promised, slots: positions },
      },
      { role: 'replica', ...mem },
    );

  test('move on as the leader tells with its questions, and not beyond what is replayed', () => {
    const decision = silentStandby();
    expect([decision.rule, decision.plan.steps]).toEqual([
      'U25',
      [
        { kind: 'advanceSlots', to: { c: at(950) } },
        { kind: 'tendLogicalSlots', work: [{ name: 'l', database: 'app', plugin: 'pgoutput', to: at(1000) }] },
      ],
    ]);
    expect(silentStandby({ slots: decision.memory.slots }).rule).toBe('U30');
  });

  test('of members that stream from others move on the leader, as far as they say they are', () => {
    const lease = carried({
      reached: new Map([
        ['c-1', at(950)],
        ['b', at(950)],
      ]),
    });
    const slots = [physicalSlot('b', { active: true }), physicalSlot('c_1'), physicalSlot('l', logical)];
    const decision = decided({ postgres: primary({ slots }), lease, cluster: unknown('no answer') }, SERVING);
    expect([decision.rule, decision.plan.steps]).toEqual(['U10', [{ kind: 'advanceSlots', to: { c_1: at(950) } }]]);
  });

  test('are told by the leader, its own position among them', () => {
    const { plan } = decided({ postgres: primary(), lease: carried(), cluster: leads() }, SERVING);
    expect(plan.verdict.kind === 'renew' && plan.verdict.failsafe?.slots).toEqual({
      a: at(1000),
      b: at(900),
      c: at(900),
    });
  });
});

test('a leader that is asked to shut down lets go although the members would carry it on', () => {
  const asked = { requests: [{ kind: 'shutdown', id: 7 }] } as const;
  const stopped = { postgres: down({ state: 'shut down' }), lease: carried(), cluster: unknown('no answer') } as const;
  const mem = { ...SERVING, failsafe: { stored: FAILSAFE, asked: FAILSAFE } };
  expect(decided(stopped, mem).plan.verdict.kind).toBe('renew');
  expect(decided({ ...stopped, ...asked }, mem).plan.verdict.kind).toBe('withhold');
});
