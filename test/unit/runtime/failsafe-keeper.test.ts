// The lease keeper while the store does not answer: what moves the deadline, what ends it, and in which order it is handed back.
import { beforeEach, expect, test } from 'vitest';
import type { FailsafeCall, LeaseVerdict } from '../../../src/core/model/plan.ts';
import type { PromiseAnswer } from '../../../src/ports/peers.ts';
import type { TxnOutcome } from '../../../src/ports/store.ts';
import type { LeaseKeeper } from '../../../src/runtime/lease-keeper.ts';
import { deadlineMs } from '../../../src/runtime/lease-times.ts';
import { keptLease, LEADER_KEY, takeKey } from '../../support/kept-lease.ts';
import { type FakeClock, type FakeGuard, type FakePeers, type FakeStore, settle } from '../../support/runtime-ports.ts';

const TTL_MS = 3_000;
const CALL: FailsafeCall = {
  members: [
    { name: 'bob', apiUrl: 'http://bob' },
    { name: 'cyd', apiUrl: 'http://cyd' },
  ],
  promiseMs: TTL_MS,
  connUrl: 'postgres://ada',
  apiUrl: 'http://ada',
  slots: {},
  mayLeadAgain: true,
};

let clock: FakeClock;
let store: FakeStore;
let guard: FakeGuard;
let peers: FakePeers;
let keeper: LeaseKeeper;
let losses: string[];
let changes: string[];
let isStoreUp: boolean;

beforeEach(async () => {
  ({ clock, store, guard, peers, keeper, losses, changes } = keptLease());
  isStoreUp = true;
  const up = { keepAlive: store.keepAlive.bind(store), txn: store.txn.bind(store) };
  store.keepAlive = (leaseId) =>
    isStoreUp ? up.keepAlive(leaseId) : Promise.resolve({ kind: 'unanswered', why: 'connection refused' });
  store.txn = (txn): Promise<TxnOutcome> =>
    isStoreUp ? up.txn(txn) : Promise.resolve({ kind: 'unknown', why: 'no answer in time' });
  await keeper.begin(await takeKey(store, TTL_MS));
});

/** Time goes by, with a loop that decides the same again and again. */
async function live(ms: number, verdict: LeaseVerdict = { kind: 'renew', failsafe: CALL }): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 100) {
    keeper.judge(verdict, clock.nowMs);
    await clock.advance(Math.min(100, leftMs));
  }
}

function heldUntilMs(): number | undefined {
  const state = keeper.state();
  return state.kind === 'held' ? state.deadlineMs : undefined;
}

const isCarried = (): boolean => {
  const state = keeper.state();
  return state.kind === 'held' && state.carriedSinceMs !== undefined;
};

function armedUntilMs(): number | undefined {
  return guard.current.kind === 'armed' ? guard.current.order.deadlineMs : undefined;
}

test('nobody is asked while the store answers', async () => {
  await live(10_000);
  expect(peers.asked).toEqual([]);
});

test('F24: the lead outlasts a store that is away for a minute, while every member promises', async () => {
  await live(1_500);
  isStoreUp = false;
  await live(60_000);
  expect(losses).toEqual([]);
  expect(isCarried()).toBe(true);
  expect(armedUntilMs()).toBe(heldUntilMs());
  expect(new Set(peers.asked.map(({ apiUrl }) => apiUrl))).toEqual(new Set(['http://bob', 'http://cyd']));
  expect(changes).toEqual(['the members carry the lead without the store']);
});

