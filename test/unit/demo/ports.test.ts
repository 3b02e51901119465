import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { choosePorts } from '../../../src/demo/ports.ts';

async function occupy(port: number): Promise<Server> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('all ports differ', async () => {
  const { members, etcd } = await choosePorts(3, 3);
  const all = [
    ...members.flatMap(({ postgres, restapi }) => [postgres, restapi]),
    ...etcd.flatMap(({ client, peer }) => [client, peer]),
  ];
  expect(new Set(all).size).toBe(12);
});

test('another one is taken where the first is taken, and the wished one where it is free', async () => {
  const first = await choosePorts(1, 0);
  await occupy(first.members[0]?.postgres ?? 0);
  const second = await choosePorts(1, 0, first);
  expect(second.members[0]?.postgres).not.toBe(first.members[0]?.postgres);
  expect(second.members[0]?.restapi).toBe(first.members[0]?.restapi);
});

test('etcd knows its members by their ports: a kept one that is taken is an error', async () => {
  const kept = await choosePorts(0, 1);
  await occupy(kept.etcd[0]?.peer ?? 0);
  await expect(choosePorts(0, 1, kept)).rejects.toThrow('is taken by another program');
});
