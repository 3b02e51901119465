// What a promise, or questions to the members, keep from being done although it was decided.
import { beforeEach, expect, test } from 'vitest';
import type { TakeOver } from '../../../src/core/model/plan.ts';
import { lsn } from '../../../src/core/model/lsn.ts';
import { keysBelow } from '../../../src/core/layout/keys.ts';
import type { Hands } from '../../../src/runtime/execute/hands.ts';
import { execute, type Undone } from '../../../src/runtime/execute/index.ts';
import { wire } from '../../../src/runtime/wiring.ts';
import { primary, observation } from '../../support/core-builders.ts';
import { idlePostgres, NO_WATCHDOG, takeOverNow } from '../../support/idle-ports.ts';
import { FakeClock, FakeGuard, FakeLog, FakePeers, FakePromiseFile, FakeStore } from '../../support/runtime-ports.ts';

const keys = keysBelow('/service/demo/');
const REQUEST = { name: 'b', connUrl: undefined, apiUrl: undefined, slots: {}, own: undefined };
const done = { kind: 'done', facts: {} } as const;
const postgres = idlePostgres({
  observe: () => Promise.resolve(primary()),
  kill: () => {
    kills += 1;
    return killing;
  },
});

let clock: FakeClock;
let store: FakeStore;
let guard: FakeGuard;
let peers: FakePeers;
let file: FakePromiseFile;
let hands: Hands;
let kills = 0;
let killing: Promise<typeof done> = Promise.resolve(done);

beforeEach(async () => {
  clock = new FakeClock();
  store = new FakeStore(clock);
  guard = new FakeGuard();
  peers = new FakePeers();
  file = new FakePromiseFile();
  store.write(keys.config, '{}');
  const parts = wire(
    {
      store,
      postgres,
      guard,
      peers,
      promiseFile: file,
      clock,
      random: { next: () => 0 },
      log: new FakeLog(),
      callbacks: { call: () => undefined },
      watchdog: NO_WATCHDOG,
    },
    { self: observation().self, keys },
    { wake: () => undefined, broken: () => undefined, postmaster: () => undefined, isStalled: () => false },
  );
  hands = { ...parts, exit: () => undefined };
  parts.mirror.start();
  parts.publisher.publish('{"state":"running"}');
  await hands.promises.load();
  hands.promises.judge({ kind: 'give', promiseMs: 30_000 });
  await clock.advance(0);
});

const takeOver = (more: Partial<TakeOver> = {}): TakeOver => takeOverNow(store, keys, { leaderTtlMs: 3_000, ...more });

async function doing(step: Parameters<typeof execute>[0][number]): Promise<Undone | undefined> {
  const ending = execute([step], hands);
  for (let round = 0; round < 20; round += 1) await clock.advance(100);
  return ending;
}

test('a promise that came after the decision keeps the key from being taken', async () => {
  await hands.promises.give(REQUEST);
  expect(await doing({ kind: 'takeKey', takeOver: takeOver() })).toMatchObject({ why: 'a promise not to lead runs' });
  expect(store.keys.has(keys.leader)).toBe(false);
});

test('and a pledge from being made', async () => {
  await hands.promises.give(REQUEST);
  const pledge = { kind: 'putPledge', reign: 1, position: { timeline: 1, lsn: lsn(1) } } as const;
  expect(await doing(pledge)).toMatchObject({ why: 'a promise not to pledge runs' });
  expect(store.keys.has(keys.pledge('a'))).toBe(false);
});

test('a pledge is made only once the record is gone that says that there is none', async () => {
  await hands.promises.give({ ...REQUEST, own: { scope: 'demo', to: 'a', promiseMs: 10, reign: 1, number: 1 } });
  await clock.advance(20);
  const pledge = { kind: 'putPledge', reign: 1, position: { timeline: 1, lsn: lsn(1) } } as const;
  file.trouble = 'read-only file system';
  expect((await doing(pledge))?.why).toContain('read-only file system');
  expect(store.keys.has(keys.pledge('a'))).toBe(false);
  file.trouble = undefined;
  expect(await doing(pledge)).toBeUndefined();
  expect(file.found).toEqual({ kind: 'absent' });
  expect(store.keys.has(keys.pledge('a'))).toBe(true);
});

