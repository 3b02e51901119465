import { beforeEach, expect, test } from 'vitest';
import type { Beat } from '../../../src/core/model/leader-signs.ts';
import { type Leading, Pulse } from '../../../src/runtime/pulse.ts';
import { FakeClock } from '../../support/runtime-ports.ts';

let clock: FakeClock;
let leading: Leading | undefined;
let pulse: Pulse;
let told: (Beat | undefined)[];
const listener = (beat: Beat | undefined): void => {
  told.push(beat);
};

beforeEach(() => {
  clock = new FakeClock();
  leading = { reign: 7, renewMs: 1_000, isRenewed: true };
  pulse = new Pulse(clock, () => leading);
  told = [];
});

const states = (): readonly (string | undefined)[] => told.map((beat) => beat?.state);

test('whoever listens is told at once, and then four times a second', async () => {
  pulse.listen(listener);
  expect(told).toEqual([{ reign: 7, renewMs: 1_000, state: 'leads' }]);
  await clock.advance(1_000);
  expect(states()).toEqual(['leads', 'leads', 'leads', 'leads', 'leads']);
});

test('nobody can listen to a member that holds no lease', () => {
  leading = undefined;
  expect(pulse.listen(listener)).toBeUndefined();
  expect(told).toEqual([]);
});

test('a stop on purpose is told at once, and once', async () => {
  pulse.listen(listener);
  await clock.advance(250);
  told = [];
  pulse.say('stopping');
  pulse.say('stopping');
  expect(states()).toEqual(['stopping']);
});

test('a lease that is not renewed for now is not told as one that leads', async () => {
  pulse.listen(listener);
  leading = { reign: 7, renewMs: 1_000, isRenewed: false };
  await clock.advance(250);
  expect(states()).toEqual(['leads', 'withheld']);
});

test('F27: a stop on purpose stays one while the lease is not renewed', async () => {
  pulse.listen(listener);
  pulse.say('stopping');
  leading = { reign: 7, renewMs: 1_000, isRenewed: false };
  await clock.advance(250);
  expect(states()).toEqual(['leads', 'stopping', 'stopping']);
});

test('F27: a stop on purpose is told at once also to who came after an earlier one', () => {
  const stop = pulse.listen(listener);
  pulse.say('stopping');
  stop?.();
  pulse.say('leads');
  told = [];
  pulse.listen(listener);
  pulse.say('stopping');
  expect(states()).toEqual(['leads', 'stopping']);
});

test('what has changed is told at once to everybody, though somebody else has just come and knows it', () => {
  pulse.listen(listener);
  leading = { reign: 7, renewMs: 1_000, isRenewed: false };
  pulse.listen(() => undefined);
  pulse.say('leads');
  expect(states()).toEqual(['leads', 'withheld']);
});

test('the stream ends with the lease', async () => {
  pulse.listen(listener);
  leading = undefined;
  await clock.advance(1_000);
  expect(states()).toEqual(['leads', undefined]);
});

test('who has stopped listening is told nothing, and without listeners nothing is done', async () => {
  const stop = pulse.listen(listener);
  stop?.();
  await clock.advance(1_000);
  expect(states()).toEqual(['leads']);
  pulse.listen(listener);
  expect(states()).toEqual(['leads', 'leads']);
});

test('the end of the agent ends every stream', () => {
  pulse.listen(listener);
  pulse.stop();
  expect(states()).toEqual(['leads', undefined]);
});
