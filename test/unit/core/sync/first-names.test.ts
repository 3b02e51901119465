import { describe, expect, test } from 'vitest';
import { namesOfNewReign, namesToRestartWith } from '../../../../src/core/sync/first-names.ts';
import { syncOf } from '../../../support/core-builders.ts';

const PRIORITY = { mode: 'on', strict: false } as const;
const QUORUM = { mode: 'quorum', strict: false } as const;

describe('a new reign waits from its first commit on', () => {
  test('for as many of the others as no quorum can do without', () => {
    expect(namesOfNewReign(['a', 'c'], 0, PRIORITY)).toBe('2 (a,c)');
    expect(namesOfNewReign(['a', 'c'], 0, QUORUM)).toBe('ANY 2 (a,c)');
    expect(namesOfNewReign(['a', 'c', 'd'], 1, QUORUM)).toBe('ANY 2 (a,c,d)');
    expect(namesOfNewReign(['postgres-0'], 0, QUORUM)).toBe('ANY 1 ("postgres-0")');
  });
  test('by quorum too where priority has been configured meanwhile', () => {
    expect(namesOfNewReign(['a', 'c'], 1, PRIORITY)).toBe('ANY 1 (a,c)');
  });
  test('for nobody where there is nobody, or for the placeholder', () => {
    expect(namesOfNewReign([], 0, PRIORITY)).toBeUndefined();
    expect(namesOfNewReign([], 0, { mode: 'quorum', strict: true })).toBe(
      'ANY 1 (__patroni_strict_sync_replica_placeholder__)',
    );
    expect(namesOfNewReign([], 0, { mode: 'off', strict: true })).toBeUndefined();
  });
});

describe('a primary that is started again in its reign waits', () => {
  test('as it did', () => {
    expect(namesToRestartWith(syncOf('a', ['b', 'c'], 1), 'ANY 1 (b,c)', QUORUM)).toBe('ANY 1 (b,c)');
    expect(namesToRestartWith(syncOf('a', ['b']), 'b', PRIORITY)).toBe('b');
  });
  test('for as many as a lower quorum asks whose write may still land', () => {
    expect(namesToRestartWith(syncOf('a', ['b', 'c'], 1), 'ANY 2 (b,c)', QUORUM)).toBe('ANY 2 (b,c)');
  });
  test('for a voter beyond what was last set, too', () => {
    expect(namesToRestartWith(syncOf('a', ['b', 'c'], 0), 'ANY 1 (b)', QUORUM)).toBe('ANY 2 (b,c)');
  });
  test('for all where an earlier agent set what is not known', () => {
    expect(namesToRestartWith(syncOf('a', ['b', 'c'], 1), undefined, QUORUM)).toBe('ANY 2 (b,c)');
  });
});
