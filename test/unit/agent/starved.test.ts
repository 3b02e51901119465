// A process that was kept from running takes what came meanwhile, although the time for it is over.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { httpGet } from '../../../src/agent/http-peers.ts';
import { SystemClock } from '../../../src/agent/system-clock.ts';
import { apiClient } from '../../../src/api/client.ts';
import { EtcdStore } from '../../../src/store/etcd-store.ts';
import { fakeGateway, header, json } from '../../support/fake-gateway.ts';

const BUDGET_MS = 800;
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

function standStill(): void {
  const endMs = performance.now() + 2 * BUDGET_MS;
  while (performance.now() < endMs);
}

async function listening(respond: RequestListener): Promise<string> {
  const server = createServer(respond);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('of the store', async () => {
  const gateway = await fakeGateway((_, response) => {
    json(response, 200, { header, kvs: [] });
    standStill();
  });
  const store = new EtcdStore({ endpoints: [gateway.endpoint], clock: new SystemClock() });
  expect(await store.range('k', { budgetMs: BUDGET_MS })).toMatchObject({ kind: 'ok' });
  store.close();
  await gateway.close();
});

test('of the API of a member', async () => {
  const url = await listening((_, response) => {
    response.end('{}');
    standStill();
  });
  expect(await httpGet(url, BUDGET_MS)).toEqual({ kind: 'ok', status: 200, body: '{}' });
});

test('of a member that was asked for its promise', async () => {
  const url = await listening((_, response) => {
    response.end('Accepted');
    standStill();
  });
  const call = apiClient({});
  expect(await call({ method: 'POST', url: `${url}/failsafe`, body: {}, budgetMs: BUDGET_MS })).toMatchObject({
    kind: 'answered',
    body: 'Accepted',
  });
});

test('and no answer is still none in time', async () => {
  const url = await listening(() => undefined);
  expect(await httpGet(url, BUDGET_MS)).toEqual({ kind: 'silent', why: `no answer within ${BUDGET_MS} ms` });
});
