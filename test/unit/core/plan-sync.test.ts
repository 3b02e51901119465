import { describe, expect, test } from 'vitest';
import type { Sender } from '../../../src/core/model/local-postgres.ts';
import { planSync } from '../../../src/core/sync/plan-sync.ts';
import type { SyncInput } from '../../../src/core/sync/sync-move.ts';
import { streaming, syncInput } from '../../support/sync-input.ts';
import { at, primaryStatus, sender, syncOf } from '../../support/core-builders.ts';

const input = (more: Partial<SyncInput> = {}): SyncInput => syncInput({ primary: streaming(''), ...more });

describe('growing', () => {
  test('switching on tells nobody yet', () => {
    expect(planSync(input({ sync: { value: syncOf(undefined), revision: 0 } }))?.writeSync).toEqual(syncOf('a'));
  });
  test('PostgreSQL waits first', () => {
    const move = planSync(input());
    expect(move).toMatchObject({ setNames: 'b', mark: null });
    expect(move?.writeSync).toBeUndefined();
  });
  test('no first standby while a checkpoint is ahead', () => {
    const move = planSync(input({ checkpointAhead: true }));
    expect(move?.setNames).toBeUndefined();
    expect(move?.writeSync).toBeUndefined();
  });
  test('no mark before the checkpointer was idle', () => {
    const primary = streaming('b', 'b');
    const move = planSync(
      input({ primary: { ...primary, sync: { ...primary.sync, checkpointerIdleSinceReload: false } } }),
    );
    expect(move?.mark).toBeUndefined();
    expect(move?.writeSync).toBeUndefined();
  });
  test('no mark before every walsender knows the names', () => {
    expect(planSync(input({ primary: streaming('b', 'c') }))?.mark).toBeUndefined();
    expect(planSync(input({ primary: streaming('b') }))?.mark).toBeUndefined();
  });
  describe('no mark before every walsender has read the settings, though its place in the list tells nothing new', () => {
    const late = (name: string, more: Partial<Sender> = {}) => {
      const primary = streaming('b', 'b');
      const senders = primary.senders.map((row) =>
        row.name === name ? { ...row, hasReadSettings: false, ...more } : row,
      );
      return planSync(input({ primary: { ...primary, senders }, slotOf: () => undefined }));
    };
    test.each(['b', 'c'])('%s is waited for by name', (name) => {
      expect(late(name)).toEqual({
        why: `waiting for the walsender of ${name} to have read that commits wait for b`,
        isUnread: true,
      });
    });
    test('who only catches up releases nobody', () => {
      expect(late('c', { state: 'catchup' })?.mark).toEqual({ names: 'b', lsn: at(1000) });
    });
    test('nor does who was never named, because it has no slot', () => {
      expect(late('c', { slot: undefined })?.mark).toEqual({ names: 'b', lsn: at(1000) });
    });
    test('who is named counts without a slot, too', () => {
      expect(late('b', { slot: undefined })?.why).toContain('the walsender of b');
    });
    test('in quorum mode a lower quorum waits for it', () => {
      const raised = streaming('ANY 2 (b,c)', 'b', 'c');
      const one = (hasReadSettings: boolean) => ({
        ...raised,
        senders: raised.senders.map((row) => ({ ...row, hasReadSettings: row.name === 'b' || hasReadSettings })),
      });
      const state = { mode: 'quorum' as const, count: 2, sync: { value: syncOf('a', ['b', 'c'], 1), revision: 7 } };
      expect(planSync(input({ ...state, primary: one(false) }))).toEqual({
        why: 'waiting for the walsender of c to have read that commits wait for ANY 2 (b,c)',
        isUnread: true,
      });
      expect(planSync(input({ ...state, primary: one(true) }))?.mark).toEqual({ names: 'ANY 2 (b,c)', lsn: at(1000) });
    });
  });
  test('the mark is what was flushed once they are in force', () => {
    expect(planSync(input({ primary: streaming('b', 'b') }))?.mark).toEqual({ names: 'b', lsn: at(1000) });
  });
  test('a mark of other names is none', () => {
    expect(
      planSync(input({ primary: streaming('b', 'b'), mark: { names: 'c', lsn: at(1) } }))?.writeSync,
    ).toBeUndefined();
  });
  test('who has not passed the mark is not told of', () => {
    expect(
      planSync(input({ primary: streaming('b', 'b'), mark: { names: 'b', lsn: at(1001) } }))?.writeSync,
    ).toBeUndefined();
  });
  test('who has passed it is', () => {
    expect(planSync(input({ primary: streaming('b', 'b'), mark: { names: 'b', lsn: at(1000) } }))?.writeSync).toEqual(
      syncOf('a', ['b']),
    );
  });
  test('a connection through another slot does not count', () => {
    const primary = primaryStatus({ senders: [sender('b', { slot: 'x' }), sender('c', { slot: undefined })] });
    expect(planSync(input({ primary }))).toBeUndefined();
  });
});

describe('shrinking', () => {
  const both = { sync: { value: syncOf('a', ['b', 'c']), revision: 7 }, count: 2 };
  test('/sync first, then PostgreSQL', () => {
    const primary = { ...streaming('2 (b,c)', 'b', 'c'), senders: [sender('b', { syncPriority: 1 })] };
    expect(planSync(input({ ...both, primary }))).toMatchObject({ writeSync: syncOf('a', ['b']), setNames: 'b' });
  });
  test('a setting that was undone by hand gives the voters up', () => {
    expect(planSync(input({ ...both, primary: streaming('') }))?.writeSync).toEqual(syncOf('a', []));
    expect(planSync(input({ ...both, primary: streaming('ANY 1 (b,c)') }))?.writeSync).toEqual(syncOf('a', []));
    expect(planSync(input({ ...both, primary: streaming('FIRST 1 (b,c)') }))?.writeSync).toEqual(syncOf('a', []));
  });
  test('nobody left: commits wait for nobody, or for the placeholder in strict mode', () => {
    const primary = { ...streaming('2 (b,c)'), senders: [] };
    expect(planSync(input({ ...both, primary }))).toMatchObject({ writeSync: syncOf('a', []), setNames: null });
    const alone = { ...both, sync: { value: syncOf('a'), revision: 7 } };
    expect(planSync(input({ ...alone, primary, strict: true }))?.setNames).toContain('placeholder');
  });
  test('switched off: /sync goes first', () => {
    expect(planSync(input({ ...both, mode: 'off', primary: streaming('2 (b,c)') }))).toMatchObject({
      deleteSync: true,
      setNames: null,
    });
  });
});

test('an unknown write is settled by writing, before anything is lowered', () => {
  const move = planSync(
    input({
      unsettled: true,
      sync: { value: syncOf('a', ['b']), revision: 7 },
      primary: { ...streaming('b'), senders: [] },
    }),
  );
  expect(move).toEqual(expect.objectContaining({ writeSync: syncOf('a', ['b']) }));
  expect(move?.setNames).toBeUndefined();
});

test('settled: nothing to do', () => {
  expect(
    planSync(input({ sync: { value: syncOf('a', ['b']), revision: 7 }, primary: streaming('b', 'b') })),
  ).toBeUndefined();
});
