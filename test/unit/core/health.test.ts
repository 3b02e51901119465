// What a sick server or disk makes of a decision, and what it does not.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import { decodeMember, encodeMember } from '../../../src/core/layout/member-key.ts';
import type { MemberData } from '../../../src/core/model/cluster.ts';
import { type LocalHealth, NO_HEALTH, NO_SERVER_HEALTH, type VolumeState } from '../../../src/core/model/health.ts';
import type { LocalPostgres } from '../../../src/core/model/local-postgres.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import { seen, unknown } from '../../../src/core/model/seen.ts';
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
  pledgeOf,
  postgres,
  primary,
  sender,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const MIB = 1024 * 1024;
/** Longer than `health_timeout` is by default, and shorter. */
const LONG_MS = 6_000;
const SHORT_MS = 3_000;

function storage(state: VolumeState, forMs = LONG_MS, freeMiB = 500, wal: VolumeState = 'ok'): LocalHealth {
  const volume = { path: '/data', sinceMs: NOW_MS - forMs, freeBytes: freeMiB * MIB, why: undefined } as const;
  return {
    ...NO_HEALTH,
    storage: seen(
      [
        { ...volume, use: 'data', state },
        { ...volume, use: 'wal', state: wal, path: '/data/pg_wal' },
      ],
      NOW_MS,
    ),
  };
}

const silent = (forMs: number): LocalHealth => ({
  ...NO_HEALTH,
  server: { ...NO_SERVER_HEALTH, silentSinceMs: NOW_MS - forMs },
});

const sick = (server: LocalPostgres, health: LocalHealth): LocalPostgres => ({ ...server, health });

const settled: Partial<Memory> = {
  role: 'primary',
  checkpointReign: 10,
  historyReign: 10,
  servingReign: 10,
  statusAtMs: NOW_MS,
};
const replica = { replicationState: 'streaming', xlogLocation: at(1000) } as const;
const roomy = { protocol: 1, can: ['pledge', 'guard'], walFreeMiB: 400 };
const led = (b: Partial<MemberData> = replica, c: Partial<MemberData> = { state: 'stopped' }) =>
  view({
    leader: leaderKey('a'),
    members: [member('a', { role: 'primary' }), member('b', b), member('c', c)],
    status: { optime: at(1000), slots: { a: at(1000), b: at(900), c: at(900) }, retainSlots: ['a', 'b', 'c'] },
  });
const serving = primary({ senders: [sender('b')] });

function leading(server: LocalPostgres, more: Partial<Observation> = {}, cluster = led()): Observation {
  return observation({ ...more, postgres: server, lease: held(), cluster: seen(cluster, NOW_MS) });
}

function decided(obs: Observation, mem: Partial<Memory> = settled) {
  const { plan, rule, why, events, memory: after } = decide(obs, memory(mem));
  return { rule, why, steps: plan.steps.map(({ kind }) => kind), verdict: plan.verdict.kind, plan, events, after };
}

