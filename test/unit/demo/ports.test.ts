import { expect, onTestFinished, test } from 'vitest';
import { PortReservation } from '../../../src/demo/ports.ts';

function reservation(): PortReservation {
  const made = new PortReservation();
  onTestFinished(() => made.releaseAll());
  return made;
}

test('all ports differ', async () => {
  const { members, etcd } = await reservation().choose(3, 3);
  const all = [
    ...members.flatMap(({ postgres, restapi }) => [postgres, restapi]),
    ...etcd.flatMap(({ client, peer }) => [client, peer]),
  ];
  expect(new Set(all).size).toBe(12);
});

test('another one is taken where the first is taken, and the wished one where it is free', async () => {
  const first = reservation();
  const ports = await first.choose(1, 0);
  await first.release([ports.members[0]?.restapi ?? 0]);
  const second = await reservation().choose(1, 0, ports);
  expect(second.members[0]?.postgres).not.toBe(ports.members[0]?.postgres);
  expect(second.members[0]?.restapi).toBe(ports.members[0]?.restapi);
});

test('etcd knows its members by their ports: a kept one that is taken is an error', async () => {
  const kept = await reservation().choose(0, 1);
  await expect(reservation().choose(0, 1, kept)).rejects.toThrow('is taken by another program');
});
