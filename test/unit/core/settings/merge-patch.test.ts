import { expect, test } from 'vitest';
import { mergePatch } from '../../../../src/core/settings/merge-patch.ts';

const CASES: readonly (readonly [string, object, object, object, boolean])[] = [
  ['a new key is added', { a: 1 }, { b: 2 }, { a: 1, b: 2 }, true],
  ['null deletes', { a: 1, b: 2 }, { b: null }, { a: 1 }, true],
  ['null for what is not there changes nothing', { a: 1 }, { b: null }, { a: 1 }, false],
  ['maps merge', { a: { x: 1 } }, { a: { y: 2 } }, { a: { x: 1, y: 2 } }, true],
  ['a value replaces a map', { a: { x: 1 } }, { a: 3 }, { a: 3 }, true],
  ['a map replaces a value', { a: 3 }, { a: { x: 1 } }, { a: { x: 1 } }, true],
  ['the same text with another type is no change', { a: 5 }, { a: '5' }, { a: 5 }, false],
  ['lists are replaced whole', { a: [1, 2] }, { a: [2] }, { a: [2] }, true],
  ['nulls in a new map stay', {}, { a: { x: null } }, { a: { x: null } }, true],
];

test.each(CASES.map(([name, ...rest]) => ({ name, rest })))('$name', ({ rest: [target, patch, value, changed] }) => {
  expect(mergePatch({ ...target }, { ...patch })).toEqual({ value, changed });
});

test('__proto__ is a key like any other', () => {
  const patch: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
  mergePatch({}, Object(patch) as Record<string, unknown>);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});
