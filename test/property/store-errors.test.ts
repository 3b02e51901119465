// Whatever error etcd answers with, it is no refusal: only a comparison that fails may end a reign at once.
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FailsafeCall } from '../../src/core/model/plan.ts';
import type { LeaseAnswer, TxnOutcome } from '../../src/ports/store.ts';
import { LeaseKeeper } from '../../src/runtime/lease-keeper.ts';
import { EtcdStore } from '../../src/store/etcd-store.ts';
import { fakeGateway, type FakeGateway } from '../support/fake-gateway.ts';
import { realClock } from '../support/real-clock.ts';
import { FakeClock, FakeGuard, FakePeers, FakeStore } from '../support/runtime-ports.ts';

const BUDGET = { budgetMs: 25 };
const READ = { compares: [], success: [{ kind: 'read', key: 'leader' }] } as const;
const RUNS = 60;

const MESSAGES = [
  'etcdserver: no leader',
  'etcdserver: leader changed',
  'etcdserver: request timed out',
  'etcdserver: request timed out, possibly due to connection lost',
  'etcdserver: server stopped',
  'etcdserver: not healthy for reconfigure',
  'etcdserver: requested lease not found',
  'etcdserver: mvcc: required revision has been compacted',
  'etcdserver: too many requests',
  'etcdserver: mvcc: database space exceeded',
  'etcdserver: user name is empty',
  'etcdserver: invalid auth token',
  'etcdserver: permission denied',
  'lease not found',
  'not a primary lessor',
  'raft: stopped',
  'transport is closing',
  'context deadline exceeded',
  '',
];

const anError = fc
  .record({
    status: fc.constantFrom(200, 400, 401, 403, 404, 408, 412, 429, 500, 502, 503, 504),
    code: fc.integer({ min: 0, max: 16 }),
    message: fc.oneof(fc.constantFrom(...MESSAGES), fc.string({ maxLength: 40 })),
    shape: fc.constantFrom('call', 'stream', 'etcd 3.6', 'text', 'nothing'),
  })
  .map(({ status, code, message, shape }) => ({ status, body: bodyOf(shape, code, message) }));

function bodyOf(shape: string, code: number, message: string): string {
  if (shape === 'call') return JSON.stringify({ error: message, message, code });
  if (shape === 'stream')
    return JSON.stringify({ error: { grpc_code: code, http_code: 500, message, http_status: '' } });
  if (shape === 'etcd 3.6') return JSON.stringify({ code, message, details: [] });
  return shape === 'text' ? message : '';
}

let gateway: FakeGateway;
let store: EtcdStore;
let now: { readonly status: number; readonly body: string };

beforeAll(async () => {
  gateway = await fakeGateway((_, response) => {
    response.writeHead(now.status, { 'content-type': 'application/json' }).end(now.body);
  });
  store = new EtcdStore({ endpoints: [gateway.endpoint], clock: realClock });
});
afterAll(async () => {
  store.close();
  await gateway.close();
});

test('no error of etcd demotes in failsafe mode while all peers accept (known failure 5) (known failure 15) (known failure 80)', async () => {
  await fc.assert(
    fc.asyncProperty(anError, async (error) => {
      expect(await lossesUnder(...(await answersTo(error)))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

/** What etcd says with these it says at once, and means it: nothing was done. Of a lease, too, it is no proof that it is gone. */
const FINAL_CODES = [3, 5, 6, 7, 8, 9, 11, 12, 16];
const SHAPES = ['call', 'stream', 'etcd 3.6'];

test('no error is a refusal, whatever it says and however it is said (known failure 15)', async () => {
  for (const shape of SHAPES)
    for (const code of FINAL_CODES)
      for (const message of MESSAGES) await answersTo({ status: 400, body: bodyOf(shape, code, message) });
});

async function answersTo(error: typeof now): Promise<readonly [LeaseAnswer, TxnOutcome]> {
  now = error;
  const lease = await store.keepAlive('7', BUDGET);
  const key = await store.txn(READ, BUDGET);
  expect(lease.kind, error.body).toBe('unanswered');
  expect(['notDone', 'unknown'], error.body).toContain(key.kind);
  return [lease, key];
}

/** What a leader comes to within a minute of nothing but these answers. */
async function lossesUnder(lease: LeaseAnswer, key: TxnOutcome): Promise<readonly string[]> {
  const clock = new FakeClock();
  const fake = new FakeStore(clock);
  const losses: string[] = [];
  fake.keepAlive = () => Promise.resolve(lease);
  fake.txn = () => Promise.resolve(key);
  const keeper = new LeaseKeeper({
    store: fake,
    guard: new FakeGuard(),
    clock,
    leaderKey: 'leader',
    name: 'ada',
    scope: 'test',
    peers: new FakePeers(),
    postmaster: () => undefined,
    onLost: (why) => losses.push(why),
    onChange: () => undefined,
    onTrouble: () => undefined,
  });
  const members = [{ name: 'bob', apiUrl: 'http://bob' }];
  const failsafe: FailsafeCall = { members, promiseMs: 3_000, connUrl: '', apiUrl: '', slots: {}, mayLeadAgain: true };
  await keeper.begin({ reign: 2, leaseId: '7', ttlMs: 3_000, sentAtMs: clock.nowMs, unguarded: false });
  for (let round = 0; round < 60; round += 1) {
    keeper.judge({ kind: 'renew', failsafe }, clock.nowMs);
    await clock.advance(1_000);
  }
  return losses;
}
