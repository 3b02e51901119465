import { expect, test } from 'vitest';
import { isHealthy } from '../../../src/api/health.ts';
import { isAlive, isReady } from '../../../src/api/probes.ts';
import { queryFrom } from '../../../src/api/query.ts';
import { situationOf } from '../../../src/api/situation.ts';
import type { LeaseState } from '../../../src/core/model/observation.ts';
import { lsn } from '../../../src/core/model/lsn.ts';
import { aPrimary, aSnapshot, aStandby, aView, HELD, NOW_MS, type Told, TWO } from './snapshots.ts';

const LEADER: Told = { view: aView(TWO), sql: aPrimary(), lease: HELD };
const EXPIRED: LeaseState = {
  kind: 'held',
  reign: 12,
  leaseId: '77',
  deadlineMs: NOW_MS,
  ttlMs: 6_000,
  takenMs: 0,
  unguarded: false,
};
const REPLICA: Told = { name: 'postgresql1', view: aView(TWO), sql: aStandby() };
const SYNC_KEYS = {
  ...TWO,
  config: '{"synchronous_mode":true}',
  sync: '{"leader":"postgresql0","sync_standby":"PostgreSQL1"}',
};
const SYNC: Told = { ...REPLICA, view: aView(SYNC_KEYS) };
const QUORUM: Told = { ...REPLICA, view: aView({ ...SYNC_KEYS, config: '{"synchronous_mode":"quorum"}' }) };
const STANDBY_CLUSTER = aView({ ...TWO, config: '{"standby_cluster":{"host":"x"}}' });
const STANDBY_LEADER: Told = { view: STANDBY_CLUSTER, sql: aStandby(), lease: HELD };

function status(path: string, told: Told, query = ''): number {
  return isHealthy(path, queryFrom(query), situationOf(aSnapshot(told), NOW_MS)) ? 200 : 503;
}

/** Leader, plain replica, synchronous standby, quorum standby, leader of a standby cluster. */
const MATRIX: readonly (readonly [string, number, number, number, number, number])[] = [
  ['/', 200, 503, 503, 503, 503],
  ['/primary', 200, 503, 503, 503, 503],
  ['/master', 200, 503, 503, 503, 503],
  ['/read-write', 200, 503, 503, 503, 503],
  ['/leader', 200, 503, 503, 503, 200],
  ['/standby-leader', 503, 503, 503, 503, 200],
  ['/standby_leader', 503, 503, 503, 503, 200],
  ['/replica', 503, 200, 200, 200, 503],
  ['/read-only', 200, 200, 200, 200, 200],
  ['/sync', 503, 503, 200, 503, 503],
  ['/synchronous', 503, 503, 200, 503, 503],
  ['/async', 503, 200, 503, 503, 503],
  ['/asynchronous', 503, 200, 503, 503, 503],
  ['/quorum', 503, 503, 503, 200, 503],
  ['/health', 200, 200, 200, 200, 200],
  ['/read-only-sync', 200, 503, 200, 503, 200],
  ['/read-only-synchronous', 200, 503, 200, 503, 200],
  ['/read-only-quorum', 200, 503, 503, 200, 200],
  ['/nonexist', 503, 503, 503, 503, 503],
  ['/sync/', 503, 503, 503, 503, 503],
  ['/patroni', 503, 503, 503, 503, 503],
  ['/masterfoo', 200, 503, 503, 503, 503],
  ['/a/replica', 503, 200, 200, 200, 503],
];

test.each(MATRIX)('%s', (path, ...expected) => {
  const members = [LEADER, REPLICA, SYNC, QUORUM, STANDBY_LEADER];
  expect(members.map((told) => status(path, told))).toEqual(expected);
});

test.each<{ readonly name: string; readonly told: Told; readonly primary: number; readonly leader: number }>([
  { name: 'before promotion has ended', told: { ...LEADER, sql: aStandby() }, primary: 503, leader: 200 },
  {
    name: 'a primary past its deadline (known failure 83)',
    told: { ...LEADER, lease: EXPIRED },
    primary: 503,
    leader: 503,
  },
  {
    name: 'a primary whose lease is lost',
    told: { ...LEADER, lease: { kind: 'lost', reign: 12, why: 'x' } },
    primary: 503,
    leader: 503,
  },
  { name: 'a primary that is down', told: { ...LEADER, sql: undefined }, primary: 503, leader: 200 },
  {
    name: 'a primary too busy to answer',
    told: { ...LEADER, sql: undefined, postgres: { postmaster: { pid: 1, startTicks: 1 } } },
    primary: 200,
    leader: 200,
  },
  {
    name: 'a primary that is starting',
    told: { ...LEADER, sql: undefined, postgres: { postmaster: { pid: 1, startTicks: 1 }, starting: true } },
    primary: 503,
    leader: 200,
  },
  { name: 'the store is silent, the lease holds', told: { ...LEADER, view: undefined }, primary: 200, leader: 200 },
])('$name', ({ told, primary, leader }) => {
  expect(status('/primary', told)).toBe(primary);
  expect(status('/leader', told)).toBe(leader);
});

const BEHIND: Told = { ...REPLICA, sql: aStandby({ replayedLsn: lsn(67393056 - 2048) }) };