describe('a primary whose disk does not answer', () => {
  test('is killed and its lease left to run out where another member is better off', () => {
    expect(decided(leading(sick(serving, storage('stalled'))))).toMatchObject({
      rule: 'H20',
      steps: ['fence'],
      verdict: 'withhold',
    });
  });

  test('F26: is left alone within health_timeout', () => {
    expect(decided(leading(sick(serving, storage('stalled', SHORT_MS))))).toMatchObject({
      rule: 'P90',
      verdict: 'renew',
    });
  });

  test('is left alone while WAL goes on reaching it: slow is not dead', () => {
    const mem = { ...settled, walMoved: { flushLsn: at(1000), atMs: NOW_MS - SHORT_MS } };
    const oneDisk = storage('stalled', LONG_MS, 500, 'stalled');
    expect(decided(leading(sick(serving, oneDisk)), mem)).toMatchObject({ rule: 'P90', verdict: 'renew' });
    expect(decided(leading(sick(serving, storage('stalled'))), mem)).toMatchObject({ rule: 'H20' });
  });

  test.each([
    ['nobody else runs', led({ state: 'stopped' })],
    ['the other is no better', led({ ...replica, kornak: { ...roomy, unfit: 'stalled' } })],
    ['the other may not lead', led({ ...replica, tags: { nofailover: true } })],
    ['the other may not lead by its priority', led({ ...replica, tags: { failover_priority: 0 } })],
    ['the other lags too far', led({ xlogLocation: at(1) }, { state: 'stopped' })],
  ])('stays, and says so, where %s', (what, cluster) => {
    const far = { ...cluster, status: { ...cluster.status, optime: at(what.includes('lags') ? 9_000_000 : 1000) } };
    const it = decided(leading(sick(serving, storage('stalled')), {}, far));
    expect(it).toMatchObject({ verdict: 'renew' });
    expect(it.rule).not.toMatch(/^H/);
    expect(it.events.map(({ kind, text }) => [kind, text])).toContainEqual([
      'health.changed',
      'a: the data directory /data does not answer',
    ]);
    expect(it.plan.publish?.kornak).toMatchObject({ unfit: 'stalled' });
  });

  test('stays where too few voters are left to elect another', () => {
    const cluster = { ...led(), sync: { value: syncOf('a', ['b', 'c'], 1), revision: 8 } };
    expect(decided(leading(sick(serving, storage('stalled')), {}, cluster)).verdict).toBe('renew');
  });

  test('gives the key up only once nothing of it is left', () => {
    const yielding = { kind: 'stalled', why: 'the disk does not answer', reign: 10 } as const;
    const mem = { ...settled, yielding, fencingSinceMs: NOW_MS - LONG_MS, leftoversSinceMs: NOW_MS - LONG_MS };
    const stuck = { ...storage('stalled'), leftovers: 2 };
    expect(decided(leading(sick(down(), stuck)), mem)).toMatchObject({ rule: 'H10', steps: ['fence'] });
    expect(decided(leading(sick(down(), storage('stalled'))), mem)).toMatchObject({
      rule: 'H30',
      steps: ['releaseKey'],
      verdict: 'withhold',
    });
  });
});

describe('a process that no kill ends', () => {
  const stuck = { ...NO_HEALTH, leftovers: 3 };
  const killed = { ...settled, fencingSinceMs: NOW_MS - LONG_MS, leftoversSinceMs: NOW_MS - LONG_MS };

  test('makes the member not fenced, which is published, told once, and never `stopped`', () => {
    const obs = observation({ postgres: sick(down(), stuck), cluster: view({ leader: leaderKey('b', 20) }) });
    const first = decided(obs, killed);
    expect(first.plan.publish).toMatchObject({ state: 'stop failed', kornak: { unfenced: 3 } });
    expect(first.events.map(({ kind }) => kind)).toContain('postgres.unfenced');
    const second = decided(obs, first.after);
    expect(second.events).toEqual([]);
  });

  test('may end by itself for a moment, in which nothing is started or released either', () => {
    expect(decided(leading(sick(down(), stuck)))).toMatchObject({ rule: 'H10', steps: [] });
  });

  test('counts as the guard counts it, once its kill has had its time', () => {
    const guard = { kind: 'fired', reign: 10, left: 2 } as const;
    const obs = observation({ postgres: postgres(), guard, cluster: view({ leader: leaderKey('b', 20) }) });
    const killing = { role: 'primary', guardKillsSinceMs: NOW_MS - LONG_MS } as const;
    expect(decided(obs, killing).plan.publish).toMatchObject({ state: 'stop failed', kornak: { unfenced: 2 } });
  });

  test('is not told while the guard has only just begun to kill', () => {
    const guard = { kind: 'fired', reign: 10, left: 9 } as const;
    const lease = { kind: 'lost', reign: 10, why: 'refused' } as const;
    const cluster = view({ leader: leaderKey('b', 20) });
    const first = decided(observation({ postgres: postgres(), guard, lease, cluster }), { role: 'primary' });
    expect(first.events.map(({ kind }) => kind)).toEqual(['postgres.fenced']);
    expect(first.plan.publish?.state).toBe('stopping');
    expect(first.plan.publish?.kornak).not.toHaveProperty('unfenced');
    const later = observation({ nowMs: NOW_MS + 155, postgres: down(), guard: { ...guard, left: 0 }, lease, cluster });
    const kinds = decided(later, first.after).events.map(({ kind }) => kind);
    expect(kinds).not.toContain('health.changed');
  });

  test('is told where the guard has killed for longer than a kill takes', () => {
    const guard = { kind: 'fired', reign: 10, left: 9 } as const;
    const cluster = view({ leader: leaderKey('b', 20) });
    const first = decided(observation({ postgres: down(), guard, cluster }), { role: 'primary' });
    const later = observation({ nowMs: NOW_MS + 1_100, postgres: down(), guard: { ...guard, left: 1 }, cluster });
    const second = decided(later, first.after);
    expect(second.events.map(({ kind }) => kind)).toContain('postgres.unfenced');
    expect(second.plan.publish).toMatchObject({ state: 'stop failed', kornak: { unfenced: 1 } });
  });

  test('keeps an agent that is to stop from releasing a key', () => {
    const requests = [{ kind: 'shutdown', id: 1 }] as const;
    expect(decided(leading(sick(down(), stuck), { requests }), killed)).toMatchObject({ rule: 'H10' });
    const follower = observation({ postgres: sick(down(), stuck), requests, cluster: led({ role: 'primary' }) });
    const elsewhere = { ...follower, cluster: seen(view({ leader: leaderKey('b') }), NOW_MS) };
    expect(decided(elsewhere, killed)).toMatchObject({ rule: 'X30' });
  });

  test('is killed again without being told of again', () => {
    const obs = observation({ postgres: postgres(), lease: { kind: 'lost', reign: 10, why: 'refused' } });
    const first = decided(obs, { role: 'primary' });
    expect(first).toMatchObject({ rule: 'F30' });
    expect(first.events.map(({ kind }) => kind)).toContain('postgres.fenced');
    expect(decided(obs, first.after).events.map(({ kind }) => kind)).not.toContain('postgres.fenced');
  });
});

