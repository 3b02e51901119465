// What is tried again and again is told of once: the history of events is bounded, and it is read at night.
import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { EventKind } from '../../../src/core/model/event.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import {
  down,
  held,
  leaderKey,
  memory,
  NOW_MS,
  observation,
  postgres,
  standby,
  view,
} from '../../support/core-builders.ts';

const TRIES = 20;

/** The same is seen again and again, since nothing that was tried was answered. */
function eventsOf(obs: Observation, mem: Memory, rule: string): { readonly kinds: EventKind[]; readonly mem: Memory } {
  const kinds: EventKind[] = [];
  let last = mem;
  for (let nth = 0; nth < TRIES; nth += 1) {
    const it = decide({ ...obs, nowMs: NOW_MS + nth * 100 }, last);
    expect(it.rule).toBe(rule);
    kinds.push(...it.events.map(({ kind }) => kind));
    last = it.memory;
  }
  return { kinds, mem: last };
}

const ledByA = (reign: number): ReturnType<typeof view> => view({ leader: leaderKey('a', reign) });
const unsettled = new Set(['release'] as const);

test('a key of an earlier life is given back once for people, however often that is tried', () => {
  const first = eventsOf(observation({ postgres: down(), cluster: ledByA(10), unsettled }), memory(), 'L10');
  expect(first.kinds).toEqual(['leader.released']);
  const next = eventsOf(observation({ postgres: down(), cluster: ledByA(30) }), first.mem, 'L10');
  expect(next.kinds).toEqual(['leader.released']);
});

test('so is a key that is given up since nobody here can lead', () => {
  const claimed = { value: { name: 'a', timeline: 2 }, revision: 10 };
  const cluster = view({ leader: leaderKey('a', 10), reign: claimed });
  const obs = observation({ postgres: standby(), lease: held(), cluster });
  expect(eventsOf(obs, memory({ promoteTries: 2 }), 'L30').kinds).toEqual(['leader.released']);
});

test('a lost lease is told of once while the guard does not answer', () => {
  const lease = { kind: 'lost', reign: 10, why: 'refused' } as const;
  const obs = observation({ postgres: down(), lease, cluster: view({ leader: leaderKey('b', 20) }) });
  expect(eventsOf(obs, memory(), 'F40').kinds).toEqual(['leader.lost']);
});

test('a recovery that takes too long is told of once while its kill goes on', () => {
  const obs = observation({ postgres: postgres({ starting: true }), lease: held(), cluster: ledByA(10) });
  const mem = memory({ role: 'primary', servingReign: 10, startingSinceMs: NOW_MS - 400_000, answeredMs: NOW_MS });
  const { kinds } = eventsOf(obs, mem, 'D15');
  expect(kinds.filter((kind) => kind === 'postgres.fenced')).toHaveLength(1);
});
