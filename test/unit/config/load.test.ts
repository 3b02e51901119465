import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatFinding } from '../../../src/config/finding.ts';
import { load } from '../../../src/config/load.ts';
import { decodeOver, decodeText, LEAST } from './written-config.ts';

function errors(loaded: ReturnType<typeof decodeText>): readonly string[] {
  return loaded.findings.filter(({ severity }) => severity === 'error').map(formatFinding);
}

function warnings(loaded: ReturnType<typeof decodeText>): readonly string[] {
  return loaded.findings.filter(({ severity }) => severity === 'warning').map(formatFinding);
}

test('the least configuration is accepted without a word', () => {
  const { config, findings } = decodeText(LEAST);
  expect(findings).toEqual([]);
  expect(config).toMatchObject({
    storePrefix: '/service/batman/',
    kornak: { stateDir: '/data/pg.kornak', leaderTtlMs: undefined },
    log: { level: 'INFO', type: 'plain' },
    postgresql: { database: 'postgres', configDir: '/data/pg', localHost: 'localhost', binDir: '' },
    bootstrap: { initdbArguments: [], dynamic: { synchronousMode: 'on' } },
  });
});

test('a short leader_ttl of a new cluster is warned of only where failsafe mode is off', () => {
  const of = (more: string): readonly string[] =>
    warnings(decodeOver(`bootstrap: {dcs: {kornak: {leader_ttl: 3}${more}}}`)).filter((text) =>
      /leader_ttl/.test(text),
    );
  expect(of('')).toEqual([]);
  expect(of(', failsafe_mode: false')).toEqual([expect.stringContaining('can outlast it')]);
});

test('secrets show themselves to nobody', () => {
  const { config } = decodeText(LEAST);
  expect(`${JSON.stringify(config)}${inspect(config, { depth: 10 })}`).not.toMatch(/secret-/);
  expect(config?.postgresql.superuser.password?.reveal()).toBe('secret-s');
});

test('a password under a misspelt key is not shown', () => {
  const { findings } = decodeOver('etcd3: {pasword: geheim}');
  expect(findings.map(formatFinding).join()).toMatch(/did you mean password/);
  expect(findings.map(formatFinding).join()).not.toContain('geheim');
});

