import { expect, test } from 'vitest';
import { literal } from '../../../src/postgres/sql-connection.ts';
import { activityOf, statusAnswerFromText } from '../../../src/postgres/status-answer.ts';

const ANSWER = {
  standby: true,
  version: 150018,
  startedAt: '2026-11-24T03:25:23+00:00',
  loadedAt: '1795000000.123456',
  syncNames: '',
  syncCommit: 'on',
  segmentBytes: 16777216,
  conninfo: null,
  walFile: null,
  flushLsn: null,
  receivedLsn: null,
  replayedLsn: '0/3000060',
  replayedAt: null,
  isPaused: false,
  receiver: null,
  senders: [],
  slots: [{ name: 'a', kind: 'physical', active: false, restartLsn: null }],
  activity: [{ kind: 'startup', pid: 7, waitsFor: null }],
};

test('what is NULL there is undefined here', () => {
  const answer = statusAnswerFromText(JSON.stringify(ANSWER));
  expect(answer).toMatchObject({ conninfo: '', replayedLsn: 0x3000060n });
  expect(answer.receivedLsn).toBeUndefined();
  expect(answer.slots[0]?.restartLsn).toBeUndefined();
  expect(activityOf(answer, 'startup')).toEqual({ kind: 'startup', pid: 7 });
  expect(activityOf(answer, 'checkpointer')).toBeUndefined();
});

test('an answer of another shape is refused', () => {
  expect(() => statusAnswerFromText(JSON.stringify({ ...ANSWER, version: '15' }))).toThrow();
});

test('a literal cannot be left', () => {
  expect(literal("it's")).toBe("'it''s'");
  expect(literal(String.raw`\'; DROP`)).toBe(String.raw` E'\\''; DROP'`);
});
