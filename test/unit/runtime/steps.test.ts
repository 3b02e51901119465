import { beforeEach, expect, test } from 'vitest';
import { keysBelow } from '../../../src/core/layout/keys.ts';
import { lsn } from '../../../src/core/model/lsn.ts';
import type { TakeOver } from '../../../src/core/model/plan.ts';
import { execute, type Undone } from '../../../src/runtime/execute/index.ts';
import type { Hands } from '../../../src/runtime/execute/hands.ts';
import { wire } from '../../../src/runtime/wiring.ts';
import {
  ADA,
  FakeClock,
  FakeGuard,
  FakeLog,
  FakePeers,
  FakePromiseFile,
  FakeStore,
  settle,
} from '../../support/runtime-ports.ts';
import { idlePostgres, NO_WATCHDOG, takeOverNow } from '../../support/idle-ports.ts';
import { memberData } from '../../support/core-builders.ts';

const keys = keysBelow('/service/test/');

const postgres = idlePostgres({
  timelineHistory: () => Promise.resolve([{ timeline: 1, lsn: lsn(100), reason: 'no recovery target specified' }]),
});

let clock: FakeClock;
let store: FakeStore;
let guard: FakeGuard;
let hands: Hands;

beforeEach(async () => {
  clock = new FakeClock();
  store = new FakeStore(clock);
  guard = new FakeGuard();
  store.write(keys.config, '{}');
  const parts = wire(
    {
      store,
      postgres,
      guard,
      peers: new FakePeers(),
      promiseFile: new FakePromiseFile(),
      clock,
      random: { next: () => 0 },
      log: new FakeLog(),
      callbacks: { call: () => undefined },
      watchdog: NO_WATCHDOG,
    },
    { self: ADA, keys },
    { wake: () => undefined, broken: () => undefined, isStalled: () => false, postmaster: () => undefined },
  );
  hands = { ...parts, exit: () => undefined };
  parts.mirror.start();
  parts.publisher.publish('{"state":"running"}');
  await clock.advance(0);
});

const takeOver = (more: Partial<TakeOver> = {}): TakeOver => takeOverNow(store, keys, more);

/** The step's end, with as much time as it takes. */
async function take(over: TakeOver = takeOver()): Promise<Undone | undefined> {
  const ending = execute([{ kind: 'takeKey', takeOver: over }], hands);
  for (let round = 0; round < 20; round += 1) await clock.advance(100);
  return ending;
}

const leader = (): string | undefined => store.keys.get(keys.leader)?.value;

test('the key, the reign record and the claim are one write, under the guard', async () => {
  expect(await take()).toBeUndefined();
  expect(leader()).toBe('ada');
  expect(store.keys.get(keys.reign)).toMatchObject({
    value: '{"name":"ada","timeline":7,"priority":1}',
    modRevision: store.keys.get(keys.leader)?.modRevision,
  });
  expect(hands.keeper.state()).toMatchObject({ kind: 'held', reign: store.keys.get(keys.leader)?.modRevision });
  expect(guard.current).toMatchObject({ kind: 'armed' });
  expect(hands.mirror.get(keys.leader)?.value).toBe('ada');
});

test('/sync is written with it, and our own pledge goes', async () => {
  store.write(keys.pledge('ada'), '{}');
  await take(takeOver({ sync: { leader: 'ada', voters: ['bob'], quorum: 0 } }));
  expect(store.keys.get(keys.sync)?.value).toBe('{"leader":"ada","quorum":0,"sync_standby":"bob"}');
  expect(store.keys.has(keys.pledge('ada'))).toBe(false);
});

