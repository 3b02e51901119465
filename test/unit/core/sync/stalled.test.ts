import { expect, test } from 'vitest';
import type { PeerStatus } from '../../../../src/core/model/observation.ts';
import { type Seen, unknown } from '../../../../src/core/model/seen.ts';
import { deadOnes, noteStalls, type Stalls, SUSPECT_MS, suspects } from '../../../../src/core/sync/stalled.ts';
import { at, primaryStatus, sender } from '../../../support/core-builders.ts';

const behind = (flushed: number) =>
  primaryStatus({
    senders: [sender('b', { flushLsn: at(flushed) }), sender('c', { flushLsn: at(flushed) })],
    sync: { names: 'ANY 1 (b)', synchronousCommit: 'on', checkpointerIdleSinceReload: true },
  });
const silent = new Map<string, Seen<PeerStatus>>([['b', unknown('timed out')]]);
const none = new Map<string, Seen<PeerStatus>>();
const START: Stalls = new Map();

test('only whom commits wait for, and who has not acknowledged everything, can stand still', () => {
  expect([...noteStalls(START, behind(900), { nowMs: 0, peers: none }).keys()]).toEqual(['b']);
  expect(noteStalls(START, behind(1000), { nowMs: 0, peers: none }).size).toBe(0);
});

test('is asked after a second, and taken for dead when it does not answer either', () => {
  const since = noteStalls(START, behind(900), { nowMs: 0, peers: none });
  expect(suspects(since, SUSPECT_MS - 1)).toEqual([]);
  expect(suspects(since, SUSPECT_MS)).toEqual(['b']);
  const early = noteStalls(since, behind(900), { nowMs: SUSPECT_MS - 1, peers: silent });
  expect(deadOnes(early).size).toBe(0);
  const dead = noteStalls(since, behind(900), { nowMs: SUSPECT_MS, peers: silent });
  expect([...deadOnes(dead)]).toEqual(['b']);
  expect(suspects(dead, SUSPECT_MS)).toEqual([]);
});

test('stays dead while it stands still, whatever commits wait for then, and is alive when it moves', () => {
  const dead: Stalls = new Map([['b', { lsn: at(900), sinceMs: 0, dead: true }]]);
  const dropped = { ...behind(900), sync: { names: '', synchronousCommit: 'on', checkpointerIdleSinceReload: true } };
  expect([...deadOnes(noteStalls(dead, dropped, { nowMs: 60_000, peers: none }))]).toEqual(['b']);
  expect(deadOnes(noteStalls(dead, behind(901), { nowMs: 60_000, peers: none })).size).toBe(0);
});

test('one that answers is slow, and goes on being waited for', () => {
  const status = {} as PeerStatus;
  const peers = new Map<string, Seen<PeerStatus>>([['b', { kind: 'seen', value: status, atMs: 0 }]]);
  const since = noteStalls(START, behind(900), { nowMs: 0, peers });
  expect(deadOnes(noteStalls(since, behind(900), { nowMs: 60_000, peers })).size).toBe(0);
});
