import { expect, test } from 'vitest';
import { LSN_ZERO, lsnFromText, type Lsn } from '../../../src/core/model/lsn.ts';
import { beginOf, historyFileName, historyFromText, PLACEHOLDER } from '../../../src/postgres/history-file.ts';
import { forkOf } from '../../../src/postgres/jobs/record-divergence.ts';
import { segmentName } from '../../../src/postgres/wal-segments.ts';

const at = (text: string): Lsn => lsnFromText(text) ?? LSN_ZERO;
const rows = (...ends: readonly (readonly [number, string])[]) =>
  ends.map(([timeline, end]) => ({ timeline, lsn: at(end), reason: '' }));

test('rows of a history file', () => {
  const text = '1\t0/3000060\tno recovery target specified\n\n# remark\n2\t0/5000000\tbefore 2026-11-24\n';
  expect(historyFromText(text)).toEqual([
    { timeline: 1, lsn: at('0/3000060'), reason: 'no recovery target specified' },
    { timeline: 2, lsn: at('0/5000000'), reason: 'before 2026-11-24' },
  ]);
  expect(beginOf(historyFromText(text))).toBe(at('0/5000000'));
  expect(historyFromText(PLACEHOLDER)).toEqual([]);
});

test('names of files in pg_wal', () => {
  expect(historyFileName(26)).toBe('0000001A.history');
  expect(segmentName(2, at('1/FF000028'), 16n * 1024n * 1024n)).toBe('0000000200000001000000FF');
  expect(segmentName(2, at('1/40000000'), 1024n * 1024n * 1024n)).toBe('000000020000000100000001');
});

test.each([
  [
    'it went on, the other left',
    rows([1, '0/9']),
    { timeline: 2, history: rows([1, '0/5']) },
    { timeline: 1, lsn: at('0/5') },
  ],
  [
    'both left',
    rows([1, '0/5'], [2, '0/9']),
    { timeline: 3, history: rows([1, '0/6']) },
    { timeline: 1, lsn: at('0/5') },
  ],
  [
    'the other left later',
    rows([1, '0/5'], [2, '0/9']),
    { timeline: 3, history: rows([1, '0/5'], [2, '0/7']) },
    { timeline: 2, lsn: at('0/7') },
  ],
  ['nothing in common', rows([2, '0/5']), { timeline: 1, history: [] }, undefined],
  ['the other has not left', rows([1, '0/9']), { timeline: 1, history: [] }, { timeline: 1, lsn: at('0/9') }],
])('where two histories part: %s', (_, one, other, fork) => expect(forkOf(one, other)).toEqual(fork));
