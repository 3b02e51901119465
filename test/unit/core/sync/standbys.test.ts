import { describe, expect, test } from 'vitest';
import { acknowledgingStandbys, type Acknowledging, withinLag } from '../../../../src/core/sync/standbys.ts';
import { planSync } from '../../../../src/core/sync/plan-sync.ts';
import { at, primaryStatus, sender, syncOf } from '../../../support/core-builders.ts';
import { syncInput, syncMember } from '../../../support/sync-input.ts';

type Input = Acknowledging & { readonly maximumLagBytes: number };

function chosen(more: Partial<Input>): readonly string[] {
  const of: Input = {
    primary: primaryStatus({ senders: [sender('b'), sender('c'), sender('d')] }),
    members: ['b', 'c', 'd'].map((name) => syncMember(name)),
    slotOf: (name) => name.toLowerCase(),
    stalled: new Set(),
    voters: [],
    maximumLagBytes: -1,
    ...more,
  };
  return withinLag(acknowledgingStandbys(of), of).map(({ name }) => name);
}
const senders = (...rows: readonly ReturnType<typeof sender>[]) => primaryStatus({ senders: rows });

describe('the order', () => {
  test('voters stay, then the most advanced, then by name', () => {
    expect(chosen({ voters: ['D'] })).toEqual(['d', 'b', 'c']);
    expect(chosen({ primary: senders(sender('b'), sender('c', { flushLsn: at(1001) }), sender('d')) })).toEqual([
      'c',
      'b',
      'd',
    ]);
  });
  test('a higher sync_priority goes before a voter', () => {
    const members = [syncMember('b'), syncMember('c', { priority: 2 }), syncMember('d', { priority: 3 })];
    expect(chosen({ members, voters: ['b'] })).toEqual(['d', 'c', 'b']);
  });
  test('with two synchronous standbys the two of highest priority are chosen (known failure 10)', () => {
    const members = [syncMember('b'), syncMember('c', { priority: 2 }), syncMember('d', { priority: 3 })];
    const primary = senders(sender('b'), sender('c'), sender('d'));
    expect(planSync(syncInput({ members, primary, count: 2 }))?.setNames).toBe('2 (c,d)');
  });
  test('who may not lead comes last, whatever its priority (known failure 71)', () => {
    const members = [syncMember('b', { nofailover: true, priority: 9 }), syncMember('c'), syncMember('d')];
    expect(chosen({ members })).toEqual(['c', 'd', 'b']);
  });
});

describe('who does not acknowledge', () => {
  test('a row without positions (known failure 72)', () => {
    const empty = { flushLsn: undefined, writeLsn: undefined, replayLsn: undefined };
    expect(chosen({ primary: senders(sender('b', empty), sender('c')) })).toEqual(['c']);
    const input = syncInput({ primary: senders(sender('b', empty)), members: [syncMember('b')] });
    expect(planSync(input)).toBeUndefined();
  });
  test('something that streams under the leader’s own name (known failure 36)', () => {
    expect(chosen({ primary: senders(sender('a'), sender('A'), sender('c')) })).toEqual(['c']);
  });
  test('one that is no member, catches up still, or streams through another’s slot', () => {
    const primary = senders(
      sender('x'),
      sender('b', { state: 'catchup' }),
      sender('c', { slot: 'other' }),
      sender('d'),
    );
    expect(chosen({ primary })).toEqual(['d']);
  });
  test('two connections of one name: either could acknowledge for the other', () => {
    expect(chosen({ primary: senders(sender('b'), sender('b', { slot: undefined }), sender('c')) })).toEqual(['c']);
  });
  test('one that looks alive and is not', () => {
    expect(chosen({ stalled: new Set(['c']) })).toEqual(['b', 'd']);
  });
  test('one that is to cascade from another standby, through however many; a circle is nobody’s', () => {
    const cascade = [syncMember('b'), syncMember('c', { replicatefrom: 'B' }), syncMember('d', { replicatefrom: 'c' })];
    expect(chosen({ members: cascade })).toEqual(['b']);
    expect(chosen({ members: cascade, primary: senders(sender('c'), sender('d')) })).toEqual(['c', 'd']);
    const circle = [syncMember('c', { replicatefrom: 'd' }), syncMember('d', { replicatefrom: 'c' })];
    expect(chosen({ members: circle })).toEqual(['c', 'd']);
  });
});

describe('names with capitals (known failure 78)', () => {
  const members = [syncMember('Pg-B')];
  const primary = (names: string) =>
    primaryStatus({
      senders: [sender('Pg-B', { slot: 'pg-b', syncPriority: names === '' ? 0 : 1 })],
      sync: { names, synchronousCommit: 'on', checkpointerIdleSinceReload: true },
    });
  test('are quoted and admitted as they are spelled', () => {
    expect(planSync(syncInput({ members, primary: primary('') }))?.setNames).toBe('"Pg-B"');
    const mark = { names: '"Pg-B"', lsn: at(1000) };
    expect(planSync(syncInput({ members, mark, primary: primary('"Pg-B"') }))?.writeSync).toEqual(
      syncOf('a', ['Pg-B']),
    );
  });
  test('are the same standby however /sync and the setting spell them', () => {
    const settled = { members, sync: { value: syncOf('a', ['pg-b']), revision: 7 }, primary: primary('"PG-B"') };
    expect(planSync(syncInput(settled))).toBeUndefined();
  });
});

describe('maximum_lag_on_syncnode', () => {
  const lagging = senders(sender('b', { flushLsn: at(500) }), sender('c'), sender('d'));
  test('leaves out who is further behind the most advanced', () => {
    expect(chosen({ primary: lagging, maximumLagBytes: 499 })).toEqual(['c', 'd']);
    expect(chosen({ primary: lagging, maximumLagBytes: 500 })).toEqual(['c', 'd', 'b']);
  });
  test('of a single one: behind the primary itself', () => {
    const only = { ...senders(sender('b', { flushLsn: at(500) })), flushLsn: at(1000) };
    expect(chosen({ primary: only, maximumLagBytes: 499 })).toEqual([]);
  });
  test('is measured by what commits wait for', () => {
    const replaying = (synchronousCommit: string) => ({
      ...senders(sender('b', { replayLsn: at(1), writeLsn: at(2000) }), sender('c')),
      sync: { names: '', synchronousCommit, checkpointerIdleSinceReload: true },
    });
    expect(chosen({ primary: replaying('remote_apply'), maximumLagBytes: 100 })).toEqual(['c']);
    expect(chosen({ primary: replaying('on'), maximumLagBytes: 100 })).toEqual(['b', 'c']);
    expect(chosen({ primary: replaying('remote_write'), maximumLagBytes: 100 })).toEqual(['b']);
  });
});
