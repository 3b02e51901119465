import { describe, expect, test } from 'vitest';
import { programOn } from '../../../src/postgres/left-overs.ts';
import { troubleFromLine } from '../../../src/postgres/server-trouble.ts';
import { endOf } from '../../../src/postgres/wal-segments.ts';
import { WalSummary } from '../../../src/postgres/wal-summary.ts';

const stamp = '2026-11-26 04:10:00.123 UTC [4711] ';

describe('what a server’s log says about why it does not follow', () => {
  test.each([
    [
      'walRemoved',
      'FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000003 has already been removed',
    ],
    [
      'diverged',
      "FATAL:  could not start WAL streaming: ERROR:  requested starting point 0/5000000 on timeline 1 is not in this server's history",
    ],
    [
      'diverged',
      'LOG:  new timeline 2 forked off current database system timeline 1 before current recovery point 0/30000D8',
    ],
    [
      'ahead',
      'FATAL:  could not start WAL streaming: ERROR:  requested starting point 0/9000000 is ahead of the WAL flush position of this server 0/8000148',
    ],
    [
      'credentials',
      'FATAL:  could not connect to the primary server: connection to server at "127.0.0.1", port 5432 failed: FATAL:  password authentication failed for user "replicator"',
    ],
    ['slotMissing', 'FATAL:  could not start WAL streaming: ERROR:  replication slot "a" does not exist'],
    ['slotBusy', 'FATAL:  could not start WAL streaming: ERROR:  replication slot "a" is active for PID 77'],
    [
      'unreachable',
      'FATAL:  could not connect to the primary server: connection to server at "10.0.0.9", port 5432 failed: Connection refused',
    ],
    ['foreign', 'FATAL:  database system identifier differs between the primary and standby'],
    ['broken', 'PANIC:  could not locate a valid checkpoint record'],
    ['broken', 'FATAL:  WAL ends before consistent recovery point'],
    ['settings', 'FATAL:  configuration file "/data/postgresql.auto.conf" contains errors'],
  ] as const)('%s', (kind, line) => {
    expect(troubleFromLine(stamp + line)).toEqual({ kind, text: line.replace(/^[A-Z]+:\s+/, '') });
  });

  test.each([
    'LOG:  database system is ready to accept connections',
    'STATEMENT:  select 1',
    '',
    'PANIC:  could not write to file "pg_wal/xlogtemp.9": No space left on device',
  ])('nothing: %s', (line) => {
    expect(troubleFromLine(stamp + line)).toBeUndefined();
  });
});

describe('where a WAL record ends, by its own length', () => {
  const SEGMENT = 16n * 1024n * 1024n;
  test.each([
    ['within a page', 0x3000028n, 114n, 0x30000a0n],
    ['right at the end of a page', 0x3001f88n, 120n, 0x3002000n],
    ['across a page: behind its short header', 0x3001fc0n, 114n, 0x3002000n + 24n + 56n],
    ['across a segment: behind its long header', 0x3ffffc0n, 114n, 0x4000000n + 40n + 56n],
    ['across several pages', 0x3001fc0n, 8_400n, 0x3004000n + 24n + (8_400n - 64n - 8_168n)],
  ])('%s', (_, at, bytes, end) => {
    expect(endOf(at, bytes, SEGMENT)).toBe(end);
  });
});

test('a summary counts transactions and relations over lines that come in pieces', () => {
  const summary = new WalSummary();
  const lines = [
    'rmgr: Heap        len (rec/tot):     54/   150, tx:        745, lsn: 0/0155B3C8, prev 0/0155B388, desc: INSERT off 1 flags 0x08, blkref #0: rel 1663/5/16384 blk 0 FPW',
    'rmgr: Heap        len (rec/tot):     59/    59, tx:        745, lsn: 0/0155B4C8, prev 0/0155B3C8, desc: INSERT off 2, blkref #0: rel 1663/5/16384 blk 0',
    'rmgr: Btree       len (rec/tot):     64/    64, tx:        745, lsn: 0/0155B5C8, prev 0/0155B4C8, desc: INSERT_LEAF off 2, blkref #0: rel 1663/5/16390 blk 1',
    'rmgr: Transaction len (rec/tot):     34/    34, tx:        745, lsn: 0/0155B6C8, prev 0/0155B5C8, desc: COMMIT 2026-11-26 04:10:00 UTC',
    'rmgr: Transaction len (rec/tot):     34/    34, tx:        746, lsn: 0/0155B7C8, prev 0/0155B6C8, desc: ABORT 2026-11-26 04:10:00 UTC',
  ];
  const text = `${lines.join('\n')}\n`;
  for (let at = 0; at < text.length; at += 37) summary.take(text.slice(at, at + 37));
  expect([summary.committed, summary.aborted, summary.records]).toEqual([1, 1, 5]);
  expect(summary.relations()).toEqual([
    { tablespace: '1663', database: '5', file: '16384', records: 2 },
    { tablespace: '1663', database: '5', file: '16390', records: 1 },
  ]);
});

test.each([
  ['/usr/lib/postgresql/15/bin/pg_basebackup --pgdata=/d/data --progress', 'pg_basebackup'],
  [
    'setpriv --reuid=1 --regid=1 --init-groups -- /usr/lib/postgresql/15/bin/pg_rewind --target-pgdata=/d/data',
    'pg_rewind',
  ],
  ['/usr/lib/postgresql/15/bin/postgres --single -D /d/data -c archive_mode=on', 'postgres'],
  ['/usr/lib/postgresql/15/bin/pg_basebackup --pgdata=/d/data2', undefined],
  ['/usr/lib/postgresql/15/bin/postgres -D /d/data', undefined],
  ['grep --pgdata=/d/data', undefined],
])('a program left behind by an earlier agent (known failure 27): %s', (line, program) => {
  expect(programOn(line, '/d/data')).toBe(program);
});
