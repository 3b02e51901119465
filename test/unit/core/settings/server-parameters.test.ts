import { describe, expect, test } from 'vitest';
import { type FixedParameters, serverParameters } from '../../../../src/core/settings/server-parameters.ts';

const FIXED: FixedParameters = { listenAddresses: '0.0.0.0', port: 5432, clusterName: 'batman', majorVersion: 15 };

function textOf(name: string, local: object, dynamic: object, majorVersion = 15): string | undefined {
  const built = serverParameters({ ...local }, { parameters: { ...dynamic } }, { ...FIXED, majorVersion });
  return built.parameters.get(name)?.text;
}

test('without any configuration: the defaults, those of the command line first and in their order', () => {
  const { parameters, warnings } = serverParameters({}, { parameters: {} }, FIXED);
  expect([...parameters.values()].map(({ name, text }) => `${name}=${text}`)).toEqual([
    'listen_addresses=0.0.0.0',
    'port=5432',
    'cluster_name=batman',
    'wal_level=replica',
    'hot_standby=on',
    'max_connections=100',
    'max_wal_senders=10',
    'max_prepared_transactions=0',
    'max_locks_per_transaction=64',
    'track_commit_timestamp=off',
    'max_replication_slots=10',
    'max_worker_processes=8',
    'wal_log_hints=on',
    'wal_keep_size=128MB',
  ]);
  expect([...parameters.values()].filter(({ onCommandLine }) => !onCommandLine).map(({ name }) => name)).toEqual([
    'wal_keep_size',
  ]);
  expect(warnings).toEqual([]);
});

const TAKEN: readonly (readonly [string, string, object, object, string])[] = [
  ['a number as text', 'max_wal_senders', {}, { max_wal_senders: '5' }, '5'],
  ['a name in capitals', 'max_connections', {}, { MAX_connections: 200 }, '200'],
  ['the old name of a level', 'wal_level', {}, { wal_level: 'hot_standby' }, 'replica'],
  ['a level in capitals', 'wal_level', {}, { wal_level: 'Logical' }, 'logical'],
  ['segments become a size', 'wal_keep_size', {}, { wal_keep_segments: 4 }, '64MB'],
  ['a size goes before segments', 'wal_keep_size', {}, { wal_keep_segments: 4, wal_keep_size: '1GB' }, '1GB'],
  ['the local value of what may be local', 'work_mem', { work_mem: '8MB' }, { work_mem: '4MB' }, '8MB'],
  ['the shared value where there is no other', 'work_mem', {}, { work_mem: '4MB' }, '4MB'],
  ['a boolean', 'fsync', { fsync: true }, {}, 'on'],
  ['a name of an extension', 'foo.bar', { 'foo.bar': "it's" }, {}, "it's"],
];

test.each(TAKEN.map(([what, ...rest]) => ({ what, rest })))(
  'taken: $what',
  ({ rest: [name, local, dynamic, expected] }) => {
    expect(textOf(name, local, dynamic)).toBe(expected);
  },
);

const LEFT_OUT: readonly (readonly [string, string, object, object, string | undefined, number])[] = [
  ['a local value of what is shared, silently', 'max_connections', { max_connections: 500 }, {}, '100', 0],
  ['fewer connections than the least', 'max_connections', {}, { max_connections: 10 }, '100', 1],
  ['a standby that serves no reads', 'hot_standby', {}, { hot_standby: false }, 'on', 1],
  ['another port', 'port', {}, { port: 5 }, '5432', 1],
  ['too little WAL', 'wal_keep_size', {}, { wal_keep_size: '8MB' }, '128MB', 1],
  ['a value of null', 'work_mem', { work_mem: null }, {}, undefined, 1],
  ['a map', 'work_mem', { work_mem: {} }, {}, undefined, 1],
  ['a line break, which would start a line of its own', 'a.b', { 'a.b': "x'\nport = 1" }, {}, undefined, 1],
  ['a name that is none', 'x = 1\ny', { 'x = 1\ny': 1 }, {}, undefined, 1],
];

test.each(LEFT_OUT.map(([what, ...rest]) => ({ what, rest })))('left out: $what', ({ rest }) => {
  const [name, local, dynamic, expected, warningCount] = rest;
  const built = serverParameters({ ...local }, { parameters: { ...dynamic } }, FIXED);
  expect(built.parameters.get(name)?.text).toBe(expected);
  expect(built.warnings).toHaveLength(warningCount);
});

test('PostgreSQL 12 keeps WAL by segments', () => {
  expect(textOf('wal_keep_segments', {}, {}, 12)).toBe('8');
  expect(textOf('wal_keep_segments', {}, { wal_keep_size: '40MB' }, 12)).toBe('3');
  expect(textOf('wal_keep_size', {}, {}, 12)).toBeUndefined();
});

test('each value tells where it comes from', () => {
  const local = { work_mem: '8MB' };
  const built = serverParameters(local, { parameters: { max_connections: 50, fsync: 'on' } }, FIXED);
  const sources = ['port', 'wal_level', 'max_connections', 'fsync', 'work_mem'].map(
    (n) => built.parameters.get(n)?.from,
  );
  expect(sources).toEqual(['fixed', 'default', 'dynamic', 'dynamic', 'local']);
});

describe('what is not the user’s', () => {
  test('recovery settings stand apart', () => {
    const built = serverParameters({ restore_command: 'cp %f %p' }, { parameters: {} }, FIXED);
    expect([...built.recovery]).toEqual([['restore_command', 'cp %f %p']]);
    expect(built.parameters.has('restore_command')).toBe(false);
  });

  test('synchronous_standby_names counts only while the agent does not set it', () => {
    const local = { synchronous_standby_names: 'a' };
    const off = serverParameters(local, { parameters: {}, synchronousMode: 'off' }, FIXED);
    const on = serverParameters(local, { parameters: {}, synchronousMode: 'on' }, FIXED);
    expect(off.parameters.get('synchronous_standby_names')?.text).toBe('a');
    expect(on.parameters.has('synchronous_standby_names')).toBe(false);
  });

  test('a relative hba_file is sought beside the configuration', () => {
    const built = serverParameters({ hba_file: 'my.conf' }, { parameters: {} }, { ...FIXED, configDir: '/etc/pg' });
    expect(built.parameters.get('hba_file')?.text).toBe('/etc/pg/my.conf');
  });
});