/** YAML laid over the least configuration, and the one error it gives. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a number for a name', 'name: 5', 'name: 5: must be text; put it in quotes; for example name: node-1'],
  ['a list for a map', 'restapi: [1]', 'restapi: must be a map; for example'],
  ['a port beyond all ports', 'restapi: {listen: "h:70000"}', 'restapi.listen: h:70000: must be host:port'],
  ['a password that YAML reads as a number', 'etcd3: {password: 0123}', 'etcd3.password: ***: must be text'],
  ['a relative data directory', 'postgresql: {data_dir: pg}', 'postgresql.data_dir: pg: must be a whole path'],
  ['the root as data directory', 'postgresql: {data_dir: /}', 'postgresql.data_dir: /: must not be the root'],
  ['* beside others', 'postgresql: {listen: "*,a:1"}', 'postgresql.listen: *,a:1: * must stand alone'],
  ['an empty pg_hba', 'postgresql: {pg_hba: []}', 'postgresql.pg_hba: must not be an empty list'],
  ['a number in pg_hba', 'postgresql: {pg_hba: [a, 1]}', 'postgresql.pg_hba.1: 1: must be a line of text'],
  ['parameters in a list', 'postgresql: {parameters: [a]}', 'postgresql.parameters: must be a map'],
  ['neither true nor false', 'postgresql: {use_pg_rewind: maybe}', 'postgresql.use_pg_rewind: maybe: must be true'],
  ['every address as connect_address', 'restapi: {connect_address: "0.0.0.0:1"}', 'restapi.connect_address'],
  ['an unknown log level', 'log: {level: loud}', 'log.level: loud: must be DEBUG, INFO'],
  ['a leader_ttl below the floor', 'kornak: {leader_ttl: 1}', 'kornak.leader_ttl: 1: must be at least 2 s'],
  ['a leader_ttl far above ttl', 'kornak: {leader_ttl: 46}', 'kornak.leader_ttl: 46: must be at most 45 s beside'],
  [
    'a shared leader_ttl far above ttl',
    'bootstrap: {dcs: {ttl: 20, kornak: {leader_ttl: 31}}}',
    'bootstrap.dcs.kornak.leader_ttl: 31: must be at most 30 s beside a ttl of 20 s',
  ],
  ['an option that is the agent’s', 'bootstrap: {initdb: [pgdata]}', 'bootstrap.initdb: option pgdata is set by'],
  ['a ttl that is no number', 'bootstrap: {dcs: {ttl: abc}}', 'bootstrap.dcs.ttl: abc: must be a whole number'],
  ['the reserved name', 'name: __patroni_strict_sync_replica_placeholder__', 'name: __patroni_strict'],
  ['etcd by its old API', 'etcd: {host: a}', 'etcd: Kornak does not work with etcd'],
  ['Consul, which Patroni would prefer', 'consul: {host: a}', 'consul: Kornak does not work with Consul, and Patroni'],
  ['a URL that is none', 'etcd3: {url: "a b"}', 'etcd3.url: a b: must be a URL'],
  ['a URL for a host', 'etcd3: {host: "http://a:1"}', 'etcd3.host: http://a:1: "http://a:1" is no host'],
  [
    'another method of bootstrap without its command',
    'bootstrap: {method: wale, wale: {no_params: true}}',
    'bootstrap.wale.command: must be a command',
  ],
];

test.each(REFUSED)('refused: %s', (_, over, expected) => {
  const loaded = decodeOver(over);
  expect(loaded.config).toBeUndefined();
  expect(errors(loaded)).toEqual([expect.stringContaining(expected)]);
  expect(errors(loaded)[0]).toContain('over.yml line 1');
});

test.each(['zookeeper', 'kubernetes', 'raft', 'exhibitor', 'consul', 'etcd'])('refused by name: %s alone', (store) => {
  const loaded = decodeText(LEAST.replace('etcd3:', `${store}:`));
  expect(errors(loaded)).toEqual([expect.stringMatching(new RegExp(`^${store}: Kornak does not work with .*etcd3`))]);
});

test('everything that is wrong is told at once', () => {
  const loaded = decodeOver('name: 5\nkornak: {leader_ttl: x}\nbootstrap: {dcs: {ttl: abc}}');
  expect(errors(loaded)).toHaveLength(3);
});

const REMARKED: readonly (readonly [string, string, string])[] = [
  ['a slip of the finger', 'postgresql: {listn: x}', 'did you mean listen?'],
  ['a key in the wrong section', 'use_pg_rewind: true', 'it belongs at'],
  ['a tag like a known one', 'tags: {no_failover: true}', 'did you mean nofailover?'],
  ['what the cluster shares', 'ttl: 77', 'ttl: 77: has no effect in the file of one member'],
  ['slots switched off here only', 'postgresql: {use_slots: false}', 'postgresql.use_slots: false: has no effect'],
  ['a shared parameter', 'postgresql: {parameters: {max_connections: 500}}', '100 unless /config has it'],
  ['a parameter that listen sets', 'postgresql: {parameters: {port: 5}}', 'postgresql.listen and scope set it'],
  [
    'a shared parameter out of bounds',
    'bootstrap: {dcs: {postgresql: {parameters: {max_connections: 10}}}}',
    'at least 25',
  ],
  ['rewind without a role', 'postgresql: {use_pg_rewind: on}', 'connects as the superuser postgres'],
  ['one machine only', 'restapi: {connect_address: "127.0.0.1:8008"}', 'leads each other machine to itself'],
  ['another store beside etcd', 'raft: {self_addr: a}', 'is not used; etcd3 is'],
  [
    'a tag that contradicts another',
    'tags: {nofailover: false, failover_priority: 0}',
    'Conflicting configuration between nofailover: False and failover_priority: 0. Defaulting to nofailover: False',
  ],
  ['a target of recovery', 'postgresql: {recovery_conf: {recovery_target_time: x}}', 'set by the agent itself'],
  ['a socket nobody knows', 'postgresql: {use_unix_socket: true}', 'no directory is known for the socket'],
  ['both forms of pg_hba', 'postgresql: {pg_hba: [a], pg_hba.conf: [b]}', 'ignored, because pg_hba is there too'],
  ['the same key twice', 'log: {level: INFO, level: DEBUG}', 'stands here for the second time'],
];

test.each(REMARKED)('accepted with a remark: %s', (_, over, expected) => {
  const loaded = decodeOver(over);
  expect(errors(loaded)).toEqual([]);
  expect(loaded.config).toBeDefined();
  expect(warnings(loaded).filter((line) => line.includes(expected))).toHaveLength(1);
});

const SILENT: readonly (readonly [string, string])[] = [
  ['a tag of the user’s own', 'tags: {datacenter: east}'],
  ['tags that say nothing', 'tags: {clonefrom: false, noloadbalance: false, failover_priority: 1}'],
  ['tags that are acted on', 'tags: {clonefrom: true, nostream: true, failover_priority: 2, sync_priority: 2}'],
  ['failsafe mode', 'bootstrap: {dcs: {failsafe_mode: true, primary_race_backoff: 3}}'],
  ['slots as they are anyway', 'postgresql: {use_slots: true}'],
];

test.each(SILENT)('accepted without a word: %s', (_, over) => {
  expect(warnings(decodeOver(over))).toEqual([]);
});

test('what is known but not acted on yet is listed once', () => {
  const loaded = decodeOver('restapi: {allowlist: [a]}\npostgresql: {custom_conf: x}');
  expect(warnings(loaded)).toEqual([
    expect.stringMatching(/^known but not acted on yet: restapi\.allowlist, postgresql\.custom_conf \(over\.yml/),
  ]);
});

test('of thousands of unknown keys a few are named, and how many there are besides', () => {
  const many = Array.from({ length: 3_000 }, (_, nth) => `odd_${nth}: 1`).join(', ');
  const texts = warnings(decodeOver(`postgresql: {${many}}`)).filter((text) => /odd_|more keys/.test(text));
  expect(texts).toHaveLength(11);
  expect(texts[0]).toMatch(/^postgresql\.odd_0: is no key/);
  expect(texts[10]).toMatch(/^and 2990 more keys that Kornak and Patroni do not know.*over\.yml line/);
});

test('the section of a method that the user named is no unknown key', () => {
  const loaded = decodeOver('postgresql: {create_replica_methods: [wal_e], wal_e: {command: x}}');
  expect(warnings(loaded).join()).not.toContain('no key that');
});

describe('etcd', () => {
  const endpoints: readonly (readonly [string, string, readonly string[]])[] = [
    ['a host without port', 'host: a', ['http://a:2379']],
    ['text with commas', 'hosts: "a:1, b"', ['http://a:1', 'http://b:2379']],
    ['a list', 'hosts: ["a:1", "b:2"]', ['http://a:1', 'http://b:2']],
    ['hosts go before host', 'host: x, hosts: [a]', ['http://a:2379']],
    ['another port and protocol', 'hosts: [a], port: 7, protocol: https', ['https://a:7']],
    ['an address with colons', 'host: "[::1]:2379"', ['http://[::1]:2379']],
    ['a URL goes before hosts', 'hosts: [a], url: "https://u:p%40@b"', ['https://b:2379']],
  ];

  test.each(endpoints)('%s', (_, section, expected) => {
    const { config } = decodeText(LEAST.replace(/etcd3:\n.*\n/, `etcd3: {${section}}\n`));
    expect(config?.etcd.endpoints).toEqual(expected);
  });

  test('a URL brings user and password', () => {
    const { config, findings } = decodeOver('etcd3: {url: "https://u:p%40@b", username: other}');
    expect(config?.etcd.username).toBe('u');
    expect(config?.etcd.password?.reveal()).toBe('p@');
    expect(findings.map(formatFinding).join()).not.toContain('p%40');
  });
});

describe('options for initdb and pg_basebackup', () => {
  const lists: readonly (readonly [string, string, readonly string[]])[] = [
    ['a list', '[data-checksums, {encoding: UTF8}]', ['--data-checksums', '--encoding=UTF8']],
    ['a map', '{encoding: "\'UTF8\'", data-checksums: true, debug: false}', ['--encoding=UTF8', '--data-checksums']],
    ['a number', '[{wal-segsize: 32}]', ['--wal-segsize=32']],
  ];

  test.each(lists)('%s', (_, options, expected) => {
    expect(decodeOver(`bootstrap: {initdb: ${options}}`).config?.bootstrap?.initdbArguments).toEqual(expected);
  });

  test('what cannot be used is left out of a clone', () => {
    const { config } = decodeOver('postgresql: {basebackup: [{checkpoint: fast}, {pgdata: /x}]}');
    expect(config?.postgresql.basebackupArguments).toEqual(['--checkpoint=fast']);
  });
});

describe('the environment', () => {
  test('goes over the file, and ours over Patroni’s', () => {
    const env = { PATRONI_NAME: 'a', KORNAK_NAME: 'b', PATRONI_ETCD3_HOSTS: "'x:1','y:2'", PATRONI_SCOPE: '' };
    const { config, findings } = decodeText(LEAST, { ...env, PATRONI_SUPERUSER_PASSWORD: 'other' });
    expect(findings).toEqual([]);
    expect(config).toMatchObject({ name: 'b', scope: 'batman', etcd: { endpoints: ['http://x:1', 'http://y:2'] } });
    expect(config?.postgresql.superuser.password?.reveal()).toBe('other');
  });

  test('names the variable when its value is wrong', () => {
    const loaded = decodeText(LEAST, { PATRONI_POSTGRESQL_LISTEN: 'nowhere:x' });
    expect(errors(loaded)).toEqual([expect.stringContaining('(environment variable PATRONI_POSTGRESQL_LISTEN)')]);
  });

  test('lists once what is not acted on', () => {
    const loaded = decodeText(LEAST, { PATRONI_POSTGRESQL_PROXY_ADDRESS: 'a', PATRONI_FOO: 'b' });
    expect(warnings(loaded)).toEqual([expect.stringContaining('PATRONI_FOO, PATRONI_POSTGRESQL_PROXY_ADDRESS')]);
  });

  test('may be everything there is', async () => {
    const { config } = await load([], { PATRONI_CONFIGURATION: LEAST, PATRONI_NAME: 'ignored' });
    expect(config?.name).toBe('robin');
  });

  test('without anything there is no configuration', async () => {
    const loaded = await load([], {});
    expect(errors(loaded)).toEqual([expect.stringContaining('there is no configuration')]);
  });
});

describe('files', () => {
  let directory = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kornak-config-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('of a directory go over each other in the order of their names', async () => {
    writeFileSync(join(directory, '10-least.yml'), LEAST);
    writeFileSync(join(directory, '20-name.yaml'), 'name: batgirl\nbootstrap: null\n');
    writeFileSync(join(directory, '30-other.txt'), 'name: joker\n');
    const { config } = await load([directory], {});
    expect(config).toMatchObject({ name: 'batgirl', bootstrap: undefined });
  });

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['not YAML', 'a: [1\nb: "x', /is not valid YAML: .*\(.*robin\.yml line 2 column 1\)$/],
    ['empty', '', /: is empty|^is empty/],
    ['a list', '- a\n', /must be a map of keys and values/],
    ['an alias without anchor', 'a: *b\n', /is not valid YAML/],
    ['without end', `a: ${'['.repeat(200)}`, /not valid YAML|nested more than/],
    ['deeper than anyone writes', `a: ${'['.repeat(100)}${']'.repeat(100)}`, /nested more than 64 deep/],
    ['larger than any configuration', `a: ${'x'.repeat(1024 * 1024)}`, /larger than 1 MiB/],
  ];

  test.each(broken)('refused: %s', async (_, text, expected) => {
    const file = join(directory, 'robin.yml');
    writeFileSync(file, text);
    const loaded = await load([file], {});
    expect(loaded.config).toBeUndefined();
    expect(errors(loaded)).toEqual([expect.stringMatching(expected)]);
  });

  test('one that is not there is an error, whatever the environment says', async () => {
    const loaded = await load([join(directory, 'nowhere.yml')], { PATRONI_NAME: 'a' });
    expect(errors(loaded)).toEqual([expect.stringMatching(/nowhere\.yml: there is no such file$/)]);
  });
});
