import { beforeEach, expect, test } from 'vitest';
import type { Beat, LeaderToWatch, PostgresSign } from '../../../src/core/model/leader-signs.ts';
import type { LeaseRemaining } from '../../../src/ports/store.ts';
import { LeaderWatch } from '../../../src/runtime/leader-watch.ts';
import { FakeClock, FakePeers } from '../../support/runtime-ports.ts';

const LEADER: LeaderToWatch = {
  name: 'b',
  reign: 7,
  leaseId: 'lease-7',
  apiUrl: 'http://b:8008/patroni',
  postgres: { host: 'b', port: 5432 },
};
const BEAT: Beat = { reign: 7, state: 'leads', renewMs: 1_000 };

let clock: FakeClock;
let peers: FakePeers;
let woken: string[];
let remaining: LeaseRemaining;
let leaseAsked: string[];
let watch: LeaderWatch;

beforeEach(() => {
  clock = new FakeClock();
  peers = new FakePeers();
  woken = [];
  leaseAsked = [];
  remaining = { kind: 'alive', remainingMs: 2_000, grantedMs: 3_000, sentAtMs: 0 };
  const store = {
    leaseRemaining: (leaseId: string) => {
      leaseAsked.push(leaseId);
      return Promise.resolve(remaining);
    },
  };
  watch = new LeaderWatch({ peers, store, clock, wake: (reason) => woken.push(reason) });
  watch.watch(LEADER);
});

function sink() {
  const stream = peers.streams.at(-1);
  if (stream === undefined) throw new Error('nothing is listened to');
  return stream.sink;
}

/** Beats as they should come, for so long. */
async function beating(ms: number, beat: Beat = BEAT): Promise<void> {
  for (let done = 0; done < ms; done += 250) {
    sink().onBeat(beat);
    await clock.advance(250);
  }
}

test('while beats come nothing else is asked and nobody is woken', async () => {
  await beating(5_000);
  expect({ asked: peers.postgresAsked, leaseAsked, woken }).toEqual({ asked: [], leaseAsked: [], woken: [] });
  expect(watch.signs()).toMatchObject({ reign: 7, link: 'open', said: 'leads', beat: { renewMs: 1_000 } });
});

test('a beat overdue by 50 ms has PostgreSQL and the lease asked for', async () => {
  sink().onBeat(BEAT);
  const heardMs = clock.nowMs;
  await clock.advance(299);
  expect(peers.postgresAsked).toEqual([]);
  await clock.advance(1);
  expect(peers.postgresAsked).toEqual([LEADER.postgres]);
  expect(leaseAsked).toEqual(['lease-7']);
  expect(watch.signs()).toMatchObject({
    postgres: { kind: 'answers', askedMs: heardMs + 300 },
    lease: { minAgeMs: 0 },
  });
  expect(woken).not.toEqual([]);
});

test('both again and again while it lasts, ten times a second at most, and seldom when nothing comes of it', async () => {
  sink().onBeat(BEAT);
  await clock.advance(10_300);
  const urgent = leaseAsked.length;
  expect(urgent).toBeGreaterThan(60);
  expect(urgent).toBeLessThanOrEqual(101);
  await clock.advance(10_000);
  expect(leaseAsked.length - urgent).toBeLessThanOrEqual(11);
  expect(peers.postgresAsked.length).toBeLessThanOrEqual(112);
  await clock.advance(60_000);
  const before = leaseAsked.length;
  await clock.advance(60_000);
  expect(leaseAsked.length - before).toBeLessThanOrEqual(7);
});

test('the age of a lease that is not renewed grows with each answer', async () => {
  sink().onBeat(BEAT);
  remaining = { kind: 'alive', remainingMs: 1_000, grantedMs: 3_000, sentAtMs: 0 };
  await clock.advance(650);
  expect(watch.signs()?.lease?.minAgeMs).toBe(1_300);
});

test('a beat that comes after all ends the questions', async () => {
  sink().onBeat(BEAT);
  await clock.advance(500);
  sink().onBeat(BEAT);
  expect(woken.at(-1)).toBe('the heartbeat of the leader is back');
  const asked = leaseAsked.length;
  await beating(2_000);
  expect(leaseAsked.length).toBe(asked);
});

test('what was asked before a beat came back says nothing afterwards', async () => {
  let answer: (sign: PostgresSign) => void = () => undefined;
  peers.postgres = () => new Promise((resolve) => (answer = resolve));
  sink().onBeat(BEAT);
  await clock.advance(300);
  sink().onBeat(BEAT);
  answer('refused');
  await clock.advance(100);
  expect(watch.signs()?.postgres).toBeUndefined();
});

test('a stream that breaks off wakes at once, and another is begun', async () => {
  await beating(1_000);
  sink().onEnd('refused', 'connection reset');
  expect(woken).toEqual(['the heartbeat of the leader broke off']);
  expect(watch.signs()?.link).toBe('refused');
  expect(peers.postgresAsked).toHaveLength(1);
  await clock.advance(250);
  expect(peers.streams).toHaveLength(2);
});

test('a stream on which nothing comes for a second is begun anew', async () => {
  sink().onBeat(BEAT);
  await clock.advance(1_000);
  expect(peers.streams[0]?.isClosed).toBe(true);
  expect(watch.signs()?.link).toBe('silent');
  await clock.advance(250);
  expect(peers.streams).toHaveLength(2);
});

test('a member that never tells anything is asked less often after ten seconds', async () => {
  for (let tries = 0; tries < 60; tries += 1) {
    sink().onEnd('silent', 'answered with 401');
    await clock.advance(250);
  }
  const begun = peers.streams.length;
  expect(begun).toBeLessThan(46);
  expect({ asked: peers.postgresAsked, leaseAsked }).toEqual({ asked: [], leaseAsked: [] });
});

test('beats of another reign, and those that do not say that it leads, are none', async () => {
  sink().onBeat({ ...BEAT, reign: 6 });
  expect(watch.signs()).toMatchObject({ beat: undefined, said: undefined });
  sink().onBeat({ ...BEAT, state: 'stopping' });
  expect(watch.signs()).toMatchObject({ beat: undefined, said: 'stopping' });
  expect(woken).toEqual(['the leader says: stopping']);
  await clock.advance(100);
});

test('another reign is another watch, and the old one hears nothing more', async () => {
  const old = sink();
  old.onBeat(BEAT);
  watch.watch({ ...LEADER, reign: 9, leaseId: 'lease-9' });
  expect(peers.streams[0]?.isClosed).toBe(true);
  old.onBeat(BEAT);
  expect(watch.signs()).toMatchObject({ reign: 9, beat: undefined });
  await clock.advance(400);
  expect(leaseAsked).toEqual([]);
});

test('the same leader is not listened to twice, and nobody when nobody is to be watched', () => {
  watch.watch({ ...LEADER });
  expect(peers.streams).toHaveLength(1);
  watch.watch(undefined);
  expect(peers.streams[0]?.isClosed).toBe(true);
  expect(watch.signs()).toBeUndefined();
});
