import { createServer, type RequestListener } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { apiClient, withPath } from '../../../src/api/client.ts';
import { Redacted } from '../../../src/core/model/redacted.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? `http://127.0.0.1:${bound.port}/patroni` : '');
    });
  });
}

test('a call carries body, length and credentials, and brings back what was answered', async () => {
  const url = await serving((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      response.writeHead(202);
      response.end(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
    });
  });
  const call = apiClient({ authentication: { username: 'a', password: new Redacted('b') } });
  const reply = await call({
    method: 'POST',
    url: withPath(url, '/switchover') ?? '',
    body: { leader: 'x', no: undefined },
    budgetMs: 5_000,
  });
  expect(reply).toEqual({
    kind: 'answered',
    status: 202,
    body: `POST /switchover Basic ${btoa('a:b')} {"leader":"x"}`,
  });
});

test('no answer in time, no listener, a broken answer and no URL are values', async () => {
  const call = apiClient({});
  const silent = await serving(() => undefined);
  expect(await call({ method: 'GET', url: silent, budgetMs: 50 })).toMatchObject({ kind: 'late' });
  const broken = await serving((_, response) => {
    response.writeHead(200, { 'Content-Length': '10' });
    response.write('x');
    setImmediate(() => response.destroy());
  });
  expect(await call({ method: 'GET', url: broken, budgetMs: 5_000 })).toMatchObject({ kind: 'unreachable' });
  expect(await call({ method: 'GET', url: 'http://127.0.0.1:1/', budgetMs: 5_000 })).toMatchObject({
    kind: 'unreachable',
  });
  expect(await call({ method: 'GET', url: 'nonsense', budgetMs: 5_000 })).toMatchObject({ kind: 'unreachable' });
  expect(withPath('nonsense', '/x')).toBeUndefined();
});

test.each(['ftp://a/patroni', 'foo:bar', 'file:///etc/passwd', 'http://[::1', 'a b', ''])(
  '%j, as anybody may write it into the store, is an address that does not answer',
  async (url) => {
    expect(withPath(url, '/failsafe')).toBeUndefined();
    expect(await apiClient({})({ method: 'GET', url, budgetMs: 1_000 })).toMatchObject({ kind: 'unreachable' });
  },
);

test('certificates that cannot be read are a reason, not an end', async () => {
  const call = apiClient({ caFile: '/nowhere/ca.pem' });
  const reply = await call({ method: 'GET', url: 'https://127.0.0.1:1/', budgetMs: 1_000 });
  expect(reply).toMatchObject({ kind: 'unreachable', why: expect.stringContaining('/nowhere/ca.pem') as unknown });
});
