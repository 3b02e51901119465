import { expect, test } from 'vitest';
import { literal } from '../../../src/postgres/sql-connection.ts';
import { activityOf, statusAnswerFromText } from '../../../src/postgres/status-answer.ts';

const slotRow = (more: object): object => ({
  slot_name: 'a',
  slot_type: 'physical',
  plugin: null,
  database: null,
  active: false,
  xmin: null,
  catalog_xmin: null,
  restart_lsn: null,
  confirmed_flush_lsn: null,
  wal_status: null,
  ...more,
});

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
  slots: [slotRow({})],
  restoreCommand: null,
  activity: [{ kind: 'startup', pid: 7, waitsFor: null }],
};

test.each([
  ['version 12', { wal_status: undefined }, { isLost: false, hasXmin: false }],
  ['WAL is gone', { wal_status: 'lost' }, { isLost: true }],
  ['WAL is about to go', { wal_status: 'unreserved' }, { isLost: false }],
  ['version 16, in conflict', { wal_status: 'reserved', conflicting: true }, { isLost: true }],
  ['version 18, invalidated', { wal_status: 'reserved', invalidation_reason: 'idle_timeout' }, { isLost: true }],
  ['rows held for a standby', { xmin: '730' }, { hasXmin: true }],
  ['rows held for decoding', { catalog_xmin: '730' }, { hasXmin: true, catalogXmin: 730 }],
  [
    'version 17, a failover slot',
    { slot_type: 'logical', plugin: 'pgoutput', database: 'app', failover: true, synced: false },
    { kind: 'logical', plugin: 'pgoutput', database: 'app', isFailover: true, isSynced: false },
  ],
])('a slot of another version or state: %s', (_name, row, expected) => {
  const answer = statusAnswerFromText(JSON.stringify({ ...ANSWER, slots: [slotRow(row)] }));
  expect(answer.slots[0]).toMatchObject(expected);
});

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
