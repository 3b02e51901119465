// A disk or a machine that was put back to an earlier state keeps its name. What its data lack of what it told itself tells it.
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

const END = 900_000_000;
const told = { value: { name: 'a', reign: 10, timeline: 1, lsn: at(END), final: false }, revision: 30 };
const sync = { value: syncOf('a', ['b']), revision: 20 };

function back(lsn: number, more: Partial<ClusterView> = {}): Decision {
  const status = { ...view().status, optime: at(END) };
  const cluster = view({ members: [member('a')], sync, last: told, status, ...more });
  const vacancy = { sinceMs: NOW_MS - 20_000, previous: undefined, manner: 'vanished' } as const;
  const mem = memory({ lastConfig: config(), candidateSinceMs: NOW_MS - 20_000, hasStreamed: false });
  return decide(observation({ postgres: standby({ receivedLsn: at(lsn) }), vacancy, cluster }), mem);
}

describe('a leader whose data end before what it told', () => {
  test('neither pledges nor leads: whoever else /sync names may have what it lacks', () => {
    const decision = back(END - 100_000_000);
    expect(decision.rule).toBe('V25');
    expect(decision.plan.steps).toEqual([]);
    expect(decision.why).toContain('put back to an earlier state');
  });

  test('leads where people say so', () => {
    expect(back(END - 100_000_000, { failover: { value: { candidate: 'a' }, revision: 40 } }).rule).toBe('V30');
  });

  test('is an ordinary one where only the last record was not whole, or another has led since', () => {
    expect(back(END - 8_192).rule).toBe('V30');
    expect(back(END).rule).toBe('V30');
    const other = { value: { ...told.value, name: 'b' }, revision: 30 };
    expect(back(END - 100_000_000, { last: other }).rule).toBe('V30');
    expect(back(END - 100_000_000, { reign: { value: { name: 'b', timeline: 2 }, revision: 15 } }).rule).toBe('V30');
  });

  test('is judged by maximum_lag_on_failover without synchronous replication', () => {
    const none = { value: syncOf(undefined), revision: 0 };
    const pledges = [pledgeOf('a', END - 100_000_000)];
    expect(back(END - 100_000_000, { sync: none, pledges }).rule).toBe('V70');
  });
});
