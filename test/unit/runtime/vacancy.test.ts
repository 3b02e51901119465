import { beforeEach, expect, test } from 'vitest';
import { keysBelow } from '../../../src/core/layout/keys.ts';
import { KeyMap } from '../../../src/runtime/key-map.ts';
import { VacancyWatch } from '../../../src/runtime/vacancy.ts';
import { FakeClock, FakeStore } from '../../support/runtime-ports.ts';

const keys = keysBelow('/service/test/');
const TTL_MS = 6_000;

let clock: FakeClock;
let store: FakeStore;
let map: KeyMap;
let watch: VacancyWatch;
let synchronous: boolean;
let woken: string[];

beforeEach(() => {
  clock = new FakeClock();
  store = new FakeStore(clock);
  map = new KeyMap();
  synchronous = false;
  woken = [];
  watch = new VacancyWatch({
    store,
    clock,
    name: 'cyd',
    leaderKey: keys.leader,
    memberKey: (name) => keys.member(name),
    get: (key) => map.get(key),
    ttls: () => ({ leaderTtlMs: TTL_MS, ttlMs: 30_000 }),
    isSynchronous: () => synchronous,
    onChange: (reason) => woken.push(reason),
  });
});

/** The watch of the store, as the mirror passes it on. */
function see(...changed: readonly string[]): void {
  const changes = changed.map((key) => map.learn(key, store.keys.get(key), store.revision));
  watch.noteChanges(changes.filter((change) => change !== undefined));
}

async function ada(): Promise<string> {
  const lease = await store.grantLease(TTL_MS);
  if (lease.kind !== 'alive') throw new Error('no lease');
  store.write(keys.member('ada'), '{"state":"running","kornak":{}}');
  see(keys.member('ada'));
  store.write(keys.leader, 'ada', lease.leaseId);
  see(keys.leader);
  await clock.advance(0);
  return lease.leaseId;
}

/** The store ends leases that have run out, and the keys on them. */
async function expire(leaseId: string): Promise<void> {
  const endMs = store.leases.get(leaseId)?.untilMs ?? 0;
  await clock.advance(endMs + 300 - clock.nowMs);
  store.leases.delete(leaseId);
  store.erase(keys.leader);
  see(keys.leader);
}

test('there is no vacancy while somebody holds the key', async () => {
  await ada();
  expect(watch.vacancy()).toBeUndefined();
});

test('a member that never saw a leader knows nothing of one', () => {
  expect(watch.vacancy()).toEqual({ sinceMs: clock.nowMs, previous: undefined, manner: 'vanished' });
});

test('released: the member key was written together with the deletion', async () => {
  await ada();
  store.apply(
    {
      compares: [],
      success: [
        { kind: 'put', key: keys.member('ada'), value: '{"state":"running","role":"replica","kornak":{}}' },
        { kind: 'delete', key: keys.leader },
      ],
    },
    clock.nowMs,
  );
  see(keys.member('ada'), keys.leader);
  expect(watch.vacancy()).toMatchObject({ manner: 'released', previous: { name: 'ada', leaseTtlMs: TTL_MS } });
});

test('released: what the member key says afterwards changes nothing', async () => {
  await ada();
  store.apply(
    {
      compares: [],
      success: [
        { kind: 'put', key: keys.member('ada'), value: '{"state":"running","role":"replica","kornak":{}}' },
        { kind: 'delete', key: keys.leader },
      ],
    },
    clock.nowMs,
  );
  see(keys.member('ada'), keys.leader);
  store.write(keys.member('ada'), '{"state":"running","role":"replica","timeline":2,"kornak":{}}');
  see(keys.member('ada'));
  expect(watch.vacancy()?.manner).toBe('released');
});

test('released: the former leader says that it is stopped, also if it says so afterwards', async () => {
  await ada();
  store.erase(keys.leader);
  see(keys.leader);
  expect(watch.vacancy()?.manner).toBe('vanished');
  store.write(keys.member('ada'), '{"state":"stopped","role":"demoted","kornak":{}}');
  see(keys.member('ada'));
  expect(watch.vacancy()?.manner).toBe('released');
});

test('what a member said before it led says nothing of how it went', async () => {
  store.write(keys.member('ada'), '{"state":"stopped","kornak":{}}');
  see(keys.member('ada'));
  store.write(keys.leader, 'ada');
  see(keys.leader);
  store.erase(keys.leader);
  see(keys.leader);
  expect(watch.vacancy()?.manner).toBe('vanished');
});

test('vanished: a range finds neither the leader key nor its member key', async () => {
  await ada();
  store.erase(keys.leader);
  store.erase(keys.member('ada'));
  watch.noteChanges(map.learnAll([], store.revision));
  expect(watch.vacancy()).toMatchObject({ manner: 'vanished', previous: { name: 'ada' } });
});

test('expired: the lease was watched running out, and the store says that it is gone', async () => {
  const leaseId = await ada();
  await expire(leaseId);
  await clock.advance(0);
  expect(watch.vacancy()?.manner).toBe('expired');
  expect(woken).toHaveLength(1);
});

test('vanished: the key was deleted by hand and its lease lives', async () => {
  await ada();
  await clock.advance(2_500);
  store.erase(keys.leader);
  see(keys.leader);
  await clock.advance(1_000);
  expect(watch.vacancy()?.manner).toBe('vanished');
});

test('vanished: the store ended the lease before its time', async () => {
  const leaseId = await ada();
  await clock.advance(2_500);
  store.leases.delete(leaseId);
  store.erase(keys.leader);
  see(keys.leader);
  await clock.advance(5_000);
  expect(watch.vacancy()?.manner).toBe('vanished');
});

test('a lease that is renewed is polled rarely, one that is not every half second', async () => {
  const leaseId = await ada();
  let polls = 0;
  const ask = store.leaseRemaining.bind(store);
  store.leaseRemaining = (id) => {
    polls += 1;
    return ask(id);
  };
  for (let round = 0; round < 15; round += 1) {
    await store.keepAlive(leaseId);
    await clock.advance(2_000);
  }
  expect(polls).toBeLessThanOrEqual(15);
  polls = 0;
  await clock.advance(5_000);
  expect(polls).toBeGreaterThanOrEqual(4);
});

test('a standby without its stream polls every half second', async () => {
  const leaseId = await ada();
  watch.noteReceiver(true);
  await store.keepAlive(leaseId);
  let polls = 0;
  const ask = store.leaseRemaining.bind(store);
  store.leaseRemaining = (id) => {
    polls += 1;
    return ask(id);
  };
  await clock.advance(2_000);
  expect(polls).toBeGreaterThanOrEqual(3);
});

test('in synchronous mode nobody polls', async () => {
  synchronous = true;
  let polls = 0;
  store.leaseRemaining = () => {
    polls += 1;
    return Promise.resolve({ kind: 'gone' });
  };
  await ada();
  await clock.advance(20_000);
  expect(polls).toBe(0);
});

test('a leader of Patroni holds a member lease, and is waited for as long', () => {
  store.write(keys.member('ada'), '{"state":"running"}');
  see(keys.member('ada'));
  store.write(keys.leader, 'ada');
  see(keys.leader);
  store.erase(keys.leader);
  see(keys.leader);
  expect(watch.vacancy()?.previous?.leaseTtlMs).toBe(30_000);
});
