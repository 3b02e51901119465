import { expect, test } from 'vitest';
import { upstreamOf } from '../../../src/core/decide/upstream.ts';

test.each([
  ['postgres://10.0.0.1:5433/postgres', { host: '10.0.0.1', port: 5433 }],
  ['postgresql://db-1.example', { host: 'db-1.example', port: 5432 }],
  ['postgres://user:secret@db_1:6432/x?y=z', { host: 'db_1', port: 6432 }],
  ['postgres://[fe80::1%eth0]:5432/postgres', { host: 'fe80::1%eth0', port: 5432 }],
])('%s is where its server is', (connUrl, upstream) => {
  expect(upstreamOf(connUrl)).toEqual(upstream);
});

test.each([
  undefined,
  '',
  'mysql://a:1/x',
  'postgres://:5432/x',
  'postgres://a:0/x',
  'postgres://a:65536/x',
  'postgres://a:99999999999/x',
  'postgres://a:five/x',
  "postgres://a' port=1/x",
  'postgres://a b/x',
  'postgres://a\nb:5432/x',
  'postgres://a\u0000/x',
  'postgres://a,b/x',
  'postgres://[::1/x',
])('%j is nowhere', (connUrl) => {
  expect(upstreamOf(connUrl)).toBeUndefined();
});