describe('a server that answers nobody new', () => {
  test('is hung after health_timeout, although the connection that stands still answers', () => {
    expect(decided(leading(sick(serving, silent(LONG_MS))))).toMatchObject({ rule: 'H20', verdict: 'withhold' });
    expect(decided(leading(sick(serving, silent(SHORT_MS))))).toMatchObject({ rule: 'P90', verdict: 'renew' });
  });

  test('is busy, not hung, while its WAL moves on for those that stand; for three times health_timeout', () => {
    const walMoved = { flushLsn: at(1000), atMs: NOW_MS - 100 };
    const after = (forMs: number) => decided(leading(sick(serving, silent(forMs))), { ...settled, walMoved });
    expect(after(LONG_MS)).toMatchObject({ rule: 'P90', verdict: 'renew' });
    expect(after(14_900)).toMatchObject({ rule: 'P90', verdict: 'renew' });
    expect(after(15_100)).toMatchObject({ rule: 'H20', verdict: 'withhold' });
    const stands = { ...settled, walMoved: { ...walMoved, atMs: NOW_MS - LONG_MS } };
    expect(decided(leading(sick(serving, silent(LONG_MS))), stands)).toMatchObject({ rule: 'H20' });
  });

  test('is hung as well when commits do not get anywhere', () => {
    const health = { ...NO_HEALTH, server: { ...NO_SERVER_HEALTH, stuckSinceMs: NOW_MS - LONG_MS } };
    expect(decided(leading(sick(serving, health)))).toMatchObject({ rule: 'H20', verdict: 'withhold' });
  });

  test('is not hung when it turns people away for being too many', () => {
    const health = { ...NO_HEALTH, server: { ...NO_SERVER_HEALTH, refusal: 'sorry, too many clients already' } };
    const it = decided(leading(sick(serving, health)));
    expect(it).toMatchObject({ rule: 'P90', verdict: 'renew' });
    expect(it.events.map(({ text }) => text)).toEqual([
      'a: PostgreSQL turns new connections away: sorry, too many clients already',
    ]);
  });

  test('goes on leading when only the status query misses its time (known failure 1)', () => {
    const answering = { ...NO_HEALTH, server: { ...NO_SERVER_HEALTH, answeredMs: NOW_MS - 1_000 } };
    const late = sick(postgres({ sql: unknown('canceling statement due to statement timeout') }), answering);
    const mem = { ...settled, answeredMs: NOW_MS - LONG_MS };
    const it = decided(leading(late), mem);
    expect(it).toMatchObject({ rule: 'L50', verdict: 'renew' });
    expect(it.plan.publish).toMatchObject({ role: 'primary', state: 'running' });
    expect(decided(leading(sick(late, NO_HEALTH)), mem).verdict).toBe('withhold');
  });
});

