// The lists of what is demonstrated name tests: each must be where it is said to be, and no scenario, failure or finding left out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MUTANTS } from '../../../src/sim/mutant/mutants.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SCENARIOS = { B: 8, C: 1, D: 8, K: 2, F: 11, W: 8, I: 3, N: 3, A: 7, P: 9, R: 3, S: 3, Q: 6, V: 3 } as const;
const FAILURES = 87;
const FINDINGS = 28;

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The cells of the tables in a document, without their heads. */
function rowsOf(file: string): readonly (readonly string[])[] {
  const lines = read(file).split('\n');
  const isRule = (line: string | undefined): boolean => line?.startsWith('| -') === true;
  return lines
    .filter((line, index) => line.startsWith('| ') && !isRule(line) && !isRule(lines[index + 1]))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** `file`: name, one or several of them. */
function testsIn(cell: string): readonly (readonly [string, string])[] {
  const named = cell.split('<br>').map((part) => /`(test\/[^`]+)`: (.+)$/.exec(part));
  return named.flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? ''] as const]));
}

/** As the source spells it, in quotes of whatever kind. */
function has(file: string, name: string): boolean {
  const source = read(file);
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`));
}

const DOCUMENTS = ['docs/explain/scenarios.md', 'docs/explain/known-failures.md', 'docs/explain/safety-findings.md'];
const NAMED = DOCUMENTS.flatMap((file) => rowsOf(file).flatMap((cells) => testsIn(cells.at(-1) ?? '')));

test('what is not in a file is found to be missing', () => {
  expect(has('test/unit/docs/scenarios.test.ts', ['no', 'such', 'test'].join(' '))).toBe(false);
  expect(NAMED.length).toBeGreaterThan(SCENARIOS.F + FAILURES);
});

test.each([...new Map(NAMED.map((each) => [each.join(), each])).values()])('%s has: %s', (file, name) => {
  expect(has(file, name)).toBe(true);
});

describe('each has its row, with a test or the reason why there is none', () => {
  const ids = (file: string): readonly string[] => rowsOf(file).map(([id]) => id ?? '');
  const answered = (file: string): boolean =>
    rowsOf(file).every((cells) => testsIn(cells.at(-1) ?? '').length > 0 || cells.at(-1)?.startsWith('— ') === true);

  test('every scenario', () => {
    const expected = Object.entries(SCENARIOS).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
    );
    expect(ids('docs/explain/scenarios.md').filter((id) => /^[A-Z]\d+$/.test(id))).toEqual(expected);
    expect(answered('docs/explain/scenarios.md')).toBe(true);
  });

  test('every known failure', () => {
    const expected = Array.from({ length: FAILURES }, (_, index) => `${index + 1}`);
    expect(ids('docs/explain/known-failures.md')).toEqual(expected);
    expect(answered('docs/explain/known-failures.md')).toBe(true);
  });

  test('every finding', () => {
    const rows = rowsOf('docs/explain/safety-findings.md');
    const expected = Array.from({ length: FINDINGS }, (_, index) => `F${index + 1}`);
    expect(rows.map(([id]) => id).filter((id) => /^F\d+$/.test(id ?? ''))).toEqual(expected);
    expect(answered('docs/explain/safety-findings.md')).toBe(true);
  });

  test('every mutant, and no other', () => {
    const text = rowsOf('docs/explain/safety-findings.md').flat().join('|');
    const named = [...text.matchAll(/`([a-z][a-z-]+)`(?!:)/g)].map(([, name = '']) => name);
    expect([...new Set(named)].toSorted()).toEqual(MUTANTS.map(({ name }) => name).toSorted());
  });
});

test.each(rowsOf('docs/explain/scenarios.md').filter(([first]) => first?.startsWith('`')))(
  'the text %s is looked for by its test',
  (text = '', cell = '') => {
    const source = testsIn(cell)
      .map(([file]) => read(file))
      .join('\n');
    const parts = text
      .slice(1, -1)
      .split('…')
      .map((part) => part.trim());
    // A pattern and a quoted string need a backslash here and there.
    const plain = source.replaceAll('\\', '');
    expect(parts.filter((part) => !plain.includes(part))).toEqual([]);
  },
);
