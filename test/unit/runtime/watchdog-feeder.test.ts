import { beforeEach, expect, test } from 'vitest';
import type { WatchdogState } from '../../../src/core/model/watchdog.ts';
import { resetByMs } from '../../../src/core/settings/watchdog-timeout.ts';
import type { Watchdog } from '../../../src/ports/watchdog.ts';
import { WatchdogFeeder } from '../../../src/runtime/watchdog-feeder.ts';
import { FakeClock } from '../../support/runtime-ports.ts';

const TTL_MS = 6_000;

/** Keeps the times at which it was kept alive. */
class FakeDevice implements Watchdog {
  timeoutS: number | undefined;
  readonly fedAtMs: number[] = [];
  trouble: string | undefined;
  private readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  state(): WatchdogState {
    return this.timeoutS === undefined ? { kind: 'idle' } : { kind: 'armed', timeoutS: this.timeoutS };
  }

  arm(timeoutS: number): Promise<WatchdogState> {
    this.timeoutS = timeoutS;
    return Promise.resolve(this.state());
  }

  keepAlive(): string | undefined {
    this.fedAtMs.push(this.clock.bootMs());
    return this.trouble;
  }

  disarm(): WatchdogState {
    this.timeoutS = undefined;
    return this.state();
  }

  firesAtMs(): number {
    return (this.fedAtMs.at(-1) ?? 0) + (this.timeoutS ?? 0) * 1000;
  }
}

let clock: FakeClock;
let device: FakeDevice;
let troubles: string[];
let feeder: WatchdogFeeder;

beforeEach(() => {
  clock = new FakeClock();
  device = new FakeDevice(clock);
  troubles = [];
  feeder = new WatchdogFeeder({ watchdog: device, clock, onTrouble: (text) => troubles.push(text) });
});

test('is not armed before a lease outlasts it', async () => {
  expect(feeder.mayArm(4)).toBe(false);
  feeder.renewed(clock.nowMs, TTL_MS);
  expect(feeder.mayArm(4)).toBe(true);
  await clock.advance(1_500);
  expect(feeder.mayArm(4)).toBe(false);
});

test('every renewal keeps it alive', async () => {
  feeder.renewed(clock.nowMs, TTL_MS);
  await feeder.arm(4);
  for (let renewal = 0; renewal < 5; renewal += 1) {
    await clock.advance(2_000);
    feeder.renewed(clock.nowMs, TTL_MS);
    expect(device.fedAtMs.at(-1)).toBe(clock.nowMs);
  }
});

test('without renewals it is kept alive as long as the lease allows and fires before anybody else can lead', async () => {
  const sentAtMs = clock.nowMs;
  feeder.renewed(sentAtMs, TTL_MS);
  await feeder.arm(4);
  await clock.advance(20_000);
  expect(device.firesAtMs()).toBeLessThanOrEqual(resetByMs(sentAtMs, TTL_MS));
  expect(device.firesAtMs()).toBeGreaterThan(resetByMs(sentAtMs, TTL_MS) - 10);
  expect(feeder.capMs(sentAtMs, TTL_MS)).toBeLessThan(device.firesAtMs());
});

test('an answer that comes too late does not keep it alive', async () => {
  const sentAtMs = clock.nowMs;
  feeder.renewed(sentAtMs, TTL_MS);
  await feeder.arm(4);
  const fed = device.fedAtMs.length;
  await clock.advance(900);
  // Sent long ago, answered now: a keepalive would put the reset off beyond the lease.
  feeder.renewed(sentAtMs - 1_000, TTL_MS);
  expect(device.fedAtMs.length).toBe(fed);
});

test('it asks for an earlier deadline only while it is armed', async () => {
  feeder.renewed(clock.nowMs, TTL_MS);
  expect(feeder.capMs(0, TTL_MS)).toBe(Number.POSITIVE_INFINITY);
  await feeder.arm(4);
  expect(feeder.capMs(0, TTL_MS)).toBe(4_300);
  feeder.disarm();
  await clock.advance(10_000);
  expect(feeder.capMs(0, TTL_MS)).toBe(Number.POSITIVE_INFINITY);
});

test('a device that takes no keepalive is told of once', async () => {
  device.trouble = 'EIO';
  feeder.renewed(clock.nowMs, TTL_MS);
  await feeder.arm(4);
  feeder.renewed(clock.nowMs + 100, TTL_MS);
  expect(troubles).toEqual(['the watchdog was not kept alive: EIO']);
});
