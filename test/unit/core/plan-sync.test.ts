import { describe, expect, test } from 'vitest';
import { planSync, type SyncInput } from '../../../src/core/sync/plan-sync.ts';
import { formatSyncNames, parseSyncNames } from '../../../src/core/sync/sync-names.ts';
import { at, primaryStatus, sender, syncOf } from '../../support/core-builders.ts';

const streaming = (names: string, ...acknowledging: string[]): SyncInput['primary'] =>
  primaryStatus({
    senders: ['b', 'c'].map((name) => sender(name, { syncPriority: acknowledging.includes(name) ? 1 : 0 })),
    sync: { names, synchronousCommit: 'on', checkpointerIdleSinceReload: true },
  });

function input(more: Partial<SyncInput> = {}): SyncInput {
  return {
    me: 'a',
    sync: { value: syncOf('a'), revision: 7 },
    primary: streaming(''),
    eligible: new Set(['b', 'c']),
    reluctant: new Set(),
    slotOf: (name) => name,
    enabled: true,
    strict: false,
    count: 1,
    mark: undefined,
    unsettled: false,
    lastSet: undefined,
    checkpointAhead: false,
    ...more,
  };
}

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
    expect(planSync(input({ ...both, primary, strict: true }))?.setNames).toContain('placeholder');
  });
  test('switched off: /sync goes first', () => {
    expect(planSync(input({ ...both, enabled: false, primary: streaming('2 (b,c)') }))).toMatchObject({
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

test.each([
  ['', [], 0, true],
  ['b', ['b'], 1, true],
  ['"pg-1"', ['pg-1'], 1, true],
  ['2 (b,c)', ['b', 'c'], 2, true],
  ['FIRST 2 (b, "c-1")', ['b', 'c-1'], 2, true],
  ['1 (b,c)', ['b', 'c'], 1, false],
  ['b, c', ['b', 'c'], 1, false],
  ['ANY 2 (b,c)', ['b', 'c'], 2, false],
  ['*', [], 0, false],
  ['2 (b', [], 0, false],
])('%s is read', (text, names, count, ours) => {
  expect(parseSyncNames(text)).toEqual({ names, count, ours });
});

test('names are written so that they are read again', () => {
  for (const names of [['b'], ['pg-1', 'Pg.2'], ['first', 'any'], ['a"b', 'c,d']]) {
    expect(parseSyncNames(formatSyncNames(names) ?? '')).toEqual({
      names: names.toSorted(),
      count: names.length,
      ours: true,
    });
  }
  expect(formatSyncNames([])).toBeUndefined();
});