test.each<{ name: string; key: string; value: string }>([
  { name: 'somebody leads', key: keys.leader, value: 'bob' },
  { name: 'another has led in between (known failure 52)', key: keys.reign, value: '{}' },
  { name: 'the last leader told a later position', key: keys.last, value: '{}' },
  { name: '/sync has changed', key: keys.sync, value: '{}' },
  { name: 'the configuration has changed', key: keys.config, value: '{"pause":true}' },
  { name: 'a request has come', key: keys.failover, value: '{"leader":"bob"}' },
  { name: '/initialize has changed', key: keys.initialize, value: '1' },
])('refused, because $name', async ({ key, value }) => {
  const over = takeOver();
  store.write(key, value);
  expect(await take(over)).toMatchObject({ why: 'the store has moved on' });
  expect(hands.keeper.state().kind).toBe('none');
  expect(guard.current.kind).toBe('disarmed');
  // Only the member's own lease is left.
  expect(store.leases.size).toBe(1);
});

test('F17: a reign that is revoked: its key is replaced where it is the very one, and the lease under it does not matter', async () => {
  const lease = await store.grantLease(6_000);
  store.write(keys.leader, 'bob', lease.kind === 'alive' ? lease.leaseId : undefined);
  const revokes = store.keys.get(keys.leader)?.modRevision;
  expect(await take(takeOver({ revokes }))).toBeUndefined();
  expect(leader()).toBe('ada');
  expect(hands.keeper.state()).toMatchObject({ kind: 'held', reign: store.keys.get(keys.leader)?.modRevision });
  expect(store.keys.get(keys.leader)?.modRevision).toBeGreaterThan(revokes ?? 0);
});

test.each<{ name: string; change: () => void }>([
  { name: 'that member reigns anew', change: () => store.write(keys.leader, 'bob') },
  { name: 'another leads', change: () => store.write(keys.leader, 'cyd') },
  { name: 'its key is gone', change: () => store.keys.delete(keys.leader) },
  { name: 'the configuration has changed', change: () => store.write(keys.config, '{"pause":true}') },
  { name: 'a switchover has come', change: () => store.write(keys.failover, '{"leader":"bob"}') },
  { name: '/sync has changed', change: () => store.write(keys.sync, '{}') },
])('a reign is not revoked, because $name', async ({ change }) => {
  store.write(keys.leader, 'bob');
  const over = takeOver({ revokes: store.keys.get(keys.leader)?.modRevision });
  change();
  expect(await take(over)).toMatchObject({ why: 'the store has moved on' });
  expect(hands.keeper.state().kind).toBe('none');
});

test('refused, because a pledge that was counted is gone', async () => {
  const pledge = { name: 'bob', reign: 3, position: { timeline: 1, lsn: lsn(1) }, revision: 99 };
  expect(await take(takeOver({ pledges: [pledge] }))).toBeDefined();
  expect(leader()).toBeUndefined();
});

test('an unknown outcome that was done is read, and held', async () => {
  store.writeTroubles.push('lost answer, done');
  expect(await take()).toBeUndefined();
  expect(hands.keeper.state()).toMatchObject({ kind: 'held', reign: store.keys.get(keys.leader)?.modRevision });
});

test('an unknown outcome that was done is held even if the first reading goes unanswered', async () => {
  store.writeTroubles.push('lost answer, done');
  store.readTroubles.push('no answer', 'no answer');
  expect(await take()).toBeUndefined();
  expect(hands.keeper.state().kind).toBe('held');
});

test('an unknown outcome that was not done can never be done later: its lease is revoked', async () => {
  store.writeTroubles.push('lost answer, not done');
  expect((await take())?.why).toMatch(/unknown/);
  expect(leader()).toBeUndefined();
  expect(store.leases.size).toBe(1);
  expect(hands.keeper.state().kind).toBe('none');
});

test('a guard that does not answer has the key given back at once', async () => {
  guard.answers = false;
  expect((await take())?.why).toMatch(/guard/);
  expect(leader()).toBeUndefined();
  expect(store.leases.size).toBe(1);
  expect(hands.keeper.state().kind).toBe('none');
});

