import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { loadCtlConfig } from '../../../src/ctl/ctl-config.ts';
import { dcsFromUrl } from '../../../src/ctl/dcs-url.ts';

const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ctl-config-'));
  folders.push(folder);
  const path = join(folder, 'member.yml');
  await writeFile(path, text);
  return path;
}

/** Nothing of whoever runs the tests. */
const HERE = { HOME: '/nonexistent' };

async function loaded(
  text: string,
  options: { readonly dcsUrl?: string; readonly env?: Readonly<Record<string, string>> } = {},
) {
  const configFile = await file(text);
  return loadCtlConfig({ configFile, dcsUrl: options.dcsUrl, isInsecure: false }, { ...HERE, ...options.env });
}

const MEMBER = `
scope: batman
namespace: /db/
name: postgresql0
restapi:
  listen: 0.0.0.0:8008
  authentication: {username: admin, password: secret}
etcd3:
  hosts: 10.0.0.1:2379,10.0.0.2:2379
  username: root
  password: etcd
postgresql:
  listen: nonsense that is not looked at
`;

test("a member's file says where etcd and its own API are", async () => {
  const config = await loaded(MEMBER);
  expect(config).toMatchObject({
    scope: 'batman',
    namespace: '/db/',
    apiUrl: 'http://127.0.0.1:8008/patroni',
    isInsecure: false,
  });
  expect(config.etcd.endpoints).toEqual(['http://10.0.0.1:2379', 'http://10.0.0.2:2379']);
  expect(config.authentication?.username).toBe('admin');
  expect(JSON.stringify(config)).not.toContain('secret');
});

test('ctl stands above restapi, -d above etcd3, variables above the file', async () => {
  const text = `${MEMBER}ctl:\n  insecure: true\n  authentication: {username: op, password: x}\n`;
  const config = await loaded(text, { dcsUrl: 'etcd3://h:2380/other', env: { KORNAK_SCOPE: 'robin' } });
  expect(config).toMatchObject({ scope: 'robin', namespace: 'other', isInsecure: true });
  expect(config.etcd).toMatchObject({ endpoints: ['http://h:2380'], username: 'root' });
  expect(config.authentication?.username).toBe('op');
});

test.each([
  { restapi: 'connect_address: 10.0.0.5:8009', url: 'http://10.0.0.5:8009/patroni' },
  { restapi: "listen: '*:8008'", url: 'http://127.0.0.1:8008/patroni' },
  { restapi: 'listen: 10.0.0.5:8008\n  certfile: x', url: 'https://10.0.0.5:8008/patroni' },
  { restapi: 'other: 1', url: undefined },
])('restapi with $restapi is reached at $url', async ({ restapi, url }) => {
  expect((await loaded(`etcd3: {host: h}\nrestapi:\n  ${restapi}\n`)).apiUrl).toBe(url);
});

test.each([
  { text: 'a: [', why: 'not valid YAML' },
  { text: '- a', why: 'must be a map' },
  { text: 'scope: a', why: 'no etcd is named' },
  { text: 'etcd3: {}', why: 'names no member of etcd' },
  { text: 'etcd3: {host: 5}', why: 'etcd3.host' },
])('the file "$text" is refused: $why', async ({ text, why }) => {
  await expect(loaded(text)).rejects.toThrow(why);
});

test('a file that was named must exist', async () => {
  await expect(loadCtlConfig({ configFile: '/nonexistent/x', dcsUrl: 'h', isInsecure: false }, HERE)).rejects.toThrow(
    'Provided config file /nonexistent/x not existing or no read rights. Check the -c/--config-file parameter',
  );
  const env = { ...HERE, KORNAKCTL_CONFIG_FILE: '/nonexistent/y' };
  await expect(loadCtlConfig({ configFile: undefined, dcsUrl: 'h', isInsecure: false }, env)).rejects.toThrow(
    '/nonexistent/y',
  );
});

test.each([
  { url: 'etcd3://h', endpoint: 'http://h:2379', namespace: undefined },
  { url: 'etcd3://h:80/', endpoint: 'http://h:80', namespace: undefined },
  { url: 'etcd://10.0.0.1:2380/a/b/', endpoint: 'http://10.0.0.1:2380', namespace: 'a/b' },
  { url: 'https://h:443', endpoint: 'https://h:443', namespace: undefined },
  { url: 'h:2380', endpoint: 'http://h:2380', namespace: undefined },
  { url: 'etcd3:///x', endpoint: 'http://localhost:2379', namespace: 'x' },
  { url: 'etcd3://[::1]:2379', endpoint: 'http://[::1]:2379', namespace: undefined },
])('$url is $endpoint', ({ url, endpoint, namespace }) => {
  expect(dcsFromUrl(url)).toEqual({ endpoint, namespace });
});

test.each([
  { url: 'foo://h', why: 'Unknown dcs scheme: foo' },
  { url: 'consul://h', why: 'consul is not supported' },
  { url: 'etcd3://h:port', why: 'is no address' },
])('$url is refused: $why', ({ url, why }) => {
  expect(() => dcsFromUrl(url)).toThrow(why);
});
