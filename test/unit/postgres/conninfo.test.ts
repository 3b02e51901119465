import { expect, test } from 'vitest';
import { conninfo, conninfoPairs, upstreamFromConninfo } from '../../../src/postgres/conninfo.ts';
import { pgpassText } from '../../../src/postgres/pgpass.ts';

test('what libpq treats specially is escaped, and read back', () => {
  const text = conninfo({
    user: 'a b',
    passfile: String.raw`/x'y\z`,
    host: 'h',
    port: 5432,
    slot: undefined,
    sslmode: '',
  });
  expect(text).toBe(String.raw`user=a\ b passfile=/x\'y\\z host=h port=5432`);
  expect(Object.fromEntries(conninfoPairs(text))).toEqual({
    user: 'a b',
    passfile: String.raw`/x'y\z`,
    host: 'h',
    port: '5432',
  });
});

test.each([
  ['', undefined],
  ['user=x application_name=y', undefined],
  ['host=10.0.0.1 port=5433', { host: '10.0.0.1', port: 5433 }],
  ["user = 'a b' host = 'h'", { host: 'h', port: 5432 }],
])('%s leads to %o', (text, upstream) => expect(upstreamFromConninfo(text)).toEqual(upstream));

test('a line of pgpass', () => {
  expect(pgpassText({ host: '10.0.0.1', port: 5432 }, 'u', String.raw`a:b\c`)).toBe(
    String.raw`10.0.0.1:5432:*:u:a\:b\\c` + '\n',
  );
  expect(pgpassText({ host: 'h1,h2', port: 1 }, 'u', 'p')).toBe('h1:1:*:u:p\nh2:1:*:u:p\n');
  expect(pgpassText({ host: '/run/pg', port: 1 }, 'u', 'p')).toBe('/run/pg:1:*:u:p\nlocalhost:1:*:u:p\n');
});
