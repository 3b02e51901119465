import { describe, expect, test } from 'vitest';
import { planSync } from '../../../../src/core/sync/plan-sync.ts';
import { at, sender, syncOf } from '../../../support/core-builders.ts';
import { syncInput, syncMember, waiting } from '../../../support/sync-input.ts';

const sync = (voters: readonly string[], quorum = 0) => ({ value: syncOf('a', voters, quorum), revision: 7 });
const quorum = (more: Parameters<typeof syncInput>[0]) => planSync(syncInput({ mode: 'quorum', ...more }));
const marked = (names: string) => ({ names, lsn: at(1000) });

describe('quorum mode', () => {
  test('what commits wait for is raised first, and /sync follows only when the mark is passed', () => {
    const both = { sync: sync(['b', 'c'], 1), count: 2 };
    expect(quorum({ ...both, primary: waiting('ANY 1 (b,c)', 'b', 'c') })).toEqual({
      why: 'commits are to wait for ANY 2 (b,c)',
      setNames: 'ANY 2 (b,c)',
      mark: null,
    });
    const raised = { ...both, primary: waiting('ANY 2 (b,c)', 'b', 'c') };
    expect(quorum(raised)).toMatchObject({ mark: marked('ANY 2 (b,c)') });
    expect(quorum(raised)?.writeSync).toBeUndefined();
    expect(quorum({ ...raised, mark: marked('ANY 2 (b,c)') })).toMatchObject({ writeSync: syncOf('a', ['b', 'c'], 0) });
  });
  test('/sync is lowered first, and what commits wait for follows', () => {
    const lowered = quorum({ sync: sync(['b', 'c']), count: 1, primary: waiting('ANY 2 (b,c)', 'b', 'c') });
    expect(lowered).toMatchObject({ writeSync: syncOf('a', ['b', 'c'], 1), setNames: 'ANY 1 (b,c)' });
  });
  test('a standby counts only when it has caught up (known failure 58)', () => {
    const primary = waiting('ANY 1 (b)', 'b');
    const late = { ...primary, senders: [sender('b', { syncPriority: 1, flushLsn: at(999) })] };
    const input = { sync: sync([]), members: [syncMember('b')], mark: marked('ANY 1 (b)') };
    expect(quorum({ ...input, primary: late })?.writeSync).toBeUndefined();
    expect(quorum({ ...input, primary })?.writeSync).toEqual(syncOf('a', ['b']));
  });
  test('the real setting is looked at, not only who streams (known failure 26)', () => {
    const undone = quorum({ sync: sync(['b', 'c'], 1), primary: waiting('', 'b', 'c') });
    expect(undone?.writeSync).toEqual(syncOf('a', []));
  });
  test('a setting lowered by hand: the voters are given up before it is mended (known failure 46)', () => {
    const input = { sync: sync(['b', 'c'], 0), count: 2 };
    expect(quorum({ ...input, primary: waiting('ANY 1 (b,c)', 'b', 'c') })).toMatchObject({
      writeSync: syncOf('a', ['b', 'c'], 1),
    });
    for (const foreign of ['*', 'ANY 1 (*)', 'ANY 1 (x,y)', '2 (b'])
      expect(quorum({ ...input, primary: waiting(foreign, 'b', 'c') })?.writeSync).toEqual(syncOf('a', []));
  });
  test('the same settings in priority’s form are written anew', () => {
    const settled = { sync: sync(['b', 'c']), count: 2, mark: marked('2 (b,c)') };
    expect(quorum({ ...settled, primary: waiting('2 (b,c)', 'b', 'c') })).toMatchObject({ setNames: 'ANY 2 (b,c)' });
  });
  test('a placeholder that strict mode left behind goes with it', () => {
    const input = {
      sync: sync([]),
      members: [],
      primary: waiting('ANY 1 (__patroni_strict_sync_replica_placeholder__)'),
    };
    expect(quorum(input)).toMatchObject({ setNames: null });
    expect(quorum({ ...input, primary: waiting('*') })).toMatchObject({ setNames: null });
  });
  test('who may not lead is a voter only while there are not enough others (known failure 71)', () => {
    const members = [syncMember('b', { nofailover: true }), syncMember('c')];
    const primary = waiting('', 'b', 'c');
    expect(quorum({ members, primary })?.setNames).toBe('ANY 1 (c)');
    expect(quorum({ members, primary, count: 2 })?.setNames).toBe('ANY 2 (b,c)');
    expect(planSync(syncInput({ members, primary }))?.setNames).toBe('c');
  });
  test('voters of the last reign are given a moment to connect', () => {
    const input = { sync: sync(['b', 'c'], 1), primary: waiting('ANY 1 (b,c)') };
    expect(quorum({ ...input, expected: new Set(['c']) })?.writeSync?.voters ?? ['c']).toContain('c');
    expect(quorum(input)).toMatchObject({ writeSync: syncOf('a', []), setNames: null });
  });
});

