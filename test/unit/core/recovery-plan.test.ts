import { describe, expect, test } from 'vitest';
import { planRecovery, type RecoveryFacts } from '../../../src/core/explain/recovery-plan.ts';
import { at, SYSTEM_ID, syncOf, view } from '../../support/core-builders.ts';

function facts(name: string, lsn: number, more: Partial<RecoveryFacts> = {}): RecoveryFacts {
  return {
    name,
    systemId: SYSTEM_ID,
    server: 'standby',
    controlState: 'in archive recovery',
    position: { timeline: 1, lsn: at(lsn) },
    isExact: true,
    wasPrimary: false,
    priority: 1,
    neverLeader: undefined,
    why: 'waiting',
    ...more,
  };
}

const sync = (quorum = 0) => ({ value: syncOf('a', ['b', 'c'], quorum), revision: 30 });
const last = (final: boolean) => ({
  value: { name: 'a', reign: 10, timeline: 1, lsn: at(1000), final },
  revision: 11,
});

describe('the safe winner after an outage', () => {
  test('with synchronous replication is the first of enough of its members', () => {
    const plan = planRecovery([facts('b', 900), facts('c', 1000), facts('d', 2000)], view({ sync: sync(1) }));
    expect(plan.winner).toBe('c');
  });

  test('is nobody while too few of them answer, and who is missing is named', () => {
    const plan = planRecovery([facts('c', 1000), facts('d', 2000)], view({ sync: sync(1) }));
    expect(plan).toMatchObject({ winner: undefined, missing: '1 more of a, b', fallback: { name: 'd' } });
  });

  test('is the leader that /sync names, alone', () => {
    expect(planRecovery([facts('a', 1000)], view({ sync: sync(1) })).winner).toBe('a');
  });

  test('is not told from a stopped standby, whose WAL may reach further than pg_control says', () => {
    const plan = planRecovery([facts('b', 900, { isExact: false, server: 'down' })], view({ sync: sync() }));
    expect(plan.winner).toBeUndefined();
    expect(plan.missing).toContain('PostgreSQL running on b');
  });

  test('without synchronous replication is who led last', () => {
    const plan = planRecovery([facts('a', 1000), facts('b', 1000)], view({ last: last(false) }));
    expect(plan).toMatchObject({ winner: 'a', why: 'a led last: nobody can have more' });
  });

  test('but not where its data end far before what it told: they were put back to an earlier state', () => {
    const end = 900_000_000;
    const told = { value: { ...last(false).value, lsn: at(end) }, revision: 11 };
    const status = { ...view().status, optime: at(end) };
    const back = [facts('a', end - 100_000_000), facts('b', end - 1_000)];
    expect(planRecovery(back, view({ last: told, status }))).toMatchObject({
      winner: undefined,
      fallback: { name: 'b' },
    });
    expect(planRecovery(back, view({ last: told, status, sync: sync(2) })).winner).toBeUndefined();
    expect(planRecovery([facts('a', end - 8_192)], view({ last: told, status })).winner).toBe('a');
  });

  test('or who has all that a clean shutdown left', () => {
    expect(planRecovery([facts('b', 1000)], view({ last: last(true) })).winner).toBe('b');
    expect(planRecovery([facts('b', 999)], view({ last: last(true) })).winner).toBeUndefined();
  });

  test('else nobody, and what it costs to go on is told', () => {
    const plan = planRecovery([facts('b', 700)], view({ last: last(false) }));
    expect(plan).toMatchObject({ winner: undefined, missing: 'a', fallback: { name: 'b' } });
    expect(plan.fallback?.price).toContain('at least 300 bytes');
  });

  test('never has data of another cluster, none at all, or a tag against it', () => {
    const all = [
      facts('a', 9000, { systemId: '1' }),
      facts('b', 8000, { position: undefined }),
      facts('c', 7000, { neverLeader: 'tagged nofailover' }),
    ];
    expect(planRecovery(all, view({ last: last(false) })).why).toBe('nobody who answered has data and may lead');
  });

  test('is not looked for while somebody serves', () => {
    expect(planRecovery([facts('b', 1000, { server: 'primary' })], view()).why).toContain('nothing is to be recovered');
  });

  test('without the store is the primary of the newest timeline, by what its data directory tells', () => {
    const old = facts('b', 5000, { wasPrimary: true });
    const one = facts('a', 1000, { wasPrimary: true, position: { timeline: 2, lsn: at(1000) } });
    expect(planRecovery([old, one], undefined).winner).toBe('a');
    expect(planRecovery([facts('b', 5000)], undefined)).toMatchObject({ winner: undefined, fallback: { name: 'b' } });
  });
});
