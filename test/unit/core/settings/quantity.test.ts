import { expect, test } from 'vitest';
import { durationMsFromText, integerFromText } from '../../../../src/core/settings/quantity.ts';

const INTEGERS: readonly (readonly [unknown, string | undefined, number | undefined])[] = [
  ['1h', 's', 3600],
  ['1.5h', 's', 5400],
  ['10s', undefined, undefined],
  ['010', undefined, 8],
  ['1e3', undefined, 1000],
  ['0x10', undefined, 16],
  [true, undefined, undefined],
  ['6GB', '16MB', 384],
  [' 7 ', undefined, 7],
  ['2.5', undefined, 2],
  ['3.5', undefined, 4],
  ['1 MB', 'kB', 1024],
  ['1 mb', 'kB', undefined],
  ['1min', 'kB', undefined],
  ['', undefined, undefined],
  ['abc', undefined, undefined],
  ['5__proto__', 's', undefined],
];

test.each(INTEGERS)('integer %j in %j is %j', (text, unit, expected) => {
  expect(integerFromText(text, unit)).toBe(expected);
});

const DURATIONS: readonly (readonly [unknown, number | undefined])[] = [
  [6, 6000],
  ['6', 6000],
  [1.5, 1500],
  ['1500ms', 1500],
  ['2s', 2000],
  ['5min', 300_000],
  ['1e9', undefined],
  ['', undefined],
  ['5 parsecs', undefined],
  [null, undefined],
];

test.each(DURATIONS)('duration %j is %j ms', (text, expected) => {
  expect(durationMsFromText(text)).toBe(expected);
});
