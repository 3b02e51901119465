import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALL_ROWS } from '../../../chaos/net/equality.ts';
import { PostgresBench, type PostgresMember } from '../../support/postgres-member.ts';

const bench = new PostgresBench();
let server: PostgresMember;

beforeAll(async () => {
  server = await bench.primary('a');
  await server.sql(
    'create table chaos (id bigint primary key, round int not null, member text not null)',
    'create table lists (key int primary key, items int[] not null)',
    "insert into chaos values (1, 1, 'a'), (2, 1, 'b')",
    'insert into lists values (10, array[1, 2]), (11, array[]::int[])',
  );
});
afterAll(() => bench.close());

const digest = async () => (await server.sql(ALL_ROWS))[0]?.['digest'];

test.each([
  'delete from chaos where id = 2',
  "update chaos set member = 'c' where id = 1",
  "insert into chaos values (3, 1, 'a')",
  'update lists set items = array[2, 1] where key = 10',
  'delete from lists where key = 11',
])('two servers are not equal when one of them did: %s', async (statement) => {
  const before = await digest();
  await server.sql(statement);
  expect(await digest()).not.toBe(before);
});

test('two servers are equal whatever way their rows came about', async () => {
  const before = await digest();
  await server.sql(
    'create table copy as select * from chaos',
    'delete from chaos',
    'insert into chaos select * from copy',
  );
  expect(await digest()).toBe(before);
});
