import { expect, test } from 'vitest';
import { epochMsOf } from '../../../src/core/model/timestamp.ts';

test.each(['2030-01-31T00:00Z', '2028-02-29 12:30:15.5+02', '2030-12-31T23:59:59-0330', '1969-12-31T23:00Z'])(
  '%s is the moment that it is for everybody else',
  (text) => {
    const iso = text.replace(/([+-]\d\d)$/, '$1:00').replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
    expect(epochMsOf(text)).toBe(Date.parse(iso));
  },
);

test.each([
  '2030-02-29T00:00Z',
  '2030-04-31T00:00Z',
  '2030-13-01T00:00Z',
  '2030-00-10T00:00Z',
  '2030-01-00T00:00Z',
  '2030-01-01T24:00Z',
  '2030-01-01T00:60Z',
  '2030-01-01T00:00',
  '2030-01-01',
  'tomorrow',
  '',
  '2030-01-01T00:00Z; drop',
])('%j is no moment', (text) => {
  expect(epochMsOf(text)).toBeUndefined();
});