test.each([
  { query: 'lag=2048', expected: 200 },
  { query: 'lag=2047', expected: 503 },
  { query: 'lag=2kB', expected: 200 },
  { query: 'lag=1kB', expected: 503 },
  { query: 'lag=10MB', expected: 200 },
  { query: 'lag=1KB', expected: 200 },
  { query: 'lag=nonsense', expected: 200 },
  { query: 'lag=', expected: 200 },
  { query: 'lag=&lag=1', expected: 503 },
  { query: 'lag=10MB&lag=1', expected: 200 },
  { query: 'replication_state=streaming', expected: 200 },
  { query: 'replication_state=in%20archive%20recovery', expected: 503 },
])('a replica 2048 bytes behind answers /replica?$query by $expected', ({ query, expected }) => {
  expect(status('/replica', BEHIND, query)).toBe(expected);
  expect(status('/async', BEHIND, query)).toBe(expected);
});

test('without a reference nobody lags', () => {
  expect(status('/replica', { ...BEHIND, view: aView({ leader: 'postgresql0' }) }, 'lag=1')).toBe(200);
});

const TAGGED: Told = { ...REPLICA, tags: { zone: 'A', clonefrom: true, weight: 1.4, list: ['x'] } };

test.each([
  { query: 'tag_zone=A', expected: 200 },
  { query: 'tag_zone=a', expected: 503 },
  { query: 'tag_clonefrom=true', expected: 200 },
  { query: 'tag_clonefrom=True', expected: 503 },
  { query: 'tag_weight=1.4&tag_zone=A', expected: 200 },
  { query: 'tag_weight=1.5&tag_zone=A', expected: 503 },
  { query: 'tag_none=1', expected: 503 },
  { query: 'tag_none=', expected: 200 },
  { query: 'tag_toString=1', expected: 503 },
  { query: 'tag_zone=A&tag_zone=B', expected: 200 },
])('tags filter: ?$query by $expected', ({ query, expected }) => {
  expect(status('/replica', TAGGED, query)).toBe(expected);
  expect(status('/health', TAGGED, query)).toBe(expected);
});

test('what must be asked with tags does not keep a leader from answering', () => {
  expect(status('/primary', LEADER, 'tag_zone=A')).toBe(200);
  expect(status('/read-only', LEADER, 'tag_zone=A')).toBe(503);
});

test('noloadbalance hides a replica', () => {
  expect(status('/replica', { ...REPLICA, tags: { noloadbalance: true } })).toBe(503);
  expect(status('/replica', { ...REPLICA, tags: { noloadbalance: false } })).toBe(200);
});

test('while the store is silent, what rests on it is not good', () => {
  const silent = { ...REPLICA, view: undefined };
  expect(['/replica', '/read-only', '/health'].map((path) => status(path, silent))).toEqual([200, 200, 200]);
  expect(['/sync', '/async', '/quorum', '/read-only-sync'].map((path) => status(path, silent))).toEqual([
    503, 503, 503, 503,
  ]);
});

test('a view older than ttl counts as none', () => {
  const snapshot = aSnapshot(REPLICA);
  expect(situationOf(snapshot, NOW_MS + 29_999).view).toBeDefined();
  expect(situationOf(snapshot, NOW_MS + 30_000).view).toBeUndefined();
});

test.each([
  { name: 'a leader', told: LEADER, query: '', ready: true },
  { name: 'a replica', told: REPLICA, query: '', ready: true },
  { name: 'a replica within the limit', told: BEHIND, query: 'lag=2048', ready: true },
  { name: 'a replica beyond the limit', told: BEHIND, query: 'lag=2047', ready: false },
  { name: 'one that has received enough', told: BEHIND, query: 'lag=2047&mode=write', ready: true },
  { name: 'one that has not replayed enough', told: BEHIND, query: 'lag=2047&mode=apply', ready: false },
  {
    name: 'beyond the limit of the configuration',
    told: { ...REPLICA, sql: aStandby({ replayedLsn: lsn(1) }) },
    query: '',
    ready: false,
  },
  {
    name: 'one that does not stream',
    told: { ...REPLICA, sql: aStandby({ receiver: undefined }) },
    query: '',
    ready: false,
  },
  { name: 'one without a view', told: { ...REPLICA, view: undefined }, query: '', ready: false },
  { name: 'one that is down', told: { ...REPLICA, sql: undefined }, query: '', ready: false },
])('readiness: $name', ({ told, query, ready }) => {
  expect(isReady(situationOf(aSnapshot(told), NOW_MS), queryFrom(query))).toBe(ready);
});

test('liveness follows the last cycle: ttl on a primary, twice that elsewhere', () => {
  const leader = situationOf(aSnapshot(LEADER), NOW_MS);
  const replica = situationOf(aSnapshot(REPLICA), NOW_MS);
  const paused = situationOf(aSnapshot({ ...REPLICA, view: aView({ config: '{"pause":true}' }) }), NOW_MS);
  expect([leader, replica, paused].map((one) => isAlive(one, NOW_MS + 29_999, 0))).toEqual([true, true, true]);
  expect([leader, replica, paused].map((one) => isAlive(one, NOW_MS + 30_000, 0))).toEqual([false, true, true]);
  expect([leader, replica, paused].map((one) => isAlive(one, NOW_MS + 60_000, 0))).toEqual([false, false, true]);
  expect(isAlive(undefined, 59_999, 0)).toBe(true);
  expect(isAlive(undefined, 60_000, 0)).toBe(false);
});
