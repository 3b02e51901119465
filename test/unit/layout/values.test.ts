import { expect, test } from 'vitest';
import { compactJson, contentEquals, spacedJson } from '../../../src/core/layout/compact-json.ts';
import { decodeFailover, encodeFailover } from '../../../src/core/layout/failover-key.ts';
import { decodeFailsafe, encodeFailsafe } from '../../../src/core/layout/failsafe-key.ts';
import { decodeHistory, encodeHistory } from '../../../src/core/layout/history-key.ts';
import { decodeMember, encodeMember } from '../../../src/core/layout/member-key.ts';
import {
  decodeEvents,
  decodePledge,
  decodeLast,
  decodeReign,
  encodeLast,
  encodeEvents,
  encodePledge,
  encodeReign,
} from '../../../src/core/layout/own-keys.ts';
import { decodeStatus, encodeStatus } from '../../../src/core/layout/status-key.ts';
import { decodeSync, encodeSync } from '../../../src/core/layout/sync-key.ts';
import { lsn } from '../../../src/core/model/lsn.ts';

test('JSON is compact, ASCII, and writes positions as numbers', () => {
  expect(compactJson({ a: lsn(67416760), b: [1, null, 'é😀'], c: undefined })).toBe(
    '{"a":67416760,"b":[1,null,"\\u00e9\\ud83d\\ude00"]}',
  );
  expect(compactJson(18446744073709551615n)).toBe('18446744073709551615');
  expect(spacedJson({ a: 1, b: ['x', true], c: {} })).toBe('{"a": 1, "b": ["x", true], "c": {}}');
  expect(() => compactJson({ a: Number.NaN })).toThrow(TypeError);
});

test.each([
  { a: '{"a":1,"b":2}', b: '{"b": 2, "a": 1}', same: true },
  { a: '{"a":1}', b: '{"a":1,"b":null}', same: false },
  { a: '[1,2]', b: '[2,1]', same: false },
  { a: '[]', b: '{}', same: false },
  { a: 'x', b: 'x', same: true },
  { a: 'x', b: 'y', same: false },
  { a: '1', b: undefined, same: false },
  { a: undefined, b: undefined, same: true },
])('$a and $b say the same: $same', ({ a, b, same }) => {
  expect(contentEquals(a, b)).toBe(same);
});

const PRIMARY =
  '{"conn_url":"postgres://127.0.0.1:35430/postgres","api_url":"http://127.0.0.1:38008/patroni","state":"running","role":"primary","version":"4.1.4","proxy_url":"postgres://127.0.0.1:35440/postgres","pending_restart":true,"pending_restart_reason":{"max_connections":{"old_value":"100","new_value":"101"}},"xlog_location":67416760,"timeline":1,"scheduled_restart":{"schedule":"2030-01-01T00:00:00+00:00","role":"primary","postgres_version":"15.20","restart_pending":true,"timeout":10,"postmaster_start_time":"2026-11-23 06:34:44.230980+00:00"}}';
const REPLICA =
  '{"conn_url":"postgres://127.0.0.1:35432/postgres","api_url":"http://127.0.0.1:38010/patroni","state":"running","role":"replica","version":"4.1.4","tags":{"clonefrom":true,"replicatefrom":"postgresql1"},"xlog_location":67108960,"replay_lsn":67108960,"receive_lsn":67108960,"replication_state":"streaming","timeline":1}';

test.each([PRIMARY, REPLICA])('the member data of the contract survive decoding and encoding', (text) => {
  const { value, why } = decodeMember(text);
  expect(why).toBeUndefined();
  expect(contentEquals(encodeMember(value), text)).toBe(true);
});

test('member data are read field by field', () => {
  expect(decodeMember(REPLICA).value).toEqual({
    connUrl: 'postgres://127.0.0.1:35432/postgres',
    apiUrl: 'http://127.0.0.1:38010/patroni',
    state: 'running',
    role: 'replica',
    version: '4.1.4',
    tags: { clonefrom: true, replicatefrom: 'postgresql1' },
    xlogLocation: 67108960n,
    replayLsn: 67108960n,
    receiveLsn: 67108960n,
    replicationState: 'streaming',
    timeline: 1,
  });
});

const UNKNOWN = { connUrl: undefined, apiUrl: undefined, state: 'unknown', role: 'unknown', version: undefined };

