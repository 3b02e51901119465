import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatFinding } from '../../../src/config/finding.ts';
import { validateConfig } from '../../../src/config/validate-config.ts';

let scratch = '';
/** Stands for etcd, and for whatever holds a port. */
let taken: Server;

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'kornak-check-'));
  mkdirSync(join(scratch, 'bin'));
  for (const name of ['initdb', 'pg_controldata', 'pg_rewind', 'pg_basebackup']) program(name, 'exit 0');
  program('postgres', 'echo "postgres (PostgreSQL) 15.4"');
  taken = createServer((_, response) => response.end('{"etcdserver":"3.4.23"}'));
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  taken.closeAllConnections();
  await new Promise((resolve) => taken.close(resolve));
  rmSync(scratch, { recursive: true });
});

function program(name: string, body: string): void {
  writeFileSync(join(scratch, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

function takenPort(): number {
  return (taken.address() as AddressInfo).port;
}

interface Choices {
  readonly restapi?: string;
  readonly etcd?: string;
  readonly isStrict?: boolean;
  readonly ignoresPorts?: boolean;
}

async function check(choices: Choices = {}): Promise<readonly string[]> {
  const { restapi = '127.0.0.1:8008', etcd = `127.0.0.1:${takenPort()}` } = choices;
  const { isStrict = false, ignoresPorts = true } = choices;
  const file = join(scratch, 'robin.yml');
  const text = `scope: batman
name: robin
restapi: {listen: "${restapi}", connect_address: "10.0.0.1:8008"}
etcd3: {host: "${etcd}"}
postgresql:
  listen: 127.0.0.1:5432
  connect_address: 10.0.0.1:5432
  data_dir: ${scratch}/data
  bin_dir: ${scratch}/bin
  authentication: {superuser: {username: a}, replication: {username: b}}
bootstrap: {dcs: {synchronous_mode: off}}
`;
  writeFileSync(file, text);
  const findings = await validateConfig({ paths: [file], env: { PATH: '' }, isStrict, ignoresPorts });
  return findings.map((found) => `${found.severity} ${formatFinding(found)}`);
}

test('a machine on which all is ready: nothing to say', async () => {
  expect(await check()).toEqual([]);
});

test('a data directory with something else in it', async () => {
  mkdirSync(join(scratch, 'data'));
  writeFileSync(join(scratch, 'data', 'letter.txt'), '');
  expect(await check()).toEqual([
    expect.stringMatching(/^error postgresql\.data_dir: .*holds no cluster.*robin\.yml line 8 column 3\)$/),
  ]);
});

test('a data directory with hidden files only is empty', async () => {
  mkdirSync(join(scratch, 'data', 'lost+found'), { recursive: true });
  writeFileSync(join(scratch, 'data', '.keep'), '');
  expect(await check()).toEqual([]);
});

test('a data directory of another version', async () => {
  mkdirSync(join(scratch, 'data'));
  writeFileSync(join(scratch, 'data', 'PG_VERSION'), '14\n');
  expect(await check()).toEqual([
    expect.stringMatching(/made by PostgreSQL 14, but .* 15; apt-get install postgresql-14/),
  ]);
});

test('programs that are missing, with the package that has them', async () => {
  rmSync(join(scratch, 'bin', 'pg_basebackup'));
  expect(await check()).toEqual([expect.stringMatching(/bin lacks pg_basebackup; apt-get install postgresql-client/)]);
});

test('a port that is in use', async () => {
  const restapi = `127.0.0.1:${takenPort()}`;
  const found = await check({ restapi, ignoresPorts: false });
  expect(found.filter((line) => line.includes('restapi'))).toEqual([
    expect.stringMatching(/^error restapi\.listen: .*the port is in use/),
  ]);
});

test('an address of another machine is a warning, and an error only when strict', async () => {
  const restapi = '192.0.2.1:8008';
  const lenient = await check({ restapi, ignoresPorts: false });
  expect(lenient.filter((line) => line.includes('restapi'))[0]).toMatch(/^warning .*no address of this machine/);
  const strict = await check({ restapi, ignoresPorts: false, isStrict: true });
  expect(strict.filter((line) => line.includes('restapi'))[0]).toMatch(/^error /);
});

test('etcd that does not answer is a warning, and an error only when strict', async () => {
  const etcd = '127.0.0.1:1';
  expect(await check({ etcd })).toEqual([expect.stringMatching(/^warning etcd3: .*does not answer.*ECONNREFUSED/)]);
  expect(await check({ etcd, isStrict: true })).toEqual([expect.stringMatching(/^error etcd3: /)]);
});
