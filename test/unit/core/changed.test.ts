import { expect, test } from 'vitest';
import { changed } from '../../../src/core/model/changed.ts';

const BEFORE: { readonly at: number; readonly name: string | undefined } = { at: 1, name: 'ada' };

test('what changes nothing leaves the very same thing', () => {
  expect(changed(BEFORE, {})).toBe(BEFORE);
  expect(changed(BEFORE, { at: 1, name: 'ada' })).toBe(BEFORE);
});

test('a change gives another thing, the rest as it was', () => {
  expect(changed(BEFORE, { name: undefined })).toStrictEqual({ at: 1, name: undefined });
  expect(changed(BEFORE, { at: 2 })).toStrictEqual({ at: 2, name: 'ada' });
  expect(BEFORE).toStrictEqual({ at: 1, name: 'ada' });
});
