import { expect, test } from 'vitest';
import { nearestName } from '../../../src/config/nearest-name.ts';

const NAMES = ['listen', 'connect_address', 'data_dir', 'pg_hba', 'use_slots'];

const CASES: readonly (readonly [string, string | undefined])[] = [
  ['listn', 'listen'],
  ['lisetn', 'listen'],
  ['connect-address', 'connect_address'],
  ['DATA_DIR', 'data_dir'],
  ['pg_hba.conf', undefined],
  ['banana', undefined],
  ['x'.repeat(10_000), undefined],
];

test.each(CASES)('%.20s: %s', (name, expected) => {
  expect(nearestName(name, NAMES)).toBe(expected);
});
