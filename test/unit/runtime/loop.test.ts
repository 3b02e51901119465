import { beforeEach, expect, test } from 'vitest';
import { initialMemory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import type { Decision, Step } from '../../../src/core/model/plan.ts';
import { Loop } from '../../../src/runtime/loop.ts';
import type { Undone } from '../../../src/runtime/execute/index.ts';
import { observation } from '../../support/core-builders.ts';
import { FakeClock, FakeLog } from '../../support/runtime-ports.ts';

const NO_PROMISE = { kind: 'refuse', status: 503, why: 'not here' } as const;

let clock: FakeClock;
let log: FakeLog;
let cycles: number;
let steps: readonly Step[];
let undone: Undone | undefined;
let broken: string[];
let stepMs: number;
let spoil: (() => void) | undefined;
let loop: Loop;

function decision(): Decision {
  return {
    plan: {
      steps,
      verdict: { kind: 'renew' },
      promise: NO_PROMISE,
      publish: undefined,
      probe: [],
      pulse: 'leads',
      watch: undefined,
      wakeMs: clock.nowMs + 10_000,
    },
    memory: initialMemory(0),
    rule: 'Z90',
    situation: { mode: 'automatic', server: 'standby', lead: 'other' },
    why: 'nothing to do',
    events: [],
  };
}

beforeEach(() => {
  clock = new FakeClock();
  log = new FakeLog();
  cycles = 0;
  steps = [];
  undone = undefined;
  broken = [];
  stepMs = 0;
  spoil = undefined;
  loop = new Loop(
    {
      clock,
      log,
      decide: decision,
      observe: () => Promise.resolve<Observation>(observation()),
      onDecision: () => {
        cycles += 1;
        spoil?.();
      },
      execute: () =>
        new Promise((resolve) => {
          clock.after(stepMs, () => {
            resolve(undone);
          });
        }),
      onCycle: () => undefined,
      quietMs: () => 10_000,
      onBroken: (why) => broken.push(why),
    },
    initialMemory(0),
  );
});

test('without events the next cycle comes when the plan says', async () => {
  loop.start();
  await clock.advance(9_999);
  expect(cycles).toBe(1);
  await clock.advance(2);
  expect(cycles).toBe(2);
});

test('events without end make twenty cycles a second, and some more at first', async () => {
  loop.start();
  for (let round = 0; round < 1_000; round += 1) {
    loop.wake('an event');
    await clock.advance(1);
  }
  expect(cycles).toBeLessThanOrEqual(30);
  cycles = 0;
  for (let round = 0; round < 5_000; round += 1) {
    loop.wake('an event');
    await clock.advance(1);
  }
  expect(cycles).toBeGreaterThanOrEqual(99);
  expect(cycles).toBeLessThanOrEqual(101);
});

test('events of one moment make one cycle', async () => {
  loop.start();
  await clock.advance(1);
  cycles = 0;
  for (let round = 0; round < 50; round += 1) loop.wake('an event');
  await clock.advance(100);
  expect(cycles).toBe(1);
});

test('after a quiet time each of a chain of events is looked at without a gap', async () => {
  loop.start();
  await clock.advance(1_000);
  cycles = 0;
  for (let round = 0; round < 8; round += 1) {
    loop.wake('an event');
    await clock.advance(2);
  }
  expect(cycles).toBe(8);
});

test('an event during a cycle is looked at right after it, once', async () => {
  stepMs = 500;
  loop.start();
  await clock.advance(100);
  for (let round = 0; round < 5; round += 1) loop.wake('an event');
  await clock.advance(500);
  expect(cycles).toBe(2);
  await clock.advance(5_000);
  expect(cycles).toBe(2);
});

test('what changes something is looked at again at once', async () => {
  stepMs = 30;
  steps = [{ kind: 'raceInitialize' }];
  loop.start();
  await clock.advance(20);
  steps = [];
  await clock.advance(100);
  expect(cycles).toBe(2);
});

test('what was not done is tried again with growing pauses', async () => {
  steps = [{ kind: 'raceInitialize' }];
  undone = { step: { kind: 'raceInitialize' }, why: 'refused' };
  loop.start();
  await clock.advance(10_000);
  expect(cycles).toBeGreaterThan(9);
  expect(cycles).toBeLessThan(15);
});

test('a broken invariant, such as an exception in a cycle, ends the loop and is told (known weakness W26)', async () => {
  spoil = () => {
    throw new Error('two leaders');
  };
  loop.start();
  await clock.advance(60_000);
  expect(cycles).toBe(1);
  expect(broken[0]).toMatch(/two leaders/);
  expect(log.lines[0]).toMatch(/an invariant broke/);
});

test('a stopped loop is not woken', async () => {
  loop.start();
  await clock.advance(0);
  loop.stop();
  loop.wake('an event');
  await clock.advance(60_000);
  expect(cycles).toBe(1);
});
