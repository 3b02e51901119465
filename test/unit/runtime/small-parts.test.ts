import { expect, test } from 'vitest';
import { keysBelow } from '../../../src/core/layout/keys.ts';
import { lsn } from '../../../src/core/model/lsn.ts';
import { backOffMs } from '../../../src/runtime/back-off.ts';
import { mergeHistory } from '../../../src/runtime/execute/merge-history.ts';
import { epochMsFromIso } from '../../../src/runtime/wall-time.ts';
import { reasonToWake } from '../../../src/runtime/what-matters.ts';

test.each([
  '1970-01-01T00:00:00.000+00:00',
  '2000-02-29T23:59:59.999+00:00',
  '2026-11-24T03:17:05.120Z',
  '2026-11-24T03:17:05.12+05:30',
  '2026-03-01T00:00:00-08:00',
  '2100-12-31T12:00:00+00:00',
])('wall time %s is read as everybody does', (at) => {
  expect(epochMsFromIso(at)).toBe(Date.parse(at));
});

test('what is no wall time is a mistake', () => {
  expect(() => epochMsFromIso('yesterday')).toThrow(/not a wall time/);
});

test('pauses double from the first to the largest', () => {
  expect([0, 1, 2, 3, 4, 5, 99].map((failures) => backOffMs(failures, 100, 1_000))).toEqual([
    0, 100, 200, 400, 800, 1_000, 1_000,
  ]);
});

const keys = keysBelow('/service/test/');
const watched = {
  whole: new Set([keys.leader, keys.sync]),
  memberPrefix: keys.members,
  ownPrefixes: [keys.pledges],
  ownMember: keys.member('ada'),
};

function woken(key: string, before: string | undefined, after: string | undefined): boolean {
  const keyValue = (value: string | undefined) =>
    value === undefined ? undefined : { key, value, createRevision: 1, modRevision: 1, leaseId: undefined };
  return reasonToWake([{ key, before: keyValue(before), after: keyValue(after), revision: 1 }], watched) !== undefined;
}

test.each<{ name: string; key: string; before?: string; after?: string; wakes: boolean }>([
  { name: 'the leader key goes', key: keys.leader, before: 'bob', wakes: true },
  { name: 'the leader key is replaced', key: keys.leader, before: 'bob', after: 'bob', wakes: true },
  { name: '/sync changes', key: keys.sync, before: '{}', after: '{"a":1}', wakes: true },
  { name: 'a position is told', key: keys.status, before: '1', after: '2', wakes: false },
  { name: 'a pledge comes', key: keys.pledge('bob'), after: '{}', wakes: true },
  { name: 'a member comes', key: keys.member('bob'), after: '{}', wakes: true },
  { name: 'a member goes', key: keys.member('bob'), before: '{}', wakes: true },
  {
    name: 'a member changes its state',
    key: keys.member('bob'),
    before: '{"state":"running","xlog_location":1}',
    after: '{"state":"stopped","xlog_location":1}',
    wakes: true,
  },
  {
    name: 'a member moves on',
    key: keys.member('bob'),
    before: '{"state":"running","xlog_location":1,"replay_lsn":1}',
    after: '{"state":"running","xlog_location":2,"replay_lsn":2}',
    wakes: false,
  },
  { name: 'a member turns to nonsense', key: keys.member('bob'), before: '{}', after: '{', wakes: true },
  { name: 'our own key', key: keys.member('ada'), before: '{}', after: '{"state":"running"}', wakes: false },
  { name: 'a key that we do not know', key: `${keys.prefix}other`, after: '1', wakes: false },
])('$name: wakes $wakes', ({ key, before, after, wakes }) => {
  expect(woken(key, before, after)).toBe(wakes);
});

const row = (timeline: number, position: number) => ({ timeline, lsn: lsn(position), reason: 'no recovery target' });

test('the history keeps who began a timeline and when, as long as the row is the same', () => {
  const known = [
    { ...row(1, 100), at: 'then', newLeader: 'ada' },
    { ...row(2, 150), at: 'later', newLeader: 'bob' },
  ];
  const merged = mergeHistory([row(1, 100), row(2, 200)], { known, newLeader: 'cyd', at: 'now', lengthMax: 0 });
  expect(merged).toEqual([
    { ...row(1, 100), at: 'then', newLeader: 'ada' },
    { ...row(2, 200), at: 'now', newLeader: 'cyd' },
  ]);
});

test('the history is cut to its newest rows', () => {
  const merged = mergeHistory([row(1, 1), row(2, 2), row(3, 3)], { known: [], newLeader: 'a', at: 'b', lengthMax: 2 });
  expect(merged.map(({ timeline }) => timeline)).toEqual([2, 3]);
});
