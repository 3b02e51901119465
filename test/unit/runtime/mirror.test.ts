import { beforeEach, expect, test } from 'vitest';
import { decodeCluster } from '../../../src/core/layout/decode-cluster.ts';
import { keysBelow } from '../../../src/core/layout/keys.ts';
import { known } from '../../../src/core/model/seen.ts';
import { KeyMap } from '../../../src/runtime/key-map.ts';
import { Mirror } from '../../../src/runtime/mirror.ts';
import { Transactor } from '../../../src/runtime/transactor.ts';
import { FakeClock, FakeStore } from '../../support/runtime-ports.ts';

const keys = keysBelow('/service/test/');

let clock: FakeClock;
let store: FakeStore;
let mirror: Mirror;
let changed: string[];
let contact: string[];
let troubles: string[];

beforeEach(() => {
  clock = new FakeClock();
  store = new FakeStore(clock);
  changed = [];
  contact = [];
  troubles = [];
  mirror = new Mirror({
    store,
    clock,
    prefix: keys.prefix,
    decode: (keyValues, revision) => decodeCluster(keyValues, revision, keys),
    onChanges: (changes) => changed.push(...changes.map(({ key }) => key)),
    onContact: (reason) => contact.push(reason),
    onTrouble: (text) => troubles.push(text),
  });
});

const leader = (): string | undefined => known(mirror.view())?.leader?.name;

test('nothing is known before the store has answered', async () => {
  expect(mirror.view().kind).toBe('unknown');
  store.write(keys.leader, 'ada');
  mirror.start();
  await clock.advance(0);
  expect(leader()).toBe('ada');
});

test('changes arrive through the watch, with the time at which they were learnt', async () => {
  mirror.start();
  await clock.advance(700);
  store.write(keys.leader, 'ada');
  expect(leader()).toBe('ada');
  expect(mirror.view()).toMatchObject({ atMs: clock.nowMs });
  store.erase(keys.leader);
  expect(leader()).toBeUndefined();
});

test('the end of a watch is answered by a range at once, and the view stays known meanwhile', async () => {
  mirror.start();
  await clock.advance(2_000);
  store.endWatches();
  store.write(keys.leader, 'ada');
  expect(mirror.view().kind).toBe('seen');
  await clock.advance(0);
  expect(leader()).toBe('ada');
  expect(contact).toEqual(['the store answers']);
});

test('a range that fails makes the view unknown, until one succeeds', async () => {
  mirror.start();
  await clock.advance(2_000);
  store.rangeTroubles.push('no answer', 'no answer', 'no answer');
  store.endWatches();
  await clock.advance(0);
  expect(mirror.view()).toMatchObject({ kind: 'unknown' });
  await clock.advance(1_000);
  expect(mirror.view().kind).toBe('seen');
  expect(contact).toEqual(['the store answers', 'the store does not answer', 'the store answers']);
});

test('watches that end again and again are not renewed without a pause', async () => {
  let ranges = 0;
  const range = store.range.bind(store);
  store.range = (prefix) => {
    ranges += 1;
    return range(prefix);
  };
  store.watch = (_prefix, _after, sink) => {
    clock.after(1, () => {
      sink.onEnd('broken', 'cut');
    });
    return { close: () => undefined };
  };
  mirror.start();
  await clock.advance(10_000);
  expect(ranges).toBeGreaterThan(9);
  expect(ranges).toBeLessThan(16);
});

test('an own write is seen at once, and an older event does not undo it', async () => {
  mirror.start();
  await clock.advance(0);
  const [sink] = [...store.sinks];
  store.sinks.clear();
  store.write(keys.leader, 'bob');
  const older = store.keys.get(keys.leader);
  const outcome = await new Transactor(store, mirror).commit([], [{ kind: 'put', key: keys.leader, value: 'ada' }]);
  expect(outcome.kind).toBe('done');
  expect(leader()).toBe('ada');
  if (older !== undefined) sink?.onEvents([{ kind: 'put', keyValue: older }], older.modRevision);
  expect(leader()).toBe('ada');
});