test('each is asked as whom it is, for how long, in which reign, and in rising numbers', async () => {
  isStoreUp = false;
  await live(3_000);
  const toBob = peers.asked.filter(({ apiUrl }) => apiUrl === 'http://bob').map(({ request }) => request);
  expect(toBob[0]).toMatchObject({ name: 'ada', own: { scope: 'test', to: 'bob', promiseMs: TTL_MS, reign: 2 } });
  const numbers = toBob.map(({ own }) => own?.number ?? 0);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('the deadline counts from the sending of the questions, however late the last answer comes', async () => {
  isStoreUp = false;
  peers.answer = () =>
    new Promise<PromiseAnswer>((resolve) => {
      clock.after(700, () => {
        resolve({ kind: 'accepted' });
      });
    });
  await live(1_800);
  const [first] = peers.asked;
  expect(first).toBeDefined();
  expect(isCarried()).toBe(true);
  const sentAtMs = 1_000_000 + TTL_MS / 3;
  expect(heldUntilMs()).toBe(deadlineMs(sentAtMs, TTL_MS));
  expect(armedUntilMs()).toBe(heldUntilMs());
});

test.each<[string, (apiUrl: string) => Promise<PromiseAnswer>]>([
  ['refuses', (url) => Promise.resolve(url === 'http://cyd' ? { kind: 'refused', why: '500' } : { kind: 'accepted' })],
  ['is silent', (url) => (url === 'http://cyd' ? new Promise(() => undefined) : Promise.resolve({ kind: 'accepted' }))],
])('one member that %s is enough: the deadline passes', async (_, answer) => {
  peers.answer = answer;
  isStoreUp = false;
  await live(4_000);
  expect(losses).toEqual(['the deadline of the leader lease passed']);
});

test('without leave of the core nobody is asked', async () => {
  isStoreUp = false;
  await live(4_000, { kind: 'renew' });
  expect(peers.asked).toEqual([]);
  expect(losses).toHaveLength(1);
});

test('a verdict that withholds the lease ends it under promises as well', async () => {
  isStoreUp = false;
  await live(5_000);
  expect(isCarried()).toBe(true);
  await live(3_000, { kind: 'withhold', why: 'hung' });
  expect(losses).toEqual(['the deadline of the leader lease passed']);
});

test('who is alone in the map asks nobody and leads on', async () => {
  isStoreUp = false;
  await live(20_000, { kind: 'renew', failsafe: { ...CALL, members: [] } });
  expect(losses).toEqual([]);
  expect(isCarried()).toBe(true);
});

test('a member that /failsafe has come to name since was not asked: nothing is extended', async () => {
  isStoreUp = false;
  const answers: ((answer: PromiseAnswer) => void)[] = [];
  peers.answer = () => new Promise((resolve) => answers.push(resolve));
  await live(1_200);
  const before = heldUntilMs();
  const members = [...CALL.members, { name: 'dan', apiUrl: 'http://dan' }];
  keeper.judge({ kind: 'renew', failsafe: { ...CALL, members } }, clock.nowMs);
  for (const answer of answers) answer({ kind: 'accepted' });
  await settle();
  expect(heldUntilMs()).toBe(before);
});

test('back at the store, the guard is told the deadline of the lease before anybody is told to forget', async () => {
  isStoreUp = false;
  await live(1_400);
  expect(isCarried()).toBe(true);
  const seen: { armedMs: number | undefined; heldMs: number | undefined }[] = [];
  peers.forgetFailsafe = (_, request) => {
    seen.push({ armedMs: armedUntilMs(), heldMs: heldUntilMs() });
    peers.forgotten.push(request);
    return Promise.resolve();
  };
  isStoreUp = true;
  const backMs = clock.nowMs;
  await live(300);
  expect(isCarried()).toBe(false);
  expect(peers.forgotten.map(({ to }) => to)).toEqual(['bob', 'cyd']);
  const latest = Math.max(...peers.asked.map(({ request }) => request.own?.number ?? 0));
  expect(peers.forgotten[0]).toMatchObject({ name: 'ada', scope: 'test', reign: 2, upTo: latest });
  for (const { armedMs, heldMs } of seen) {
    expect(armedMs).toBe(heldMs);
    expect(armedMs).toBeGreaterThanOrEqual(deadlineMs(backMs, TTL_MS));
  }
  expect(changes.at(-1)).toBe('the lead is carried by the store again');
});

test('a guard that may still get an order that rests on promises keeps them from being forgotten', async () => {
  isStoreUp = false;
  await live(1_200);
  guard.answers = false;
  await live(600);
  guard.answers = true;
  isStoreUp = true;
  await live(300);
  expect(losses).toEqual([]);
  expect(isCarried()).toBe(false);
  expect(peers.forgotten).toEqual([]);
});

test('the lease is gone when the store is back: held on while promises run, for the key to be created again', async () => {
  isStoreUp = false;
  await live(5_000);
  store.leases.clear();
  store.erase(LEADER_KEY);
  isStoreUp = true;
  await live(3_000);
  expect(losses).toEqual([]);
  expect(changes).toContain('the store ended the leader lease');
});

test('the lease is gone and nothing carries the lead: fenced at once (a refusal of the store is no silence)', async () => {
  await live(500);
  store.leases.clear();
  await live(600);
  expect(losses).toEqual(['the store ended the leader lease']);
  expect(peers.asked).toEqual([]);
});

test('the core does not let the key be created again: fenced at once', async () => {
  isStoreUp = false;
  await live(5_000);
  store.leases.clear();
  isStoreUp = true;
  await live(300, { kind: 'renew', failsafe: { ...CALL, mayLeadAgain: false } });
  expect(losses).toEqual(['the store ended the leader lease']);
});

test("the key is somebody else's when the store is back: fenced at once, whoever has promised what", async () => {
  isStoreUp = false;
  await live(5_000);
  store.write(LEADER_KEY, 'bob');
  isStoreUp = true;
  await live(300);
  expect(losses).toEqual(['the leader key is not ours any more']);
});

test('a new reign takes over from the promises and lets them be forgotten', async () => {
  isStoreUp = false;
  await live(5_000);
  store.leases.clear();
  isStoreUp = true;
  const start = await takeKey(store, TTL_MS);
  expect(await keeper.begin(start)).toBeUndefined();
  await live(200);
  expect(keeper.state()).toMatchObject({ kind: 'held', reign: start.reign });
  expect(isCarried()).toBe(false);
  expect(peers.forgotten.map(({ to, reign }) => [to, reign])).toEqual([
    ['bob', 2],
    ['cyd', 2],
  ]);
});
