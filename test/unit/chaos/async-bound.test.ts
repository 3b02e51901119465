import { describe, expect, test } from 'vitest';
import { asyncLoss, forksOf, lsnOf, type StoreStory } from '../../../chaos/net/async-bound.ts';
import { changesOf, type KeyChange } from '../../../chaos/net/store-history.ts';

const change = (revision: number, value: string | undefined): KeyChange => ({ revision, value });
const status = (revision: number, optime: number): KeyChange => change(revision, JSON.stringify({ optime }));
const row = (timeline: number, lsn: number, leader: string) => [timeline, lsn, 'no recovery target', 'now', leader];
const history = (revision: number, ...rows: readonly (readonly unknown[])[]): KeyChange =>
  change(revision, JSON.stringify(rows));

/** a leads, publishes 1000 and then 5000; b takes over and publishes as well. */
const STORY: StoreStory = {
  leader: [change(10, 'a'), change(30, undefined), change(31, 'b')],
  status: [status(11, 1_000), status(20, 5_000), status(40, 9_000)],
  history: [history(41, row(1, 500, 'a'), row(2, 4_000, 'b'))],
};

describe('the position that a primary had published', () => {
  test('is the last one before its key was taken', () => {
    expect(forksOf(STORY, 2)).toEqual([{ timeline: 2, forkLsn: 4_000n, publishedLsn: 5_000n }]);
  });

  test('is not one that it wrote under a later reign', () => {
    const again: StoreStory = {
      ...STORY,
      leader: [...STORY.leader, change(32, undefined), change(39, 'b'), change(60, 'c'), change(70, 'b')],
    };
    expect(forksOf(again, 2)[0]?.publishedLsn).toBe(5_000n);
  });

  test('is found also when two changes were written down at once', () => {
    const two: StoreStory = {
      leader: [change(10, 'a'), change(31, 'b'), change(50, 'c')],
      status: [status(11, 1_000), status(40, 7_000)],
      history: [history(51, row(2, 900, 'b'), row(3, 6_500, 'c'))],
    };
    expect(forksOf(two, 2).map(({ publishedLsn }) => publishedLsn)).toEqual([1_000n, 7_000n]);
  });

  test('is unknown when nothing was published in this time', () => {
    expect(forksOf({ ...STORY, status: [] }, 2)[0]?.publishedLsn).toBeUndefined();
  });
});

describe('what goes without synchronous replication', () => {
  const fork = { timeline: 2, forkLsn: 4_000n, publishedLsn: 5_000n };
  const place = (id: number, lsn: bigint, timeline = 2) => ({ id, lsn, timeline });

  test('is measured from the fork to the last acknowledged row behind it', () => {
    const told = asyncLoss([fork], [place(1, 4_200n), place(2, 6_000n), place(3, 9_000n, 1)], 1_000);
    expect(told).toEqual({ lostBytes: 2_000, promisedBytes: 2_000, beyond: [] });
  });

  test('is nothing when nothing was lost', () => {
    expect(asyncLoss([fork], [], 1_000)).toEqual({ lostBytes: 0, promisedBytes: 1_000, beyond: [] });
  });

  test('is more than was promised when the new primary was too far behind', () => {
    expect(asyncLoss([fork], [place(1, 4_200n)], 999).beyond).toEqual([
      'timeline 2 was left 1000 bytes before what had been published of it, 999 may be',
    ]);
  });
});

describe('what a key of the store was', () => {
  const event = (type: string | undefined, revision: string, value?: string) => ({
    ...(type === undefined ? {} : { type }),
    kv: { mod_revision: revision, ...(value === undefined ? {} : { value: Buffer.from(value).toString('base64') }) },
  });

  test('is read from the lines of a watch, the last of which may be cut off', () => {
    const stream = [
      JSON.stringify({ result: { created: true } }),
      JSON.stringify({ result: { events: [event(undefined, '7', 'a'), event('DELETE', '9')] } }),
      JSON.stringify({ result: { events: [event(undefined, '12', 'b')] } }),
      '{"result":{"even',
    ].join('\n');
    expect(changesOf(stream)).toEqual([change(7, 'a'), change(9, undefined), change(12, 'b')]);
  });
});

test('a position is two halves', () => {
  expect(lsnOf('1/5000028')).toBe(0x1_0500_0028n);
});
