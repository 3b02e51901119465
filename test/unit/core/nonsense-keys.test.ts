// Anybody can write anything into the store. What cannot be read must never let somebody lead who could not before.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import { decodeFailsafe } from '../../../src/core/layout/failsafe-key.ts';
import { decodeHistory } from '../../../src/core/layout/history-key.ts';
import { decodeMember } from '../../../src/core/layout/member-key.ts';
import { decodeLast, decodeReign } from '../../../src/core/layout/own-keys.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Vacancy } from '../../../src/core/model/observation.ts';
import type { Decision } from '../../../src/core/model/plan.ts';
import {
  at,
  config,
  configKey,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  pledgeOf,
  primary,
  RELEASED,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const released: Vacancy = { ...RELEASED, sinceMs: NOW_MS - 2_000 };
const FAILSAFE = configKey({ failsafe_mode: true });

function vacated(cluster: Partial<ClusterView>, mem: Partial<Memory> = {}): Decision {
  const reign = { value: { name: 'b', timeline: 1 }, revision: 10 };
  const known = { members: [member('a')], pledges: [pledgeOf('a', 1000)], reign };
  const obs = observation({ postgres: standby(), vacancy: released, cluster: view({ ...known, ...cluster }) });
  return decide(obs, memory({ lastConfig: config(), candidateSinceMs: NOW_MS - 2_000, ...mem }));
}

test('a mark of an unguarded PostgreSQL keeps everybody from the key where nobody can tell who led last', () => {
  const unguarded = [{ name: 'b', reign: 10, revision: 40 }];
  const decision = vacated({ unguarded, reign: { value: undefined, revision: 10 } });
  expect(decision.rule).toBe('V48');
  expect(decision.why).toContain('b');
  expect(vacated({ reign: { value: undefined, revision: 10 } }).rule).toBe('V80');
});

test('/failsafe that cannot be read leaves the lead to who led last: nobody else knows whom that one asks', () => {
  const nonsense = [{ key: '/service/demo/failsafe', why: 'not a JSON object' }];
  const cluster = { config: FAILSAFE, failsafe: { value: undefined, revision: 30 }, nonsense };
  const decision = vacated(cluster);
  expect(decision.rule).toBe('V47');
  expect(decision.why).toContain('/failsafe cannot be read');
  expect(vacated({ ...cluster, reign: { value: { name: 'a', timeline: 1 }, revision: 10 } }).rule).toBe('V80');
});

test('a map of other things than members keeps the last leader from nothing', () => {
  const failsafe = { value: { x: 'http://x:8008' }, revision: 30 };
  expect(vacated({ config: FAILSAFE, failsafe }).rule).toBe('V47');
  const reign = { value: { name: 'a', timeline: 1 }, revision: 10 };
  expect(vacated({ config: FAILSAFE, failsafe, reign }).rule).toBe('V80');
  expect(decodeFailsafe('{"leader":"a","sync_standby":"b"}')).toMatchObject({ value: undefined });
  expect(decodeFailsafe('{"a":"https://a:8008/patroni","b":7}').value).toBeUndefined();
});

test('/config that cannot be read ends no pause for an agent that has just started', () => {
  const nonsense = { value: undefined, raw: undefined, revision: 9 };
  const cluster = view({ config: nonsense, leader: leaderKey('b') });
  const obs = observation({ postgres: { ...primary(), pauseNoted: true }, cluster });
  expect(decide(obs, memory()).rule).toMatch(/^Y/);
  expect(decide(observation({ postgres: primary(), cluster }), memory()).rule).toBe('F30');
});

test('/config that is no JSON is left to whoever knows what stood there', () => {
  const broken = { value: undefined, raw: undefined, revision: 9 };
  const lead = { postgres: primary(), lease: held(), cluster: view({ config: broken, leader: leaderKey('a') }) };
  expect(decide(observation(lead), memory()).rule).not.toBe('G30');
  expect(decide(observation(lead), memory({ lastConfig: config({ ttl: 40 }) })).rule).toBe('G30');
});

test('timelines that no server could have come to count for nothing', () => {
  expect(decodeMember('{"state":"running","timeline":4294967295}').value.timeline).toBeUndefined();
  expect(decodeMember('{"state":"running","timeline":700}').value.timeline).toBe(700);
  expect(decodeHistory('[[4294967295,100,"no recovery target specified"]]').value).toBeUndefined();
  expect(decodeReign('{"name":"a","timeline":4294967295}').value).toBeUndefined();
  expect(decodeReign('{"name":"a","timeline":700}').value).toEqual({ name: 'a', timeline: 700 });
  expect(decodeLast('{"name":"a","reign":7,"timeline":4294967295,"lsn":100}').value).toBeUndefined();
});

describe('a leader writes anew', () => {
  const settled = { checkpointReign: 10, historyReign: 10, servingReign: 10, statusAtMs: NOW_MS };

  function chores(cluster: Partial<ClusterView>): readonly string[] {
    const more = { leader: leaderKey('a'), members: [member('a')], ...cluster };
    const obs = observation({ postgres: primary({ timeline: 4 }), lease: held(), cluster: view(more) });
    return decide(obs, memory({ lastConfig: config(), ...settled })).plan.steps.map(({ kind }) => kind);
  }

  test('/history that says nothing: who has diverged would wait for it for ever', () => {
    const good = { value: [{ timeline: 3, lsn: at(500), reason: 'x' }], revision: 30 };
    expect(chores({ history: good })).not.toContain('refreshHistory');
    expect(chores({ history: { value: undefined, revision: 40 } })).toContain('refreshHistory');
    expect(chores({ history: { value: [], revision: 40 } })).toContain('refreshHistory');
  });

  test('/sync that says nothing goes also where nobody is to be waited for: it would keep all others from leading', () => {
    const history = { value: [{ timeline: 3, lsn: at(500), reason: 'x' }], revision: 30 };
    expect(chores({ history, sync: { value: syncOf(undefined), revision: 40 } })).toContain('deleteSync');
    expect(chores({ history })).not.toContain('deleteSync');
  });
});
