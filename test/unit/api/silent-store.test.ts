// What is answered while the store does not: from what was last known, and from PostgreSQL itself.
import { expect, test } from 'vitest';
import { clusterDocument } from '../../../src/api/cluster-document.ts';
import { isHealthy } from '../../../src/api/health.ts';
import { isAlive, isReady } from '../../../src/api/probes.ts';
import { queryFrom } from '../../../src/api/query.ts';
import { type Situation, situationOf } from '../../../src/api/situation.ts';
import { statusDocument } from '../../../src/api/status-document.ts';
import type { LeaseState } from '../../../src/core/model/observation.ts';
import { lsn } from '../../../src/core/model/lsn.ts';
import { decodeDynamicConfig } from '../../../src/core/settings/dynamic-config.ts';
import { aPrimary, aSnapshot, aStandby, aView, HELD, NOW_MS, type Told, TWO } from './snapshots.ts';

const LAST = { view: aView(TWO), atMs: NOW_MS - 5_000 };
const PAUSED = decodeDynamicConfig({ pause: true }).config;
const STANDBY_CLUSTER = decodeDynamicConfig({ pause: true, standby_cluster: { host: 'x' } }).config;
const NONE: LeaseState = { kind: 'none' };

function silent(told: Told): Situation {
  return situationOf(aSnapshot({ ...told, snapshot: { lastCluster: LAST, ...told.snapshot } }), NOW_MS);
}

function status(path: string, situation: Situation): number {
  return isHealthy(path, queryFrom(''), situation) ? 200 : 503;
}

const streaming = aStandby({
  receiver: {
    status: 'streaming',
    upstream: undefined,
    slot: undefined,
    timeline: 1,
    latestEndLsn: lsn(67393056),
  },
});

test('a standby stays good for reading, and is nobody in particular', () => {
  const situation = silent({ name: 'postgresql1', sql: streaming });
  const good = ['/replica', '/read-only', '/health'].map((path) => status(path, situation));
  const bad = ['/sync', '/async', '/quorum', '/read-only-sync', '/primary'].map((path) => status(path, situation));
  expect([...good, ...bad]).toEqual([200, 200, 200, 503, 503, 503, 503, 503]);
  expect(isAlive(situation, NOW_MS, 0)).toBe(true);
  expect(statusDocument(situation)).toMatchObject({ cluster_unlocked: true, role: 'replica' });
});

test('a streaming standby is ready by what its sender told it, and unready where it is behind that', () => {
  const ready = (replayedLsn: bigint, query = ''): boolean =>
    isReady(silent({ sql: { ...streaming, replayedLsn: lsn(replayedLsn) } }), queryFrom(query));
  expect(ready(67393056n)).toBe(true);
  expect(ready(67393000n, 'lag=10')).toBe(false);
  expect(ready(1n)).toBe(false);
  expect(isReady(silent({ sql: aStandby() }), queryFrom(''))).toBe(false);
});

test('lag counts from what the sender told where that is ahead of what the leader published', () => {
  const told = { name: 'postgresql1', view: aView({ ...TWO, status: '{"optime":1}' }) };
  const behind = { ...streaming, replayedLsn: lsn(67390000) };
  const situation = situationOf(aSnapshot({ ...told, sql: behind }), NOW_MS);
  expect(isHealthy('/replica', queryFrom('lag=10'), situation)).toBe(false);
  expect(isHealthy('/replica', queryFrom('lag=1MB'), situation)).toBe(true);
});

test('pause is still known', () => {
  const situation = silent({ sql: streaming, snapshot: { config: PAUSED, atMs: NOW_MS - 500_000 } });
  expect(statusDocument(situation)).toMatchObject({ pause: true });
  expect(isAlive(situation, NOW_MS, 0)).toBe(true);
});

test.each<{ readonly name: string; readonly told: Told; readonly codes: readonly number[] }>([
  { name: 'a primary', told: { sql: aPrimary(), snapshot: { config: PAUSED } }, codes: [200, 200, 503] },
  { name: 'a standby', told: { sql: streaming, snapshot: { config: PAUSED } }, codes: [503, 503, 503] },
  { name: 'a primary without pause', told: { sql: aPrimary() }, codes: [503, 503, 503] },
  {
    name: 'a primary whose lease was refused',
    told: { sql: aPrimary(), lease: { kind: 'lost', reign: 1, why: 'x' }, snapshot: { config: PAUSED } },
    codes: [503, 503, 503],
  },
  {
    name: 'the leader of a standby cluster',
    told: { sql: streaming, snapshot: { config: STANDBY_CLUSTER } },
    codes: [200, 503, 200],
  },
  {
    name: 'another member of a standby cluster',
    told: { name: 'postgresql1', sql: streaming, snapshot: { config: STANDBY_CLUSTER } },
    codes: [503, 503, 503],
  },
])('in pause the store is not needed to know who leads: $name', ({ told, codes }) => {
  const situation = silent({ lease: NONE, ...told });
  expect(['/leader', '/primary', '/standby-leader'].map((path) => status(path, situation))).toEqual(codes);
});

test('without SQL, the role last published is told', () => {
  expect(silent({ name: 'postgresql1', sql: undefined }).role).toBe('replica');
  expect(silent({ sql: undefined }).role).toBe('primary');
});

test('a reading that nothing has confirmed for ttl is none', () => {
  const view = aView(TWO);
  const at = (atMs: number): unknown =>
    situationOf(aSnapshot({ view, sql: aPrimary(), lease: HELD, snapshot: { lastCluster: { view, atMs } } }), NOW_MS)
      .view;
  expect(at(NOW_MS - 29_999)).toBeDefined();
  expect(at(NOW_MS - 30_000)).toBeUndefined();
});

test('a /config that cannot be used leaves the one in force in the answers', () => {
  const view = aView({ ...TWO, config: '{"ttl":"soon"}' });
  const situation = situationOf(aSnapshot({ view, sql: aPrimary(), snapshot: { config: PAUSED } }), NOW_MS);
  expect(situation.view && clusterDocument(situation.view, 'batman')).toMatchObject({ pause: true });
});
