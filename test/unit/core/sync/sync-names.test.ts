import { expect, test } from 'vitest';
import {
  formatAnyOf,
  formatPlaceholder,
  formatSyncNames,
  parseSyncNames,
} from '../../../../src/core/sync/sync-names.ts';

test.each([
  ['', { names: [], count: 0, method: 'none', readable: true }],
  ['b', { names: ['b'], count: 1, method: 'first', readable: true }],
  ['"pg-1"', { names: ['pg-1'], count: 1, method: 'first', readable: true }],
  ['2 (b,c)', { names: ['b', 'c'], count: 2, method: 'first', readable: true }],
  ['FIRST 2 (b, "c-1")', { names: ['b', 'c-1'], count: 2, method: 'first', readable: true }],
  ['1 (b,c)', { names: ['b', 'c'], count: 1, method: 'first', readable: true }],
  ['b, c', { names: ['b', 'c'], count: 1, method: 'first', readable: true }],
  ['ANY 2 (b,c)', { names: ['b', 'c'], count: 2, method: 'any', readable: true }],
  ['any 1 ( b )', { names: ['b'], count: 1, method: 'any', readable: true }],
  ['2 (b,B,c)', { names: ['b', 'c'], count: 2, method: 'first', readable: true }],
  ['3 (b,c)', { names: ['b', 'c'], count: 2, method: 'first', readable: true }],
  ['*', { names: [], count: 0, method: 'first', readable: false }],
  ['ANY 1 (*)', { names: [], count: 0, method: 'first', readable: false }],
  ['2 (b', { names: [], count: 0, method: 'first', readable: false }],
  ['__patroni_strict_sync_replica_placeholder__', { names: [], count: 0, method: 'first', readable: true }],
  ['ANY 1 (__patroni_strict_sync_replica_placeholder__)', { names: [], count: 0, method: 'any', readable: true }],
])('%s is read', (text, expected) => {
  expect(parseSyncNames(text)).toEqual(expected);
});

test('names that need quotes are written so that PostgreSQL and we read them again (known failure 35)', () => {
  for (const names of [['b'], ['pg-1', 'Pg.2'], ['first', 'any'], ['a"b', 'c,d'], ['1a', 'Ünder']]) {
    const all = { names: names.toSorted(), count: names.length, readable: true };
    expect(parseSyncNames(formatSyncNames(names) ?? '')).toEqual({ ...all, method: 'first' });
    expect(parseSyncNames(formatAnyOf(names, 1) ?? '')).toEqual({ ...all, count: 1, method: 'any' });
  }
  expect(formatSyncNames(['first'])).toBe('"first"');
  expect(formatAnyOf(['pg-2', 'pg1'], 1)).toBe('ANY 1 ("pg-2",pg1)');
});

test('nobody to wait for is no setting, or the placeholder', () => {
  expect(formatSyncNames([])).toBeUndefined();
  expect(formatAnyOf([], 1)).toBeUndefined();
  expect(formatPlaceholder(false)).toBe('__patroni_strict_sync_replica_placeholder__');
  expect(formatPlaceholder(true)).toBe('ANY 1 (__patroni_strict_sync_replica_placeholder__)');
});