test.each([
  { request: '{"leader":"bob"}', left: '{}' },
  { request: '{"leader":"bob","member":"ada"}', left: '{}' },
  { request: '{"leader":"bob","member":"cyd"}', left: '{"leader":"bob","member":"cyd"}' },
])('a request of $request is left as $left', async ({ request, left }) => {
  store.write(keys.failover, request);
  await take();
  expect(store.keys.get(keys.failover)?.value).toBe(left);
});

test('a release shows the stop and the deletion in one write, and nobody holds anything', async () => {
  await take();
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  const member = memberData({ state: 'stopped', role: 'demoted' });
  const undone = await execute([{ kind: 'releaseKey', reign, optime: lsn(500), timeline: 3, member }], hands);
  await settle();
  expect(undone).toBeUndefined();
  expect(leader()).toBeUndefined();
  expect(store.keys.get(keys.member('ada'))?.value).toContain('"stopped"');
  expect(store.keys.get(keys.status)?.value).toBe('{"optime":500}');
  expect(store.keys.get(keys.last)?.value).toBe(`{"name":"ada","reign":${reign},"timeline":3,"lsn":500,"final":true}`);
  expect(hands.keeper.state().kind).toBe('none');
  expect(guard.current.kind).toBe('disarmed');
  expect(store.leases.size).toBe(1);
});

test('a release lets members lead that came too late for /failsafe', async () => {
  await take();
  store.write(keys.failsafe, '{"ada":"http://ada:8008/patroni"}');
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  const member = memberData({ state: 'stopped' });
  await execute([{ kind: 'releaseKey', reign, optime: undefined, timeline: undefined, member }], hands);
  expect(store.keys.get(keys.failsafe)).toBeUndefined();
});

test("a release of a key that is another's by now changes nothing in the store", async () => {
  await take();
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  store.write(keys.leader, 'bob');
  await execute(
    [{ kind: 'releaseKey', reign, optime: undefined, timeline: undefined, member: memberData({ state: 'stopped' }) }],
    hands,
  );
  expect(leader()).toBe('bob');
  expect(hands.keeper.state().kind).toBe('none');
});

test('a release whose answer is lost stays unsettled until one is answered', async () => {
  await take();
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  const member = memberData({ state: 'stopped' });
  const release = { kind: 'releaseKey', reign, optime: undefined, timeline: undefined, member } as const;
  store.writeTroubles.push('lost answer, not done');
  expect(await execute([release], hands)).toBeDefined();
  expect(hands.unsettled.all().has('release')).toBe(true);
  expect(await execute([release], hands)).toBeUndefined();
  expect(hands.unsettled.all().has('release')).toBe(false);
});

test('a write of /sync whose answer is lost stays unsettled until one is answered', async () => {
  await take();
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  const write = { kind: 'writeSync', reign, value: { leader: 'ada', voters: [], quorum: 0 }, revision: 0 } as const;
  store.writeTroubles.push('lost answer, not done');
  expect(await execute([write], hands)).toBeDefined();
  expect(hands.unsettled.all().has('sync')).toBe(true);
  expect(await execute([write], hands)).toBeUndefined();
  expect(hands.unsettled.all().has('sync')).toBe(false);
});

test('/sync is not written under another reign', async () => {
  await take();
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  const value = { leader: 'ada', voters: [], quorum: 0 };
  expect(await execute([{ kind: 'writeSync', reign: reign - 1, value, revision: 0 }], hands)).toBeDefined();
  expect(store.keys.has(keys.sync)).toBe(false);
});

test('a /sync that has moved since it was read is not overwritten, and nothing is lowered after it (known failure 42)', async () => {
  await take();
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  const value = { leader: 'ada', voters: ['bob'], quorum: 0 };
  const first = { kind: 'writeSync', reign, value, revision: 0 } as const;
  expect(await execute([first], hands)).toBeUndefined();
  const stale = { ...first, value: { leader: 'ada', voters: [], quorum: 0 } };
  const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: true };
  const undone = await execute([stale, { kind: 'applySettings', settings }], hands);
  expect(undone?.step.kind).toBe('writeSync');
  expect(store.keys.get(keys.sync)?.value).toContain('bob');
});