describe('strict mode', () => {
  const alone = { strict: true, members: [], mode: 'quorum' as const };
  test('keeps the voters and goes on waiting for them when the last is gone', () => {
    const held = planSync(syncInput({ ...alone, sync: sync(['b', 'c'], 1), primary: waiting('ANY 1 (b,c)') }));
    expect(held).toMatchObject({ holds: true });
    expect([held?.writeSync, held?.setNames]).toEqual([undefined, undefined]);
    expect(held?.why).toContain(
      'No active replication connections from Patroni members and synchronous_mode_strict is requested',
    );
  });
  test('without a voter commits wait for nobody there is', () => {
    const move = planSync(syncInput({ ...alone, sync: sync([]), primary: waiting('') }));
    expect(move).toMatchObject({ setNames: 'ANY 1 (__patroni_strict_sync_replica_placeholder__)', holds: true });
    const priority = planSync(syncInput({ ...alone, mode: 'on', sync: sync([]), primary: waiting('') }));
    expect(priority?.setNames).toBe('__patroni_strict_sync_replica_placeholder__');
  });
  test('a voter that asks to leave is let go', () => {
    const input = { ...alone, sync: sync(['B', 'c'], 1), primary: waiting('ANY 1 (b,c)'), leaving: new Set(['b']) };
    expect(planSync(syncInput(input))?.writeSync).toEqual(syncOf('a', []));
    const certain = { ...input, sync: sync(['b', 'c']), primary: waiting('ANY 2 (b,c)') };
    expect(planSync(syncInput(certain))?.writeSync).toEqual(syncOf('a', ['c']));
  });
  test('a setting undone by hand gives the voters up all the same', () => {
    const move = planSync(syncInput({ ...alone, sync: sync(['b'], 0), primary: waiting('') }));
    expect(move?.writeSync).toEqual(syncOf('a', []));
  });
});

test('a leader that /sync does not name writes itself in before anything else', () => {
  const renamed = { value: syncOf('old-name', ['b', 'c'], 1), revision: 7 };
  const primary = waiting('ANY 1 (b,c)', 'b', 'c');
  expect(planSync(syncInput({ sync: renamed, primary }))?.writeSync).toEqual(syncOf('a', []));
  expect(quorum({ sync: renamed, primary })?.writeSync?.leader).toBe('a');
});

test('switched off: /sync goes first, and a user’s own setting is left alone (known failure 39)', () => {
  const primary = waiting('ANY 1 (b)', 'b');
  expect(planSync(syncInput({ mode: 'off', sync: sync(['b']), primary }))).toMatchObject({
    deleteSync: true,
    setNames: null,
  });
  const off = { mode: 'off' as const, sync: { value: syncOf(undefined), revision: 0 }, lastSet: 'ANY 1 (b)' };
  expect(planSync(syncInput({ ...off, primary: waiting('users_own') }))).toBeUndefined();
  expect(planSync(syncInput({ ...off, primary }))).toMatchObject({ setNames: null });
});
