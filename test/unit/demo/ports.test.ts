import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { choosePorts, type DemoPorts } from '../../../src/demo/ports.ts';

async function occupy(port: number): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

function allOf({ members, etcd }: DemoPorts): readonly number[] {
  return [
    ...members.flatMap(({ postgres, restapi }) => [postgres, restapi]),
    ...etcd.flatMap(({ client, peer }) => [client, peer]),
  ];
}

test('all ports differ, also from those of another demo that does not listen yet', async () => {
  const first = await choosePorts({ memberCount: 3, etcdCount: 3 });
  const second = await choosePorts({ memberCount: 3, etcdCount: 3 });
  expect(new Set([...allOf(first), ...allOf(second)]).size).toBe(24);
});

test('another one is taken where the one of before is taken; the others stay', async () => {
  const before = await choosePorts({ memberCount: 1, etcdCount: 0 });
  await occupy(before.members[0]?.postgres ?? 0);
  const now = await choosePorts({ memberCount: 1, etcdCount: 0, before });
  expect(now.members[0]?.postgres).not.toBe(before.members[0]?.postgres);
  expect(now.members[0]?.restapi).toBe(before.members[0]?.restapi);
});

test('etcd knows its members by their ports: a kept one that is taken is an error', async () => {
  const before = await choosePorts({ memberCount: 0, etcdCount: 1 });
  await occupy(before.etcd[0]?.peer ?? 0);
  await expect(choosePorts({ memberCount: 0, etcdCount: 1, before })).rejects.toThrow('is taken by another program');
});
