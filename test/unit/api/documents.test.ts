import { expect, test } from 'vitest';
import { clusterDocument } from '../../../src/api/cluster-document.ts';
import { situationOf } from '../../../src/api/situation.ts';
import { statusDocument } from '../../../src/api/status-document.ts';
import { spacedJson } from '../../../src/core/layout/compact-json.ts';
import type { Sender } from '../../../src/core/model/local-postgres.ts';
import { aPrimary, aSnapshot, aStandby, aView, HELD, NOW_MS, type Told, TWO } from './snapshots.ts';

const SENDER: Sender = {
  name: 'postgresql1',
  user: 'replicator',
  clientAddress: '127.0.0.1',
  state: 'streaming',
  syncState: 'async',
  syncPriority: 0,
  writeLsn: undefined,
  flushLsn: undefined,
  replayLsn: undefined,
  slot: undefined,
  hasReadSettings: true,
};

function documentOf(told: Told): string {
  return spacedJson(statusDocument(situationOf(aSnapshot(told), NOW_MS)));
}

test('the status document of a leader is the one of the contract', () => {
  expect(documentOf({ view: aView(TWO), sql: aPrimary({ senders: [SENDER] }), lease: HELD })).toBe(
    '{"state": "running", "postmaster_start_time": "2026-11-23 06:34:44.230980+00:00", "role": "primary", "server_version": 150018, "xlog": {"location": 67393056}, "timeline": 1, "replication": [{"usename": "replicator", "application_name": "postgresql1", "client_addr": "127.0.0.1", "state": "streaming", "sync_state": "async", "sync_priority": 0}], "dcs_last_seen": 1795415784, "database_system_identifier": "7711251641445478941", "patroni": {"version": "4.1.4", "scope": "batman", "name": "postgresql0"}}',
  );
});

test('the status document of a replica is the one of the contract', () => {
  expect(documentOf({ name: 'postgresql1', view: aView(TWO), sql: aStandby() })).toBe(
    '{"state": "running", "postmaster_start_time": "2026-11-23 06:35:21.788241+00:00", "role": "replica", "server_version": 150018, "xlog": {"received_location": 67393056, "replayed_location": 67393056, "replayed_timestamp": "2026-11-23 06:36:14.369565+00:00", "paused": false}, "timeline": 1, "replication_state": "streaming", "dcs_last_seen": 1795415784, "database_system_identifier": "7711251641445478941", "patroni": {"version": "4.1.4", "scope": "batman", "name": "postgresql1"}}',
  );
});

test.each<{ readonly name: string; readonly told: Told; readonly part: string }>([
  {
    name: 'a server that does not answer',
    told: { view: aView(TWO), sql: undefined, postgres: { postmaster: { pid: 1, startTicks: 1 } } },
    part: '{"state": "unknown", "role": "primary", "dcs_last_seen"',
  },
  {
    name: 'a stopped server',
    told: { name: 'postgresql1', view: aView(TWO), sql: undefined },
    part: '{"state": "stopped", "role": "replica", "dcs_last_seen"',
  },
  {
    name: 'a former primary found stopped',
    told: { name: 'x', view: aView(TWO), sql: undefined },
    part: '{"state": "stopped", "role": "demoted"',
  },
  {
    name: 'a start that failed',
    told: { view: aView(TWO), sql: undefined, postgres: { lastError: 'x' } },
    part: '{"state": "start failed", "role": "primary"',
  },
  {
    name: 'an empty directory',
    told: { sql: undefined, postgres: { data: { kind: 'empty' } } },
    part: '{"state": "stopped", "role": "uninitialized", "cluster_unlocked": true, "dcs_last_seen"',
  },
  { name: 'no leader', told: { view: aView({}), sql: aStandby() }, part: '"cluster_unlocked": true' },
  {
    name: 'pause and tags',
    told: { view: aView({ ...TWO, config: '{"pause":true}' }), sql: aStandby(), tags: { a: 1 } },
    part: '"pause": true, "dcs_last_seen": 1795415784, "tags": {"a": 1}, "database_system_identifier"',
  },
  {
    name: 'a synchronous standby',
    told: {
      name: 'postgresql1',
      view: aView({
        ...TWO,
        config: '{"synchronous_mode":true}',
        sync: '{"leader":"postgresql0","sync_standby":"postgresql1"}',
      }),
      sql: aStandby(),
    },
    part: '"paused": false}, "sync_standby": true, "timeline": 1',
  },
  {
    name: 'a quorum standby',
    told: {
      name: 'postgresql1',
      view: aView({
        ...TWO,
        config: '{"synchronous_mode":"quorum"}',
        sync: '{"leader":"postgresql0","sync_standby":"postgresql1"}',
      }),
      sql: aStandby(),
    },
    part: '"quorum_standby": true',
  },
])('the status document of $name', ({ told, part }) => {
  expect(documentOf(told)).toContain(part);
});

test('the cluster document is the one of the contract', () => {
  expect(spacedJson(clusterDocument(aView(TWO), 'batman'))).toBe(
    '{"members": [{"name": "postgresql0", "role": "leader", "state": "running", "api_url": "http://127.0.0.1:38008/patroni", "host": "127.0.0.1", "port": 35430, "timeline": 1}, {"name": "postgresql1", "role": "replica", "state": "streaming", "api_url": "http://127.0.0.1:38009/patroni", "host": "127.0.0.1", "port": 35431, "timeline": 1, "receive_lag": 0, "receive_lsn": "0/4045620", "replay_lag": 0, "replay_lsn": "0/4045620", "lag": 0, "lsn": "0/4045620"}], "scope": "batman"}',
  );
});

test('the cluster document tells pause, a scheduled switchover, synchronous standbys and unknown lags', () => {
  const document = clusterDocument(
    aView({
      config: '{"pause":true,"synchronous_mode":"on"}',
      leader: 'a',
      'members/a': '{"state":"running","role":"primary","pending_restart":true,"tags":{"x":1}}',
      'members/b': '{"state":"stopped","role":"replica","conn_url":"postgres://[::1]/postgres"}',
      'members/c': '{"state":"running","receive_lsn":100}',
      sync: '{"leader":"a","sync_standby":"c"}',
      failover: '{"leader":"a","scheduled_at":"2030-01-01T00:00:00+00:00"}',
      status: '{"optime":90}',
    }),
    'batman',
  );
  expect(spacedJson(document)).toBe(
    '{"members": [{"name": "a", "role": "leader", "state": "running", "pending_restart": true, "tags": {"x": 1}}, {"name": "b", "role": "replica", "state": "stopped", "host": "::1", "port": 5432, "receive_lag": "unknown", "receive_lsn": "unknown", "replay_lag": "unknown", "replay_lsn": "unknown", "lag": "unknown", "lsn": "unknown"}, {"name": "c", "role": "sync_standby", "state": "running", "receive_lag": 0, "receive_lsn": "0/64", "replay_lag": "unknown", "replay_lsn": "unknown", "lag": "unknown", "lsn": "unknown"}], "pause": true, "scheduled_switchover": {"at": "2030-01-01T00:00:00+00:00", "from": "a"}, "scope": "batman"}',
  );
});
