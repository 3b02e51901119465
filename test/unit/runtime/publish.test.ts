import { beforeEach, expect, test } from 'vitest';
import { decodeCluster } from '../../../src/core/layout/decode-cluster.ts';
import { keysBelow } from '../../../src/core/layout/keys.ts';
import type { ClusterEvent } from '../../../src/core/model/event.ts';
import { boundedHistory, EventHistory } from '../../../src/runtime/event-history.ts';
import { Mirror } from '../../../src/runtime/mirror.ts';
import { Publisher } from '../../../src/runtime/publish.ts';
import { Transactor } from '../../../src/runtime/transactor.ts';
import { FakeClock, FakeStore } from '../../support/runtime-ports.ts';

const keys = keysBelow('/service/test/');
const MEMBER = keys.member('ada');

let clock: FakeClock;
let store: FakeStore;
let mirror: Mirror;
let transactor: Transactor;
let publisher: Publisher;
let ttlMs: number;

beforeEach(async () => {
  clock = new FakeClock();
  store = new FakeStore(clock);
  ttlMs = 30_000;
  mirror = new Mirror({
    store,
    clock,
    prefix: keys.prefix,
    decode: (keyValues, revision) => decodeCluster(keyValues, revision, keys),
    onChanges: () => undefined,
    onContact: () => undefined,
    onTrouble: () => undefined,
  });
  transactor = new Transactor(store, mirror);
  publisher = new Publisher({
    store,
    transactor,
    mirror,
    clock,
    memberKey: MEMBER,
    ttlMs: () => ttlMs,
    onTrouble: () => undefined,
  });
  mirror.start();
  await clock.advance(0);
});

/** Cycles of the loop, each of which says the same. */
async function cycles(value: string | undefined, count: number, everyMs: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    publisher.publish(value);
    await clock.advance(everyMs);
  }
}

test('the member key is written once, on a lease of its own, which is renewed', async () => {
  await cycles('{"state":"running"}', 20, 5_000);
  expect(store.txns).toHaveLength(1);
  expect(store.grants).toBe(1);
  expect(store.keepAlives).toBe(10);
  expect(store.keys.get(MEMBER)).toMatchObject({ value: '{"state":"running"}', leaseId: 'lease-1' });
});

test('what changes faster than it may be written is merged', async () => {
  for (let round = 0; round < 100; round += 1) {
    publisher.publish(`{"n":${round}}`);
    await clock.advance(10);
  }
  await clock.advance(1_000);
  expect(store.txns.length).toBeLessThanOrEqual(8);
  expect(store.keys.get(MEMBER)?.value).toBe('{"n":99}');
});

test('what a change of roles has a member say is not held up by what it said just before', async () => {
  await cycles('{}', 1, 1_000);
  const before = store.txns.length;
  for (const role of ['replica', 'promoted', 'primary']) {
    publisher.publish(`{"role":"${role}"}`);
    await clock.advance(10);
  }
  expect(store.keys.get(MEMBER)?.value).toBe('{"role":"primary"}');
  expect(store.txns.length - before).toBe(3);
});

test('a lease that is gone is replaced, and the key with it', async () => {
  await cycles('{}', 1, 1_000);
  await store.revokeLease('lease-1');
  await cycles('{}', 5, 5_000);
  expect(store.keys.get(MEMBER)?.leaseId).toBe('lease-2');
});

test('a changed ttl asks for another lease', async () => {
  await cycles('{}', 1, 1_000);
  ttlMs = 60_000;
  await cycles('{}', 1, 1_000);
  expect(store.leases.get('lease-2')?.ttlMs).toBe(60_000);
  expect(store.keys.get(MEMBER)?.leaseId).toBe('lease-2');
});

test('a key deleted by hand is written again', async () => {
  await cycles('{}', 1, 1_000);
  store.erase(MEMBER);
  await cycles('{}', 1, 1_000);
  expect(store.keys.has(MEMBER)).toBe(true);
});

test('what an earlier life left is written over', async () => {
  mirror.stop();
  store.write(MEMBER, '{"state":"crashed"}');
  await cycles('{}', 1, 1_000);
  expect(store.keys.get(MEMBER)?.value).toBe('{}');
});

test('a store that does not answer is asked again', async () => {
  store.writeTroubles.push('lost answer, not done', 'lost answer, not done');
  await cycles('{}', 10, 1_000);
  expect(store.keys.get(MEMBER)?.value).toBe('{}');
});

test('a loop that is silent lets the member lease run out', async () => {
  await cycles('{}', 1, 1_000);
  await clock.advance(200_000);
  expect(store.keepAlives).toBeLessThanOrEqual(3);
});

test('the last word is written before the agent goes', async () => {
  await cycles('{}', 1, 10);
  const said = publisher.lastWord('{"state":"stopped"}');
  await clock.advance(2_000);
  await said;
  expect(store.keys.get(MEMBER)?.value).toBe('{"state":"stopped"}');
});

function event(text: string): ClusterEvent {
  return { kind: 'leader.acquired', member: 'ada', wallAt: '', atMs: 1, rule: 'V80', text, evidence: {} };
}

test('events go to the store in one write, behind what is there', async () => {
  const history = new EventHistory({ clock, mirror, transactor, key: keys.events });
  store.write(keys.events, '[{"text":"before"}]');
  history.add([event('one')]);
  history.add([event('two')]);
  await clock.advance(1_000);
  const stored: unknown = JSON.parse(store.keys.get(keys.events)?.value ?? '');
  expect(stored).toMatchObject([{ text: 'before' }, { text: 'one' }, { text: 'two' }]);
  expect(store.txns).toHaveLength(1);
});

test('an event whose writing was not answered is there once', async () => {
  const history = new EventHistory({ clock, mirror, transactor, key: keys.events });
  store.writeTroubles.push('lost answer, done');
  history.add([event('one')]);
  await clock.advance(10_000);
  const stored: unknown = JSON.parse(store.keys.get(keys.events)?.value ?? '');
  expect(stored).toHaveLength(1);
});

test('the history keeps the newest events that fit', () => {
  const many = Array.from({ length: 1_500 }, (_, n) => String(n));
  expect(boundedHistory(many)).toEqual(many.slice(500));
  const large = Array.from({ length: 10 }, (_, n) => `${n}${'x'.repeat(60_000)}`);
  expect(boundedHistory(large)).toEqual(large.slice(6));
});

test('no more than two hundred events are kept at hand', () => {
  const history = new EventHistory({ clock, mirror, transactor, key: keys.events });
  for (let n = 0; n < 300; n += 1) history.add([event(String(n))]);
  expect(history.recent()).toHaveLength(200);
  expect(history.recent().at(-1)?.text).toBe('299');
});
