// The checkers' own book: what it writes down wrongly, the invariants judge wrongly.
import { expect, test } from 'vitest';
import { keysBelow } from '../../src/core/layout/keys.ts';
import type { PromiseRequest } from '../../src/ports/peers.ts';
import { Ledger } from '../../src/sim/check/ledger.ts';

const LEADER = 'ada';
const REIGN = 7;
const keys = keysBelow('/service/sim/');

function put(ledger: Ledger, key: string, value: string, revision = REIGN): void {
  const keyValue = { key, value, createRevision: revision, modRevision: revision, leaseId: undefined };
  ledger.note({ revision, events: [{ kind: 'put', keyValue }], txn: undefined }, 0);
}

function asked(promiseMs: number): PromiseRequest {
  const own = { scope: 'sim', to: 'bob', promiseMs, reign: REIGN, number: 1 };
  return { name: LEADER, connUrl: undefined, apiUrl: undefined, slots: {}, own };
}

function ledWithFailsafe(): Ledger {
  const ledger = new Ledger(keys, new Map(), () => 1);
  put(ledger, keys.failsafe, JSON.stringify({ ada: 'http://ada:8008/patroni', bob: 'http://bob:8008/patroni' }));
  put(ledger, keys.leader, LEADER);
  return ledger;
}

test('a promise of everybody in /failsafe lets the leader write for five sixths of its length', () => {
  const ledger = ledWithFailsafe();
  ledger.notePromise('bob', asked(6_000), 1_000);
  expect(ledger.current?.promisedUntilMs).toBe(6_000);
});

test('nonsense in /failsafe ends nothing: who is cut off does not see it, and the others go on promising', () => {
  const ledger = ledWithFailsafe();
  put(ledger, keys.failsafe, '{"leader":7}', REIGN + 1);
  ledger.notePromise('bob', asked(6_000), 1_000);
  expect(ledger.failsafe).toEqual(['ada', 'bob']);
  expect(ledger.current?.promisedUntilMs).toBe(6_000);
});

test('a map without the leader, or none, lets nobody lead by promises', () => {
  for (const text of ['{"bob":"http://bob:8008/patroni"}', '{}']) {
    const ledger = ledWithFailsafe();
    put(ledger, keys.failsafe, text, REIGN + 1);
    ledger.notePromise('bob', asked(6_000), 1_000);
    expect(ledger.current?.promisedUntilMs).toBe(Number.NEGATIVE_INFINITY);
  }
});
