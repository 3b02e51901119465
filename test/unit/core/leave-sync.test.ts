import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import {
  at,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  postgres,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const asked: Observation['requests'] = [{ kind: 'shutdown', id: 7 }];
const ledByB = (voters: readonly string[], more: Parameters<typeof view>[0] = {}) =>
  view({
    leader: leaderKey('b'),
    members: [member('a'), member('b', { role: 'primary' }), member('c')],
    sync: { value: syncOf('b', voters), revision: 7 },
    ...more,
  });
const shuttingDown = (more: Parameters<typeof observation>[0]) =>
  observation({ postgres: standby(), requests: asked, ...more });

const leavingSince = (sinceMs: number, atMs: number): Partial<Memory> => ({
  syncWatch: { stalls: new Map(), strictHeld: false, leaving: { sinceMs, atMs } },
});

describe('a synchronous standby that shuts down', () => {
  test('first asks to be left out, and waits', () => {
    const decision = decide(shuttingDown({ cluster: ledByB(['a']) }), memory());
    expect(decision.rule).toBe('X15');
    expect(decision.plan.steps).toEqual([]);
    expect(decision.plan.publish?.tags).toEqual({ nosync: true, sync_priority: 0 });
  });
  test('keeps its own tags beside it, and tells them alone again afterwards', () => {
    const obs = shuttingDown({ cluster: ledByB(['A']) });
    const self = { ...obs.self, tags: { zone: 'x' } };
    expect(decide({ ...obs, self }, memory()).plan.publish?.tags).toEqual({
      zone: 'x',
      nosync: true,
      sync_priority: 0,
    });
    const later = { ...observation({ postgres: standby(), cluster: ledByB([]), nowMs: NOW_MS + 60_000 }), self };
    const decision = decide(later, memory(leavingSince(NOW_MS, NOW_MS)));
    expect(decision.plan.publish?.tags).toEqual({ zone: 'x' });
  });
  test('is stopped as soon as it is out', () => {
    expect(decide(shuttingDown({ cluster: ledByB(['c']) }), memory()).rule).toBe('X20');
  });
  test('is stopped after two loop_waits all the same', () => {
    expect(
      decide(shuttingDown({ cluster: ledByB(['a']) }), memory(leavingSince(NOW_MS - 20_001, NOW_MS - 100))).rule,
    ).toBe('X20');
  });
  test('does not wait where nobody could take it out', () => {
    const nobody = shuttingDown({ cluster: ledByB(['a'], { leader: undefined }) });
    expect(decide(nobody, memory()).rule).toBe('X20');
    const others = shuttingDown({ cluster: ledByB(['a'], { sync: { value: syncOf('c', ['a']), revision: 7 } }) });
    expect(decide(others, memory()).rule).toBe('X20');
  });
  test('does not wait if it is tagged nosync anyway', () => {
    const obs = shuttingDown({ cluster: ledByB(['a']) });
    expect(decide({ ...obs, self: { ...obs.self, tags: { nosync: true } } }, memory()).rule).toBe('X20');
  });
});

describe('a voter that comes back with an empty disk', () => {
  const empty = postgres({ data: { kind: 'empty' }, postmaster: undefined });

  test('is out of /sync before it is cloned: a copy of another standby may lack what its own held', () => {
    const decision = decide(observation({ postgres: empty, cluster: ledByB(['A']) }), memory());
    expect({ rule: decision.rule, steps: decision.plan.steps }).toEqual({ rule: 'B65', steps: [] });
    expect(decision.plan.publish?.tags).toEqual({ nosync: true, sync_priority: 0 });
  });
  test('is cloned once nobody counts on what it held', () => {
    const status = { optime: undefined, slots: { a: at(900) }, retainSlots: [] };
    expect(decide(observation({ postgres: empty, cluster: ledByB(['c'], { status }) }), memory()).rule).toBe('B70');
  });
});