async function lead(): Promise<number> {
  expect(await doing({ kind: 'takeKey', takeOver: takeOver() })).toBeUndefined();
  return store.keys.get(keys.leader)?.modRevision ?? 0;
}

test('/failsafe is written under the reign, and an unknown outcome is noted until a write was answered', async () => {
  const reign = await lead();
  const write = { kind: 'writeFailsafe', reign, value: { a: 'http://a' }, revision: 0 } as const;
  store.writeTroubles.push('lost answer, not done');
  expect(await doing(write)).toBeDefined();
  expect(hands.unsettled.all().has('failsafe')).toBe(true);
  expect(await doing(write)).toBeUndefined();
  expect(hands.unsettled.all().has('failsafe')).toBe(false);
  expect(store.keys.get(keys.failsafe)?.value).toBe('{"a":"http://a"}');
  const revision = store.keys.get(keys.failsafe)?.modRevision ?? 0;
  expect(await doing({ ...write, reign: reign - 1, revision })).toBeDefined();
  expect(await doing({ ...write, value: undefined, revision })).toBeUndefined();
  expect(store.keys.has(keys.failsafe)).toBe(false);
});

test('an agent that carries on a reign takes writes of the earlier one to be on their way', async () => {
  const adopt = { kind: 'adoptKey', reign: 7, leaseId: 'x', ttlMs: 3_000, deadlineMs: clock.nowMs + 2_000 } as const;
  await execute([{ ...adopt, unguarded: false }], hands);
  expect([...hands.unsettled.all()]).toEqual(expect.arrayContaining(['sync', 'failsafe']));
});

test('/failsafe is left alone while members are being asked', async () => {
  const reign = await lead();
  const members = [{ name: 'b', apiUrl: 'http://b' }];
  const failsafe = { members, promiseMs: 3_000, connUrl: '', apiUrl: '', slots: {}, mayLeadAgain: true };
  store.keepAliveTroubles.push('no answer', 'no answer', 'no answer');
  hands.keeper.judge({ kind: 'renew', failsafe }, clock.nowMs);
  await clock.advance(1);
  expect(hands.keeper.isAskingMembers()).toBe(true);
  const write = { kind: 'writeFailsafe', reign, value: { a: 'http://a' }, revision: 0 } as const;
  const ending = execute([write], hands);
  expect(await ending).toMatchObject({ why: 'the store does not carry the lead now' });
});

test('a reign that goes on leaves a request to switch over alone, and keeps guard and key where the guard is silent', async () => {
  const reign = await lead();
  store.write(keys.failover, '{"leader":"a"}');
  store.erase(keys.leader);
  guard.answers = false;
  const armed = guard.current;
  const over = takeOver({ reignRevision: reign, goesOn: true });
  expect((await doing({ kind: 'takeKey', takeOver: over }))?.why).toContain('the reign cannot go on');
  expect(store.keys.get(keys.leader)?.value).toBe('a');
  expect(store.keys.get(keys.failover)?.value).toBe('{"leader":"a"}');
  expect(guard.current).toEqual(armed);
});

test('a kill that takes its time is not begun again by the next cycle (known failure 25)', async () => {
  let end: () => void = () => undefined;
  kills = 0;
  killing = new Promise((resolve) => {
    end = () => {
      resolve(done);
    };
  });
  const fences = [1, 2, 3].map(() => execute([{ kind: 'fence', why: 'the lease is lost' }], hands));
  await clock.advance(0);
  expect(kills).toBe(1);
  end();
  expect(await Promise.all(fences)).toEqual([undefined, undefined, undefined]);
  killing = Promise.resolve(done);
});
