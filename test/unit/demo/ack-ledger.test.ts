import { expect, test } from 'vitest';
import { AckLedger } from '../../../src/demo/ack-ledger.ts';

function ledgerWith(acks: readonly (readonly [number: number, atMs: number])[]): AckLedger {
  const ledger = new AckLedger();
  for (const [number, atMs] of acks) ledger.acknowledge(number, atMs);
  return ledger;
}

test('numbers that follow each other are one range, a hole begins another', () => {
  const ledger = ledgerWith([
    [7, 0],
    [8, 10],
    [10, 20],
    [11, 30],
  ]);
  expect(ledger.ranges).toEqual([
    { from: 7, to: 8 },
    { from: 10, to: 11 },
  ]);
  expect(ledger.count).toBe(4);
});

test('the longest gap counts from the moment the cluster stood', () => {
  const ledger = ledgerWith([[1, 0]]);
  ledger.measureFrom(5_000);
  ledger.acknowledge(2, 5_010);
  ledger.acknowledge(3, 8_010);
  ledger.acknowledge(4, 8_510);
  expect(ledger.longestGapMs(8_510)).toBe(3_000);
  expect(ledger.lastOutage).toEqual({ gapMs: 500, endedMs: 8_510 });
});

test('an outage that has not ended counts as long as it is', () => {
  const ledger = new AckLedger();
  ledger.measureFrom(0);
  ledger.acknowledge(1, 10);
  expect(ledger.longestGapMs(10_010)).toBe(10_000);
  expect(ledger.presentOutageMs(10_010)).toBe(10_000);
  expect(ledger.lastOutage).toBeUndefined();
});

test('an ordinary pause between two inserts is no outage', () => {
  const ledger = ledgerWith([
    [1, 1_000],
    [2, 1_050],
  ]);
  expect(ledger.presentOutageMs(1_200)).toBeUndefined();
  expect(ledger.lastOutage).toBeUndefined();
});

test('the rate is of the last two seconds', () => {
  const ledger = ledgerWith(Array.from({ length: 500 }, (_, index) => [index, index * 10] as const));
  expect(ledger.ratePerSecond(4_990)).toBeGreaterThanOrEqual(99);
  expect(ledger.ratePerSecond(4_990)).toBeLessThanOrEqual(101);
  expect(ledger.ratePerSecond(10_000)).toBe(0);
});

test('nothing was acknowledged: there is no silence to speak of', () => {
  const ledger = new AckLedger();
  expect(ledger.silenceMs(100)).toBeUndefined();
  expect(ledger.longestGapMs(100)).toBe(0);
});