test('while paused nothing is killed and no lease withheld, however sick the server is', () => {
  const cluster = { ...led(), config: configKey({ pause: true }) };
  for (const health of [storage('stalled'), storage('readOnly'), silent(LONG_MS), { ...NO_HEALTH, leftovers: 1 }]) {
    const server = health.leftovers > 0 ? down() : serving;
    const it = decided(leading(sick(server, health), {}, cluster), { ...settled, leftoversSinceMs: 0 });
    expect(it).toMatchObject({ verdict: 'renew' });
    expect(it.steps).not.toContain('fence');
    expect(it.steps).not.toContain('releaseKey');
  }
});

describe('a primary that has no room, or may not write', () => {
  test('hands over, with everything, to a member that has room', () => {
    const cluster = led({ ...replica, kornak: roomy });
    const it = decided(leading(sick(serving, storage('full', LONG_MS, 3)), {}, cluster));
    expect(it).toMatchObject({ rule: 'H40', steps: ['startJob'], verdict: 'renew' });
    expect(it.after.switchover).toMatchObject({ candidate: 'b' });
    expect(it.events.map(({ kind }) => kind)).toContain('member.unfit');
    expect(it.plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'stop', leavesArchiver: true } }]);
  });

  test.each([
    ['no room is known', undefined],
    ['there is no more room', 3],
    ['there is hardly more', 40],
  ])('stays where of the others %s', (_, walFreeMiB) => {
    const kornak = { protocol: 1, can: ['pledge'], ...(walFreeMiB === undefined ? {} : { walFreeMiB }) };
    const cluster = led({ ...replica, kornak });
    expect(decided(leading(sick(serving, storage('full', LONG_MS, 3)), {}, cluster))).toMatchObject({ rule: 'P90' });
  });

  test('does not try to hand over again at once', () => {
    const mem = { ...settled, handOverAgainMs: NOW_MS + 1 };
    const cluster = led({ ...replica, kornak: roomy });
    expect(decided(leading(sick(serving, storage('full', LONG_MS, 3)), {}, cluster), mem).rule).toBe('P90');
  });

  test('is killed when read-only, once another member has everything', () => {
    const behind = primary({ senders: [sender('b', { flushLsn: at(999) })] });
    expect(decided(leading(sick(behind, storage('readOnly'))))).toMatchObject({ rule: 'P90', verdict: 'renew' });
    expect(decided(leading(sick(serving, storage('readOnly'))))).toMatchObject({ rule: 'H20', steps: ['fence'] });
  });

  test('is not started again where it cannot be, and lets another lead', () => {
    expect(decided(leading(sick(down(), storage('readOnly'))))).toMatchObject({ rule: 'H30', steps: ['releaseKey'] });
    const alone = led({ state: 'stopped' });
    expect(decided(leading(sick(down(), storage('readOnly')), {}, alone))).toMatchObject({ rule: 'H50', steps: [] });
    expect(decided(leading(sick(down(), storage('full')), {}, alone)).rule).toBe('D20');
  });
});

