import { expect, test } from 'vitest';
import { decodeCluster, leaderMember, type StoredKey } from '../../../src/core/layout/decode-cluster.ts';
import { keysFor } from '../../../src/core/layout/keys.ts';

const KEYS = keysFor('service', 'batman');

function stored(values: Readonly<Record<string, string>>): readonly StoredKey[] {
  return Object.entries(values).map(([name, value], index) => ({
    key: KEYS.prefix + name,
    value,
    modRevision: index + 10,
    leaseId: name === 'leader' || name.startsWith('members/') ? '77' : undefined,
  }));
}

function view(values: Readonly<Record<string, string>>) {
  return decodeCluster(stored(values), 100, KEYS);
}

test('an empty store is a cluster without anything', () => {
  expect(view({})).toEqual({
    revision: 100,
    initialize: { value: undefined, revision: 0 },
    bootstrapper: undefined,
    config: { value: undefined, raw: undefined, revision: 0 },
    leader: undefined,
    members: [],
    sync: { value: { leader: undefined, voters: [], quorum: 0 }, revision: 0 },
    failover: { value: undefined, revision: 0 },
    history: { value: undefined, revision: 0 },
    status: { optime: undefined, slots: {}, retainSlots: [] },
    reign: { value: undefined, revision: 0 },
    last: { value: undefined, revision: 0 },
    failsafe: { value: undefined, revision: 0 },
    pledges: [],
    unguarded: [],
    events: { value: '[]', revision: 0 },
    nonsense: [],
  });
});

test('everything is read with its revision', () => {
  const read = view({
    initialize: '7711251641445478941',
    config: '{"ttl":30,"postgresql":{"parameters":null},"other":1}',
    leader: 'a',
    'members/b': '{"state":"running","role":"replica"}',
    'members/a': '{"state":"running","role":"primary"}',
    'members/a/b': '{}',
    sync: '{"leader":"a","sync_standby":"b"}',
    failover: '{}',
    history: '[]',
    'kornak/reign': '{"name":"a","timeline":4}',
    'kornak/pledge/b': '{"reign":12,"timeline":3,"lsn":5}',
    'kornak/bootstrap': 'a',
    'kornak/events': '[1]',
    'kornak/last': '{"name":"a","reign":12,"timeline":3,"lsn":500,"final":true}',
    'kornak/other': 'ignored',
    other: 'ignored',
  });
  expect(read.initialize).toEqual({ value: '7711251641445478941', revision: 10 });
  expect(read.config.revision).toBe(11);
  expect(read.config.value?.ttlMs).toBe(30_000);
  expect(read.config.value?.raw).toEqual({ ttl: 30, postgresql: { parameters: null }, other: 1 });
  expect(read.leader).toEqual({ name: 'a', reign: 12, leaseId: '77' });
  expect(read.members.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(read.sync).toEqual({ value: { leader: 'a', voters: ['b'], quorum: 0 }, revision: 16 });
  expect(read.failover).toEqual({ value: undefined, revision: 17 });
  expect(read.history).toEqual({ value: [], revision: 18 });
  expect(read.reign).toEqual({ value: { name: 'a', timeline: 4 }, revision: 19 });
  expect(read.pledges).toEqual([{ name: 'b', reign: 12, position: { timeline: 3, lsn: 5n }, revision: 20 }]);
  expect(read.bootstrapper).toBe('a');
  expect(read.events).toEqual({ value: '[1]', revision: 22 });
  expect(read.last).toEqual({ value: { name: 'a', reign: 12, timeline: 3, lsn: 500n, final: true }, revision: 23 });
  expect(read.nonsense).toEqual([]);
});

test('nonsense counts as absent, keeps its revision, and is told', () => {
  const read = view({
    initialize: 'nonsense',
    config: '[]',
    'members/a': '%',
    sync: 'x',
    failover: 'x',
    history: 'x',
    status: 'x',
    'kornak/reign': 'x',
    'kornak/last': 'x',
    'kornak/pledge/a': 'x',
    'kornak/events': 'x',
  });
  expect(read.initialize).toEqual({ value: 'nonsense', revision: 10 });
  expect(read.config).toEqual({ value: undefined, revision: 11 });
  expect(read.members).toMatchObject([{ name: 'a', data: { state: 'unknown' } }]);
  expect(read.sync).toEqual({ value: { leader: undefined, voters: [], quorum: 0 }, revision: 13 });
  expect(read.pledges).toEqual([]);
  expect(read.nonsense.map(({ key }) => key.slice(KEYS.prefix.length))).toEqual([
    'config',
    'members/a',
    'sync',
    'failover',
    'history',
    'status',
    'kornak/last',
    'kornak/reign',
    'kornak/pledge/a',
    'kornak/events',
  ]);
});

test('a configuration that is not fit for use is told, and kept for people to repair', () => {
  const { config, nonsense } = view({ config: '{"postgresql":{"parameters":[]}}' });
  expect(config).toEqual({ value: undefined, raw: { postgresql: { parameters: [] } }, revision: 10 });
  expect(nonsense).toHaveLength(1);
});

test('status stands above the position that old versions write', () => {
  expect(view({ 'optime/leader': '7' }).status.optime).toBe(7n);
  expect(view({ 'optime/leader': '7', status: '{"optime":8}' }).status.optime).toBe(8n);
  expect(view({ 'optime/leader': '7', status: 'x' }).status.optime).toBeUndefined();
});

test('a leader without a member key is a member of whom nothing is known', () => {
  expect(leaderMember(view({}))).toBeUndefined();
  expect(leaderMember(view({ leader: 'a', 'members/a': '{"state":"running"}' }))?.data.state).toBe('running');
  expect(leaderMember(view({ leader: 'a' }))).toMatchObject({ name: 'a', data: { state: 'unknown' }, leaseId: '77' });
});

test('an empty initialize is a bootstrap under way, not an absent key', () => {
  expect(view({ initialize: '' }).initialize).toEqual({ value: '', revision: 10 });
});
