import { expect, test } from 'vitest';
import { connectionString, passwordFileText } from '../../../src/demo/connection-string.ts';
import { type DemoRecord, newPasswords, recordFrom, recordText } from '../../../src/demo/demo-record.ts';

const record: DemoRecord = {
  version: 1,
  demo: { pid: 4_711, startTicks: 99 },
  started: [{ pid: 4_712, startTicks: 100 }],
  kept: true,
  memberCount: 1,
  ports: { members: [{ postgres: 1, restapi: 2 }], etcd: [{ client: 3, peer: 4 }] },
  passwords: newPasswords(),
};

test('what was noted is read again', () => {
  expect(recordFrom(recordText(record))).toEqual(record);
});

test.each([
  '',
  'null',
  '[]',
  '{"version":2}',
  JSON.stringify({ ...record, started: [{ pid: 'x' }] }),
  JSON.stringify({ ...record, demo: { pid: 1, startTicks: 1 } }),
  JSON.stringify({ ...record, ports: { members: [] } }),
  JSON.stringify({ ...record, passwords: {} }),
  JSON.stringify({ ...record, kept: 'yes' }),
])('what no demo wrote is not taken for a record: %s', (text) => {
  expect(recordFrom(text)).toBeUndefined();
});

test('passwords are random and need no quoting anywhere', () => {
  const all = Object.values(newPasswords()).concat(Object.values(newPasswords()));
  expect(new Set(all).size).toBe(8);
  for (const password of all) expect(password).toMatch(/^[\w-]{24}$/);
});

test('the connection string names all members and where the password stands', () => {
  const members = [
    { postgres: 1, restapi: 2 },
    { postgres: 3, restapi: 4 },
  ];
  expect(connectionString(members, '/tmp/a b/pgpass')).toBe(
    'postgresql://postgres@127.0.0.1:1,127.0.0.1:3/postgres?target_session_attrs=read-write&passfile=/tmp/a%20b/pgpass',
  );
  expect(passwordFileText(members, 'secret')).toBe('127.0.0.1:1:*:postgres:secret\n127.0.0.1:3:*:postgres:secret\n');
});