describe('a candidate', () => {
  const vacancy = {
    sinceMs: NOW_MS - 20,
    previous: { name: 'c', reign: 10, leaseTtlMs: 6_000 },
    manner: 'released',
  } as const;
  const gone = view({
    members: [member('a'), member('b', replica), member('c', { role: 'primary', state: 'stopped' })],
    pledges: [pledgeOf('a', 1000), pledgeOf('b', 1000)],
  });
  const candidate = (health: LocalHealth, waitedMs = 0, cluster = gone) =>
    decided(observation({ postgres: sick(standby(), health), vacancy, cluster }), {
      candidateSinceMs: NOW_MS - waitedMs,
    });

  test.each(['stalled', 'readOnly', 'failing'] as const)('whose disk is %s does not race', (state) => {
    expect(candidate(storage(state), 60_000)).toMatchObject({ rule: 'V60', steps: [] });
  });

  test('whose disk is full leaves the key to one with room for a while, and then takes it', () => {
    const cluster = { ...gone, members: [member('a'), member('b', { ...replica, kornak: roomy })] };
    expect(candidate(storage('full', LONG_MS, 3), 5_000, cluster).rule).toBe('V60');
    expect(candidate(storage('full', LONG_MS, 3), 10_000, cluster)).toMatchObject({ rule: 'V80', steps: ['takeKey'] });
  });

  test('does not wait for a better one that says itself that it is unfit', () => {
    const pledges = [pledgeOf('a', 1000), pledgeOf('b', 2000)];
    const unfitB = member('b', { ...replica, kornak: { ...roomy, unfit: 'readOnly' } });
    expect(candidate(NO_HEALTH, 0, { ...gone, pledges }).steps).toEqual([]);
    expect(candidate(NO_HEALTH, 0, { ...gone, pledges, members: [member('a'), unfitB] }).steps).toEqual(['takeKey']);
  });

  test('that says that it is unfit is nobody to hand over to', () => {
    const cluster = {
      ...led({ ...replica, kornak: { ...roomy, unfit: 'full' } }),
      failover: { value: { leader: 'a', candidate: 'b' }, revision: 9 },
      config: configKey(),
    };
    expect(decided(leading(serving, {}, cluster))).toMatchObject({ rule: 'S30', steps: ['writeFailover'] });
  });
});

test('what a member says of its health survives the store, and nonsense there does not', () => {
  const kornak = { ...roomy, unfit: 'readOnly', unfenced: 2 } as const;
  expect(decodeMember(encodeMember(memberData({ kornak }))).value.kornak).toEqual(kornak);
  const odd = JSON.stringify({ kornak: { protocol: 1, can: [], unfit: 'moody', wal_free_mib: -1, unfenced: 'x' } });
  expect(decodeMember(odd).value.kornak).toEqual({ protocol: 1, can: [] });
});

test('a server that was a primary is killed without its lease, also when its directory cannot be read', () => {
  const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
  const promoting = {
    job: { kind: 'promote', reign: 10, aboveTimeline: 1, settings },
    startedMs: NOW_MS - 500,
    deadlineMs: NOW_MS + 500,
    progress: undefined,
  } as const;
  const unreadable = postgres({ data: { kind: 'unreadable', why: 'no answer' } });
  expect(decided(observation({ postgres: unreadable }), { role: 'primary' }).rule).toBe('F30');
  const job = { ...promoting, cancelled: true };
  expect(decided(observation({ postgres: unreadable, job }), { role: 'replica' }).rule).toBe('F30');
  expect(decided(observation({ postgres: unreadable }), { role: 'none' }).rule).not.toBe('F30');
});

describe('an agent that has just started under an armed guard', () => {
  const guard = { kind: 'armed', reign: 10, leaseId: 'lease-leader', deadlineMs: NOW_MS + 2_000 } as const;

  test('carries on a server whose directory cannot be read yet', () => {
    const unreadable = postgres({ data: { kind: 'unreadable', why: 'no answer' } });
    expect(decided(observation({ postgres: unreadable, guard, cluster: led() }), {}).rule).toBe('F10');
  });

  test('does not have the guard stand down before the rest of a server is dead', () => {
    const rest = { ...down(), health: { ...NO_HEALTH, leftovers: 3 } };
    const it = decided(observation({ postgres: rest, guard, cluster: led() }), {});
    expect(it).toMatchObject({ rule: 'F50', steps: ['fence', 'disarmGuard'] });
  });
});

test('PostgreSQL in the middle of starting is not judged by questions that it cannot answer (known failure 13)', () => {
  const starting = sick(postgres({ starting: true, sql: unknown('starting up') }), silent(LONG_MS));
  const it = decided(leading(starting), { ...settled, startingSinceMs: NOW_MS - LONG_MS });
  expect(it).toMatchObject({ rule: 'L50', verdict: 'renew', steps: [] });
});
