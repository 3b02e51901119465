import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { LocalPostgres } from '../../../src/core/model/local-postgres.ts';
import type { LeaseState, Observation } from '../../../src/core/model/observation.ts';
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
  primary,
  standby,
  view,
} from '../../support/core-builders.ts';

const upstream = { host: 'b', port: 5432 };
const follower = standby({
  upstream,
  receiverRuns: true,
  receiver: { status: 'streaming', upstream, slot: 'a', timeline: 1 },
});
const told = { optime: at(1000), slots: { a: at(1000), b: at(900), c: at(900) }, retainSlots: ['a', 'b', 'c'] };
const ledByA = { leader: leaderKey('a'), status: told };
const ledByB = view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' }), member('c')] });
const settled = memory({
  servingReign: 10,
  historyReign: 10,
  checkpointReign: 10,
  statusAtMs: NOW_MS,
  role: 'primary',
});

interface Seat {
  readonly name: string;
  readonly postgres: LocalPostgres;
  readonly lease: LeaseState;
  readonly cluster: Observation['cluster'] | typeof ledByB;
}

const SEATS: readonly Seat[] = [
  { name: 'leader', postgres: primary(), lease: held(), cluster: view(ledByA) },
  { name: 'replica', postgres: follower, lease: { kind: 'none' }, cluster: ledByB },
];

test.each(SEATS)('a local file read again is told to the server of a $name, once', ({ postgres, lease, cluster }) => {
  const before = observation({ postgres, lease, cluster });
  const changed = { ...before, self: { ...before.self, localRevision: 1 } };
  expect(decide(before, settled).plan.steps).toEqual([]);
  const { plan, memory: after } = decide(changed, settled);
  expect(plan.steps.map(({ kind }) => kind)).toEqual(['applySettings']);
  expect(decide(changed, after).plan.steps).toEqual([]);
});

test('a server that is started anew has been given the file as it is now', () => {
  const before = observation({ postgres: down({ state: 'shut down in recovery' }, true), cluster: ledByB });
  const { memory: after } = decide({ ...before, self: { ...before.self, localRevision: 3 } }, memory());
  expect(after).toMatchObject({ appliedConfig: 4, appliedLocal: 3 });
});

test('changed tags are published at once', () => {
  const [, seat] = SEATS;
  const before = observation({ ...seat });
  const { memory: after } = decide(before, settled);
  const retagged = { ...before, nowMs: NOW_MS + 100, self: { ...before.self, tags: { nofailover: true } } };
  expect(decide(retagged, after).plan.publish?.tags).toEqual({ nofailover: true });
});

test('a /config that cannot be used stays as it is, and what was in force stays so', () => {
  const broken = { ...configKey({ ttl: 'soon' }, 9), value: undefined };
  const obs = observation({
    postgres: primary(),
    lease: held(),
    cluster: view({ ...ledByA, config: broken }),
  });
  const lastConfig = configKey({ loop_wait: 3, postgresql: { parameters: { work_mem: '8MB' } } }).value;
  const { plan } = decide(obs, { ...settled, lastConfig });
  expect(plan.steps).toMatchObject([{ kind: 'applySettings', settings: { parameters: { work_mem: '8MB' } } }]);
});

test('a /config that is no JSON object is written from what was in force', () => {
  const gone = { value: undefined, raw: undefined, revision: 9 };
  const obs = observation({
    postgres: primary(),
    lease: held(),
    cluster: view({ ...ledByA, config: gone }),
  });
  const lastConfig = configKey({ loop_wait: 3 }).value;
  expect(decide(obs, { ...settled, lastConfig }).plan.steps).toMatchObject([
    { kind: 'writeConfig', value: { loop_wait: 3 }, revision: 9 },
  ]);
});