test('a pledge put whose answer was lost cannot land after its withdrawal', async () => {
  const pledge = { kind: 'putPledge', reign: 3, position: { timeline: 1, lsn: lsn(9) } } as const;
  store.writeTroubles.push('lost answer, not done');
  expect(await execute([pledge], hands)).toBeDefined();
  const late = store.txns.length;
  expect(await execute([pledge], hands)).toBeUndefined();
  const put = store.txns[late];
  expect(await execute([{ kind: 'withdrawPledge' }], hands)).toBeUndefined();
  expect(hands.unsettled.all().has('pledge')).toBe(false);
  if (put !== undefined) store.apply(put, clock.nowMs);
  expect(store.keys.has(keys.pledge('ada'))).toBe(false);
});

test('a withdrawal without an answer is no withdrawal', async () => {
  await execute([{ kind: 'putPledge', reign: 3, position: { timeline: 1, lsn: lsn(9) } }], hands);
  store.writeTroubles.push('lost answer, done');
  expect(await execute([{ kind: 'withdrawPledge' }], hands)).toBeDefined();
  expect(hands.unsettled.all().has('pledge')).toBe(true);
});

test('the history is told anew in each reign, with who began the last timeline', async () => {
  await take();
  const reign = store.keys.get(keys.leader)?.modRevision ?? 0;
  expect(await execute([{ kind: 'refreshHistory', reign }], hands)).toBeUndefined();
  const row = [1, 100, 'no recovery target specified', clock.wallAt(), 'ada'];
  expect(store.keys.get(keys.history)?.value).toBe(JSON.stringify([row]));
});

test('the first step that is not done ends the list', async () => {
  const undone = await execute(
    [
      { kind: 'setInitialize', systemId: '1', revision: 77 },
      { kind: 'writeConfig', value: { ttl: 20 }, revision: store.keys.get(keys.config)?.modRevision ?? 0 },
    ],
    hands,
  );
  expect(undone?.step.kind).toBe('setInitialize');
  expect(store.keys.get(keys.config)?.value).toBe('{}');
});

test('the mark of an unguarded PostgreSQL lands only under the reign and the configuration it was decided from', async () => {
  const mark = {
    kind: 'markUnguarded',
    systemId: '7',
    reignRevision: 0,
    configRevision: store.keys.get(keys.config)?.modRevision ?? 0,
  } as const;
  expect(await execute([mark], hands)).toBeUndefined();
  expect(store.keys.get(keys.unguarded('ada'))?.value).toBe('{"reign":0,"system_id":"7"}');
  store.write(keys.config, '{"pause":false}');
  expect(await execute([mark], hands)).toMatchObject({ why: 'the store has moved on' });
  store.write(keys.reign, '{}');
  const again = { ...mark, configRevision: store.keys.get(keys.config)?.modRevision ?? 0 };
  expect(await execute([again], hands)).toMatchObject({ why: 'the store has moved on' });
});

test('the guard stands down only after the mark', async () => {
  await take();
  const refused = { kind: 'markUnguarded', systemId: '7', reignRevision: 1, configRevision: 0 } as const;
  expect(await execute([refused, { kind: 'standDown' }], hands)).toMatchObject({ step: { kind: 'markUnguarded' } });
  expect(guard.current.kind).toBe('armed');
});

test('a take-over is refused when the last leader has marked itself meanwhile', async () => {
  const over = takeOver({ lastLeaderMark: { name: 'bob', revision: 0 } });
  store.write(keys.unguarded('bob'), '{"reign":1}');
  expect(await take(over)).toMatchObject({ why: 'the store has moved on' });
});

test('a take-over in pause leaves the guard alone', async () => {
  expect(await take(takeOver({ unguarded: true }))).toBeUndefined();
  expect(guard.current.kind).toBe('disarmed');
  expect(hands.keeper.state()).toMatchObject({ kind: 'held', unguarded: true });
});