test.each([
  { name: 'master is primary', text: '{"role":"master"}', data: { ...UNKNOWN, role: 'primary' } },
  {
    name: 'a legacy URL carries the address of the API',
    text: 'postgres://u@h:5433/db?application_name=http%3A%2F%2Fh%3A8008%2Fpatroni&x=1',
    data: { ...UNKNOWN, connUrl: 'postgres://u@h:5433/db', apiUrl: 'http://h:8008/patroni' },
  },
  {
    name: 'a legacy URL may be broken',
    text: 'postgres://h?application_name=%',
    data: { ...UNKNOWN, connUrl: 'postgres://h' },
  },
  {
    name: 'conn_kwargs stand for conn_url',
    text: '{"conn_kwargs":{"host":"::1"}}',
    data: { ...UNKNOWN, connUrl: 'postgres://[::1]:5432/postgres' },
  },
  {
    name: 'an inexact position is none',
    text: '{"xlog_location":1e300,"replay_lsn":-1,"timeline":1.5}',
    data: UNKNOWN,
  },
  {
    name: 'a position may be a text',
    text: '{"xlog_location":"18446744073709551615"}',
    data: { ...UNKNOWN, xlogLocation: 18446744073709551615n },
  },
  { name: 'one beyond 64 bits is none', text: '{"xlog_location":"18446744073709551616"}', data: UNKNOWN },
  { name: 'wrong types count as absent', text: '{"state":1,"role":[],"tags":[],"pause":"true"}', data: UNKNOWN },
  {
    name: 'capabilities',
    text: '{"kornak":{"protocol":1,"can":["pledge",3]}}',
    data: { ...UNKNOWN, kornak: { protocol: 1, can: ['pledge'] } },
  },
  {
    name: 'what commits wait for',
    text: '{"kornak":{"protocol":1,"can":[],"synchronous_commit":"remote_write"}}',
    data: { ...UNKNOWN, kornak: { protocol: 1, can: [], synchronousCommit: 'remote_write' } },
  },
])('member: $name', ({ text, data }) => {
  expect(decodeMember(text)).toEqual({ value: data });
});

test.each(['', 'x', '[]', '1', 'null', '"a"', '{'])('member data "%s" mean nothing', (text) => {
  expect(decodeMember(text)).toEqual({ value: UNKNOWN, why: 'not a JSON object' });
});

const NOBODY = { leader: undefined, voters: [], quorum: 0 };

test.each([
  { text: '{"leader":"n1","quorum":0,"sync_standby":"n2"}', value: { leader: 'n1', voters: ['n2'], quorum: 0 } },
  {
    text: '{"leader":"n1","quorum":1,"sync_standby":" a , b,"}',
    value: { leader: 'n1', voters: ['a', 'b'], quorum: 1 },
  },
  { text: '{"leader":"n1","sync_standby":null}', value: { leader: 'n1', voters: [], quorum: 0 } },
  { text: '{"leader":"n1","sync_standby":"n2","quorum":null}', value: { leader: 'n1', voters: ['n2'], quorum: 0 } },
  { text: '{"leader":null,"quorum":2,"sync_standby":"n2"}', value: NOBODY },
  { text: '{}', value: NOBODY },
])('sync $text', ({ text, value }) => {
  expect(decodeSync(text)).toEqual({ value });
});

test.each(['', '[]', '{"leader":"a","sync_standby":5}', '{"leader":"a","quorum":-1}'])(
  'sync "%s" means nothing',
  (text) => {
    const { value, why } = decodeSync(text);
    expect(value).toEqual(NOBODY);
    expect(why).toBeTypeOf('string');
  },
);

test('sync is written as Patroni reads it', () => {
  expect(encodeSync({ leader: 'n1', voters: ['n3', 'n2'], quorum: 1 })).toBe(
    '{"leader":"n1","quorum":1,"sync_standby":"n2,n3"}',
  );
  expect(encodeSync({ leader: 'n1', voters: [], quorum: 0 })).toBe('{"leader":"n1","quorum":0,"sync_standby":null}');
});

test.each([
  { text: '{}', value: undefined },
  { text: '{"leader":"n1","member":"n2"}', value: { leader: 'n1', candidate: 'n2' } },
  { text: '{"member":"n2"}', value: { candidate: 'n2' } },
  {
    text: '{"leader":"a","member":"b","scheduled_at":"2030-01-01T00:00:00+00:00"}',
    value: { leader: 'a', candidate: 'b', scheduledAt: '2030-01-01T00:00:00+00:00' },
  },
  { text: 'n1:n2', value: { leader: 'n1', candidate: 'n2' } },
  { text: 'n1:', value: { leader: 'n1' } },
  { text: ':n2', value: { candidate: 'n2' } },
  { text: ':', value: undefined },
])('failover $text', ({ text, value }) => {
  expect(decodeFailover(text)).toEqual({ value });
});

