import { describe, expect, test } from 'vitest';
import {
  countStreaming,
  exitCode,
  isRecovered,
  type Outcome,
  type Verdict,
  verdictLine,
} from '../../../src/demo/verdict.ts';

const whole: Outcome = {
  standing: { primaries: ['node-2'], streaming: ['node-1', 'node-3'], isSynchronous: true },
  expected: ['node-1', 'node-2', 'node-3'],
  acknowledgedBy: 'node-2',
};

const verdict: Verdict = {
  recovered: true,
  outageMs: 3_214,
  acknowledged: 1_834,
  lost: 0,
  streaming: 1,
  shouldStream: 1,
};

test('the last line is the one that scripts read', () => {
  expect(verdictLine(verdict)).toBe('demo: recovered=yes outage=3.21s acknowledged=1834 lost=0 streaming=1/1');
});

test('what could not be found out is not called none', () => {
  expect(verdictLine({ ...verdict, recovered: false, lost: undefined })).toContain('recovered=no');
  expect(verdictLine({ ...verdict, recovered: false, lost: undefined })).toContain('lost=unknown');
});

describe('recovered', () => {
  test.each<{ name: string; outcome: Partial<Outcome>; recovered: boolean; counts: string }>([
    { name: 'all stream', outcome: {}, recovered: true, counts: '2/2' },
    {
      name: 'one was taken down and the rest streams',
      outcome: {
        standing: { primaries: ['node-1'], streaming: ['node-3'], isSynchronous: true },
        expected: ['node-1', 'node-3'],
        acknowledgedBy: 'node-1',
      },
      recovered: true,
      counts: '1/1',
    },
    {
      name: 'one does not stream',
      outcome: { standing: { primaries: ['node-2'], streaming: ['node-1'], isSynchronous: true } },
      recovered: false,
      counts: '1/2',
    },
    { name: 'nobody acknowledges', outcome: { acknowledgedBy: undefined }, recovered: false, counts: '2/2' },
    {
      name: 'another acknowledges than the one that is primary',
      outcome: { acknowledgedBy: 'node-1' },
      recovered: false,
      counts: '2/2',
    },
    {
      name: 'no primary',
      outcome: { standing: { primaries: [], streaming: [], isSynchronous: true } },
      recovered: false,
      counts: '0/2',
    },
    {
      name: 'two primaries, one of them taken down',
      outcome: {
        standing: { primaries: ['node-1', 'node-2'], streaming: [], isSynchronous: true },
        expected: ['node-2', 'node-3'],
      },
      recovered: false,
      counts: '0/1',
    },
    {
      name: 'a stranger streams too',
      outcome: { standing: { primaries: ['node-2'], streaming: ['node-1', 'node-3', 'backup'], isSynchronous: true } },
      recovered: true,
      counts: '2/2',
    },
  ])('$name', ({ outcome, recovered, counts }) => {
    const seen = { ...whole, ...outcome };
    const { streaming, shouldStream } = countStreaming(seen);
    expect({ recovered: isRecovered(seen), counts: `${streaming}/${shouldStream}` }).toEqual({ recovered, counts });
  });
});

test.each<{ name: string; verdict: Partial<Verdict>; code: number }>([
  { name: 'recovered, nothing lost', verdict: {}, code: 0 },
  { name: 'not recovered', verdict: { recovered: false }, code: 1 },
  { name: 'recovered, but nobody could be asked what is there', verdict: { lost: undefined }, code: 1 },
  { name: 'recovered and rows lost', verdict: { lost: 4 }, code: 2 },
  { name: 'rows lost and not recovered', verdict: { recovered: false, lost: 4 }, code: 2 },
])('exit code: $name', ({ verdict: part, code }) => {
  expect(exitCode({ ...verdict, ...part })).toBe(code);
});