test('an own deletion is not undone by an older put', async () => {
  store.write(keys.leader, 'bob');
  mirror.start();
  await clock.advance(0);
  const [sink] = [...store.sinks];
  store.sinks.clear();
  store.write(keys.leader, 'bob');
  const older = store.keys.get(keys.leader);
  await new Transactor(store, mirror).commit([], [{ kind: 'delete', key: keys.leader }]);
  if (older !== undefined) sink?.onEvents([{ kind: 'put', keyValue: older }], older.modRevision);
  expect(leader()).toBeUndefined();
});

test('a refusal brings what was compared (known failure 55)', async () => {
  mirror.start();
  await clock.advance(0);
  store.sinks.clear();
  store.write(keys.sync, '{"leader":"bob"}');
  const transactor = new Transactor(store, mirror);
  const compares = [{ target: 'mod', key: keys.sync, revision: 0 }] as const;
  expect((await transactor.commit(compares, [{ kind: 'delete', key: keys.sync }])).kind).toBe('refused');
  expect(known(mirror.view())?.sync).toMatchObject({ value: { leader: 'bob' }, revision: store.revision });
});

test('a store that was restored from a backup is believed, although its revisions begin anew', async () => {
  store.revision = 5_000;
  store.write(keys.leader, 'ada');
  store.write(keys.failover, '{"leader":"ada"}');
  mirror.start();
  await clock.advance(2_000);
  store.revision = 70;
  store.keys.clear();
  store.write(keys.leader, 'bob');
  changed.length = 0;
  store.endWatches();
  await clock.advance(0);
  expect(leader()).toBe('bob');
  expect(known(mirror.view())).toMatchObject({ revision: 71, failover: { value: undefined, revision: 0 } });
  expect(changed.toSorted()).toEqual([keys.failover, keys.leader]);
  expect(troubles).toEqual([
    'the store is not the one that was known up to revision 5002: it was restored or replaced',
  ]);
  store.write(keys.leader, 'cyd');
  expect(leader()).toBe('cyd');
});

test('also where its revisions have passed those known before anybody looked', async () => {
  store.revision = 5_000;
  store.write(keys.leader, 'ada');
  mirror.start();
  await clock.advance(2_000);
  const [sink] = [...store.sinks];
  store.sinks.clear();
  store.revision = 70;
  store.keys.clear();
  store.write(keys.leader, 'bob');
  store.revision = 6_000;
  store.write(keys.failover, '{"leader":"bob"}');
  sink?.onEnd('broken', 'cut');
  await clock.advance(0);
  expect(leader()).toBe('bob');
  expect(troubles).toEqual([
    'the store is not the one that was known up to revision 5001: it was restored or replaced',
  ]);
});

test('an own write that a range does not show yet is no sign of that', async () => {
  store.write(keys.leader, 'ada');
  mirror.start();
  await clock.advance(2_000);
  store.delayMs = 50;
  store.endWatches();
  await clock.advance(0);
  mirror.learn(
    keys.leader,
    { key: keys.leader, value: 'bob', createRevision: 2, modRevision: 90, leaseId: undefined },
    90,
  );
  mirror.learn(keys.sync, undefined, 91);
  await clock.advance(60);
  expect(leader()).toBe('bob');
  expect(troubles).toEqual([]);
});

test('after it was stopped nothing changes any more', async () => {
  mirror.start();
  await clock.advance(0);
  mirror.stop();
  store.write(keys.leader, 'ada');
  await clock.advance(10_000);
  expect(leader()).toBeUndefined();
});

test('an answer that is older than a deletion already passed by does not bring the key back', () => {
  const map = new KeyMap();
  const keyValue = { key: 'k', value: 'v', createRevision: 3, modRevision: 3, leaseId: undefined };
  map.learnAll([keyValue], 5);
  map.learn('k', undefined, 8);
  map.completeUpTo(9);
  expect(map.learn('k', keyValue, 7)).toBeUndefined();
  expect(map.get('k')).toBeUndefined();
});

test('what was learnt after a range was asked survives its answer', () => {
  const map = new KeyMap();
  const keyValue = { key: 'k', value: 'v', createRevision: 12, modRevision: 12, leaseId: undefined };
  map.learn('k', keyValue, 12);
  map.learnAll([], 11);
  expect(map.get('k')).toEqual(keyValue);
});
