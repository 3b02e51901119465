import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/kornak-cluster.ts';
import { namespacesMissing, Network } from '../../support/namespaces.ts';

const HOUSE = resolve(import.meta.dirname, '../../..');
const GUIDE = resolve(import.meta.dirname, '../../fixtures/guide/patroni.yml');
const ADDRESSES = ['10.20.0.10', '10.20.0.11', '10.20.0.12'] as const;
const VERSION = '/var/lib/postgresql/15';
/** Where Debian's PostgreSQL puts its socket: hosts of their own have one each. */
const SOCKETS = '/var/run/postgresql';
const missing = namespacesMissing();
if (missing !== undefined) process.stderr.write(`skipped: the guide's three hosts: ${missing}\n`);

describe.skipIf(missing !== undefined)("the guide's file on its three addresses", () => {
  let dir: string;
  let network: Network;
  const file = (index: number) => join(dir, `patroni-${index + 1}.yml`);
  const host = (index: number) => {
    const found = network.hosts[index];
    if (found === undefined) throw new Error(`no host ${index}`);
    return found;
  };
  const psql = async (index: number, statement: string) => {
    const { stdout } = await network.run(
      host(index),
      ['psql', '-h', '127.0.0.1', '-U', 'postgres', '-Atc', statement],
      { PGPASSWORD: 'postgres_password' },
    );
    return stdout.trim();
  };
  const kornakctl = (index: number, ...args: string[]) =>
    network.run(host(index), [process.execPath, join(HOUSE, 'bin/kornakctl'), '-c', file(index), ...args]);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kornak-guide-'));
    await chmod(dir, 0o755);
    await mkdir(VERSION, { recursive: true });
    await mkdir(SOCKETS, { recursive: true });
    network = await Network.create(`kg${process.pid}`, ADDRESSES);
    const text = await readFile(GUIDE, 'utf8');
    for (const [index, address] of ADDRESSES.entries()) {
      // The name and the own address are changed, nothing else; etcd stays where the guide has it.
      const own = text
        .replace('name: patroni-1', `name: patroni-${index + 1}`)
        .replace('connect_address: 10.20.0.10:8008', `connect_address: ${address}:8008`)
        .replace('connect_address: 10.20.0.10:5432', `connect_address: ${address}:5432`);
      await writeFile(file(index), own, { mode: 0o600 });
      for (const folder of [`postgresql-${index}`, `sockets-${index}`]) {
        await mkdir(join(dir, folder));
        execFileSync('chown', ['postgres:postgres', join(dir, folder)]);
      }
    }
    network.start(
      host(0),
      [
        'etcd',
        '--data-dir',
        join(dir, 'etcd'),
        '--listen-client-urls',
        'http://10.20.0.10:2379',
        '--advertise-client-urls',
        'http://10.20.0.10:2379',
        '--log-level',
        'error',
      ],
      join(dir, 'etcd.log'),
    );
    for (const index of ADDRESSES.keys()) {
      network.start(
        host(index),
        [process.execPath, join(HOUSE, 'bin/kornak'), file(index)],
        join(dir, `agent-${index}.log`),
        { [join(dir, `postgresql-${index}`)]: VERSION, [join(dir, `sockets-${index}`)]: SOCKETS },
      );
    }
  });
  afterAll(async () => {
    await network.remove();
    await rm(dir, { recursive: true, force: true });
  });

  test('waits to be initialised, and says so', async () => {
    await until('the agents say what they wait for', async () =>
      (await readFile(join(dir, 'agent-0.log'), 'utf8')).includes('kornakctl bootstrap'),
    );
  });

  test('kornakctl bootstrap initialises it, and both replicas stream', async () => {
    const { code, stdout, stderr } = await kornakctl(0, 'bootstrap', 'saleor-cluster');
    expect({ code, said: stdout + stderr }).toMatchObject({ code: 0 });
    await until(
      'two standbys stream',
      async () =>
        (await psql(
          0,
          "select count(*) from pg_stat_replication where state = 'streaming' and application_name like 'patroni-%'",
        )) === '2',
      60_000,
    );
    await psql(0, 'create table guide (n int); insert into guide values (1)');
    await until(
      'the row is everywhere',
      async () => (await psql(1, 'select n from guide')) === '1' && (await psql(2, 'select n from guide')) === '1',
    );
  });

  test('a second bootstrap is refused with the reason', async () => {
    const { code, stdout, stderr } = await kornakctl(0, 'bootstrap', 'saleor-cluster');
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/exists/);
  });

  test("the guide's own commands work", async () => {
    const list = await kornakctl(1, 'list');
    expect(list.code).toBe(0);
    expect(list.stdout).toMatch(/Cluster: saleor-cluster/);
    expect(list.stdout.match(/streaming/g)).toHaveLength(2);
    const primary = await network.run(host(2), [
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      'http://10.20.0.10:8008/master',
    ]);
    expect(primary.stdout).toBe('200');
    const replica = await network.run(host(2), [
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      'http://10.20.0.11:8008/replica',
    ]);
    expect(replica.stdout).toBe('200');
  });
});