test.each(['', 'x', '[1]', '3', '{"a":'])('failover "%s" means nothing', (text) => {
  expect(decodeFailover(text).value).toBeUndefined();
  expect(decodeFailover(text).why).toBeTypeOf('string');
});

test('a failover request is written as Patroni reads it', () => {
  expect(encodeFailover(undefined)).toBe('{}');
  expect(encodeFailover({ leader: 'n1', candidate: 'n2' })).toBe('{"leader":"n1","member":"n2"}');
});

const HISTORY =
  '[[1,67417464,"no recovery target specified","2026-11-23T06:38:49.683356+00:00","postgresql1"],[2,67417465,"x"],[3,67417466,"y","z"]]';

test('history keeps short rows as they are', () => {
  const { value } = decodeHistory(HISTORY);
  expect(value?.[0]).toEqual({
    timeline: 1,
    lsn: 67417464n,
    reason: 'no recovery target specified',
    at: '2026-11-23T06:38:49.683356+00:00',
    newLeader: 'postgresql1',
  });
  expect(encodeHistory(value ?? [])).toBe(HISTORY);
  expect(decodeHistory('[]')).toEqual({ value: [] });
});

test.each(['', '{}', '[1]', '[[1]]', '[["1",2,"x"]]', '[[1,2,"x"],[1,-2,"y"]]'])(
  'history "%s" means nothing',
  (text) => {
    expect(decodeHistory(text).value).toBeUndefined();
    expect(decodeHistory(text).why).toBeTypeOf('string');
  },
);

test.each([
  {
    text: '{"optime":67108960,"slots":{"a":50331648,"b":"67108960","c":true},"retain_slots":["a"]}',
    value: { optime: 67108960n, slots: { a: 50331648n, b: 67108960n }, retainSlots: ['a'] },
  },
  { text: '{"optime":1,"slots":"{\\"a\\":2}"}', value: { optime: 1n, slots: { a: 2n }, retainSlots: [] } },
  { text: '{}', value: { optime: undefined, slots: {}, retainSlots: [] } },
  { text: '67108960', value: { optime: 67108960n, slots: {}, retainSlots: [] } },
])('status $text', ({ text, value }) => {
  expect(decodeStatus(text)).toEqual({ value });
});

test('status leaves out slots while there is none', () => {
  expect(encodeStatus(lsn(5), { slots: {}, retainSlots: [] })).toBe('{"optime":5}');
  expect(encodeStatus(lsn(5), { slots: { a: lsn(4) }, retainSlots: ['b', 'a'] })).toBe(
    '{"optime":5,"slots":{"a":4},"retain_slots":["a","b"]}',
  );
  expect(decodeStatus('x').why).toBeTypeOf('string');
});

test('own keys come back as they were written', () => {
  const pledge = { reign: 7, position: { timeline: 2, lsn: lsn(99) } };
  expect(decodePledge(encodePledge(pledge.reign, pledge.position))).toEqual({ value: pledge });
  expect(decodeReign(encodeReign({ name: 'a', timeline: 3 }))).toEqual({ value: { name: 'a', timeline: 3 } });
  const reign = { name: 'a', timeline: 3, from: { timeline: 2, lsn: lsn(70) }, priority: -1 };
  expect(decodeReign(encodeReign(reign))).toEqual({ value: reign });
  const last = { name: 'a', reign: 9, timeline: 3, lsn: lsn(70), final: false };
  expect(decodeLast(encodeLast(last))).toEqual({ value: last });
  expect(decodeEvents(encodeEvents([{ a: 1 }, 'x']))).toEqual({ value: [{ a: 1 }, 'x'] });
  expect(decodeFailsafe(encodeFailsafe({ a: 'http://h/patroni' }))).toEqual({ value: { a: 'http://h/patroni' } });
  for (const decode of [decodePledge, decodeReign, decodeFailsafe]) expect(decode('7').value).toBeUndefined();
  expect(decodeEvents('7')).toEqual({ value: [], why: 'not a JSON array' });
});
