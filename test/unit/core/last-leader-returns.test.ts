// The member that /sync names as leader may come back alone, since nobody has reigned since: as far as that is known.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { ClusterView } from '../../../src/core/model/cluster.ts';
import type { Decision } from '../../../src/core/model/plan.ts';
import {
  at,
  config,
  member,
  memory,
  NOW_MS,
  observation,
  pledgeOf,
  standby,
  syncOf,
  view,
} from '../../support/core-builders.ts';

const sync = { value: syncOf('a', ['b', 'c'], 1), revision: 20 };
const toldByMe = { value: { name: 'a', reign: 10, timeline: 1, lsn: at(900), final: false }, revision: 30 };

function alone(more: Partial<ClusterView>): Decision {
  const base = { members: [member('a')], pledges: [pledgeOf('a', 1000)], sync, last: toldByMe };
  const cluster = view({ ...base, status: { ...view().status, optime: at(900) }, ...more });
  const vacancy = { sinceMs: NOW_MS - 20_000, previous: undefined, manner: 'vanished' } as const;
  const mem = memory({ lastConfig: config(), candidateSinceMs: NOW_MS - 20_000, hasStreamed: false });
  return decide(observation({ postgres: standby(), vacancy, cluster }), mem);
}

describe('the leader that /sync names comes back while its voters are away', () => {
  test('it leads: nobody has told a position since its own', () => {
    expect(alone({}).rule).toBe('V80');
  });

  test('not where /status goes on behind its own word: a Patroni voter led, and writes /sync after its promotion', () => {
    const decision = alone({ status: { ...view().status, optime: at(1_100) } });
    expect(decision.rule).toBe('V85');
    expect(decision.why).toContain('2 needed');
  });

  test('it leads also where it went before it told anything', () => {
    expect(alone({ last: { value: { ...toldByMe.value, name: 'b', reign: 8 }, revision: 30 } }).rule).toBe('V80');
  });

  test('a voter that is there tells by itself that it is none of Patroni', () => {
    const [b, c] = ['b', 'c'].map((name) => member(name, { state: 'stopped' }));
    const status = { ...view().status, optime: at(1_100) };
    if (b !== undefined && c !== undefined) expect(alone({ members: [member('a'), b, c], status }).rule).toBe('V80');
  });
});
