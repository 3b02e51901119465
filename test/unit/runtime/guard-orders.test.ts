import { expect, test } from 'vitest';
import type { Guard, GuardAnswer, GuardOrder } from '../../../src/ports/guard.ts';
import { GuardOrders } from '../../../src/runtime/guard-orders.ts';
import { realClock } from '../../support/real-clock.ts';

const ORDER = { reign: 7, leaseId: 'lease', deadlineMs: 0 };

function ordersTo(arm: (order: GuardOrder) => Promise<GuardAnswer>, nowMs = 1_000): GuardOrders {
  const guard: Guard = {
    arm,
    disarm: () => Promise.resolve({ kind: 'ok', state: { kind: 'disarmed' } }),
    state: () => Promise.reject(new Error('not asked')),
  };
  return new GuardOrders({ guard, clock: { ...realClock, bootMs: () => nowMs }, postmaster: () => undefined });
}

const obeyed = (order: GuardOrder): Promise<GuardAnswer> =>
  Promise.resolve({ kind: 'ok', state: { kind: 'armed', order } });

test('work that throws keeps no later order from the guard', async () => {
  const orders = ordersTo(obeyed);
  await expect(orders.inTurn(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await orders.inTurn(() => orders.arm(ORDER))).toBeUndefined();
});

test('an order is given only when the one before has been answered', async () => {
  const told: number[] = [];
  let answer: (() => void) | undefined;
  const orders = ordersTo(async (order) => {
    told.push(order.deadlineMs);
    if (answer === undefined) await new Promise<void>((resolve) => (answer = resolve));
    return await obeyed(order);
  });
  const first = orders.inTurn(() => orders.arm({ ...ORDER, deadlineMs: 1 }));
  const second = orders.inTurn(() => orders.arm({ ...ORDER, deadlineMs: 2 }));
  await Promise.resolve();
  await Promise.resolve();
  expect(told).toEqual([1]);
  answer?.();
  expect([await first, await second, told]).toEqual([undefined, undefined, [1, 2]]);
});

test('an order that nobody answered may arrive until its own deadline', async () => {
  const orders = ordersTo(() => Promise.resolve({ kind: 'unanswered', why: 'stopped' }), 1_000);
  expect(orders.areSettled()).toBe(true);
  expect(await orders.arm({ ...ORDER, deadlineMs: 1_001 })).toBe('the guard does not answer: stopped');
  expect(orders.areSettled()).toBe(false);
});
