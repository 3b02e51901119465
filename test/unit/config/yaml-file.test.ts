import { expect, test } from 'vitest';
import { readYaml } from '../../../src/config/yaml-file.ts';

/** Plain scalars as Patroni's loader reads them. */
const SCALARS: readonly (readonly [string, unknown])[] = [
  ['on', true],
  ['Off', false],
  ['yes', true],
  ['NO', false],
  ['y', 'y'],
  ['n', 'n'],
  ["'on'", 'on'],
  ['0644', 420],
  ['089', '089'],
  ['0o17', '0o17'],
  ['1e3', '1e3'],
  ['1.5', 1.5],
  ['.', '.'],
  ['1:30', 90],
  ['1_000', 1000],
  ['0x10', 16],
  ['~', null],
  ['2001-01-01', '2001-01-01'],
  ['0.0.0.0:8008', '0.0.0.0:8008'],
];

test.each(SCALARS)('%s is %j', (text, expected) => {
  expect(readYaml(`a: ${text}`, 'f').map).toEqual({ a: expected });
});

test('the last of two equal keys counts, and merge keys work', () => {
  const text = 'base: &b {x: 1, y: 2}\na: {<<: *b, y: 3}\nc: 1\nc: 2\n';
  const { map, findings } = readYaml(text, 'f');
  expect(map).toEqual({ base: { x: 1, y: 2 }, a: { x: 1, y: 3 }, c: 2 });
  expect(findings).toHaveLength(1);
});

test('an error does not quote the file, which may hold passwords', () => {
  const { findings } = readYaml('password: "geheim\nb: [', 'f');
  expect(JSON.stringify(findings)).not.toContain('geheim');
});
