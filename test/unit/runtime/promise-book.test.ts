import { beforeEach, describe, expect, test } from 'vitest';
import type { PromiseRequest } from '../../../src/ports/peers.ts';
import type { PromiseGiven } from '../../../src/ports/promises.ts';
import { PromiseBook } from '../../../src/runtime/promise-book.ts';
import { FakeClock, FakePromiseFile, settle } from '../../support/runtime-ports.ts';

const GIVE = { kind: 'give', promiseMs: 30_000 } as const;

let clock: FakeClock;
let file: FakePromiseFile;
let changes: string[];

function aBook(): PromiseBook {
  return new PromiseBook({
    file,
    clock,
    name: 'bob',
    scope: 'test',
    onTrouble: () => undefined,
    onChange: (reason) => changes.push(reason),
  });
}

async function opened(): Promise<PromiseBook> {
  const book = aBook();
  await book.load();
  book.judge(GIVE);
  return book;
}

function request(
  more: Partial<{ promiseMs: number; number: number; reign: number; to: string; name: string }> = {},
): PromiseRequest {
  const { promiseMs = 3_000, number = 1, reign = 7, to = 'bob', name = 'ada' } = more;
  const own = { scope: 'test', to, promiseMs, reign, number };
  return { name, connUrl: undefined, apiUrl: undefined, slots: {}, own };
}

const FORGET = { name: 'ada', scope: 'test', to: 'bob', reign: 7, upTo: 9 };

beforeEach(() => {
  clock = new FakeClock();
  file = new FakePromiseFile();
  changes = [];
});

test('a promise binds for its length from its receipt', async () => {
  const book = await opened();
  expect(await book.give(request())).toEqual({ kind: 'accepted' });
  expect(book.isBound()).toBe(true);
  expect(book.view()).toMatchObject({ kind: 'given', leader: 'ada', untilMs: clock.nowMs + 3_000 });
  await clock.advance(3_000);
  expect(book.isBound()).toBe(false);
  expect(changes).toEqual(['promised ada not to lead']);
});

test('it binds before it is on disk, and is told only afterwards', async () => {
  const book = await opened();
  let written: () => void = () => undefined;
  file.slow = new Promise((resolve) => {
    written = resolve;
  });
  const told: PromiseGiven[] = [];
  const asking = async (): Promise<void> => {
    told.push(await book.give(request()));
  };
  const asked = asking();
  await settle();
  expect(book.isBound()).toBe(true);
  expect(told).toEqual([]);
  written();
  await asked;
  expect(told).toEqual([{ kind: 'accepted' }]);
  expect(file.found).toMatchObject({ kind: 'read', promises: [{ leader: 'ada', lengthMs: 3_000 }] });
});

test('what could not be kept is not promised', async () => {
  const book = await opened();
  file.trouble = 'no space left on device';
  expect(await book.give(request())).toEqual({
    kind: 'refused',
    status: 500,
    why: 'the promise could not be kept: no space left on device',
  });
});

test("a Patroni leader's request lasts as long as our own `ttl`, and cannot be taken back", async () => {
  const book = await opened();
  await book.give({ ...request(), own: undefined });
  expect(book.view()).toMatchObject({ untilMs: clock.nowMs + 30_000 });
  book.forget(FORGET);
  expect(book.isBound()).toBe(true);
});

test('a shorter one does not cut short what was promised before', async () => {
  const book = await opened();
  await book.give(request({ promiseMs: 20_000 }));
  const untilMs = clock.nowMs + 20_000;
  await clock.advance(1_000);
  await book.give(request({ promiseMs: 3_000, number: 2 }));
  expect(book.view()).toMatchObject({ untilMs });
});

test("the core's word is final", async () => {
  const book = await opened();
  book.judge({ kind: 'refuse', status: 503, why: 'a pledge stands, or may stand' });
  expect(await book.give(request())).toMatchObject({ kind: 'refused', status: 503 });
  expect(book.isBound()).toBe(false);
});

test('nothing is promised before the first decision', async () => {
  const book = aBook();
  await book.load();
  expect(await book.give(request())).toMatchObject({ kind: 'refused', status: 503 });
});

test.each([
  ['another member', request({ to: 'cyd' })],
  ['another cluster', { ...request(), own: { scope: 'x', to: 'bob', promiseMs: 1, reign: 1, number: 1 } }],
  ['itself', request({ name: 'bob' })],
  ['no time at all', request({ promiseMs: 0 })],
  ['for ever', request({ promiseMs: 1e12 })],
])('a request for %s is refused', async (_, asked) => {
  const book = await opened();
  expect(await book.give(asked)).toMatchObject({ kind: 'refused', status: 400 });
});

test('leaders that ask are bounded', async () => {
  const book = await opened();
  for (let count = 0; count < 16; count += 1) await book.give(request({ name: `m${count}` }));
  expect(await book.give(request({ name: 'one more' }))).toMatchObject({ kind: 'refused', status: 503 });
  await clock.advance(3_000);
  expect(await book.give(request({ name: 'one more' }))).toEqual({ kind: 'accepted' });
});

describe('forgetting', () => {
  test('ends the promise', async () => {
    const book = await opened();
    await book.give(request({ number: 9 }));
    book.forget(FORGET);
    await settle();
    expect(book.isBound()).toBe(false);
    expect(file.found).toEqual({ kind: 'read', promises: [] });
  });

  test.each([
    ['was asked for later than what is taken back', request({ number: 10 }), FORGET],
    ['is of another reign', request({ reign: 8 }), FORGET],
    ['was given to another leader', request({ name: 'cyd' }), FORGET],
    ['is meant for another member', request(), { ...FORGET, to: 'cyd' }],
  ])('keeps a promise that %s', async (_, asked, forget) => {
    const book = await opened();
    await book.give(asked);
    book.forget(forget);
    expect(book.isBound()).toBe(true);
  });
});

describe('after a start', () => {
  const promise = { leader: 'ada', connUrl: undefined, asked: undefined, receivedMs: 999_000, lengthMs: 3_000 };

  test('a promise binds on, and no pledge can have been made since', async () => {
    file.found = { kind: 'read', promises: [promise] };
    const book = aBook();
    expect(await book.load()).toBe(true);
    expect(book.view()).toMatchObject({ kind: 'given', untilMs: 1_002_000 });
  });

  test('of the machine, whose clock begins anew, it binds for its length at the most', async () => {
    file.found = { kind: 'read', promises: [{ ...promise, receivedMs: 9e9 }] };
    const book = aBook();
    await book.load();
    expect(book.view()).toMatchObject({ kind: 'given', untilMs: clock.nowMs + 3_000 });
  });

  test.each([
    ['absent', { kind: 'absent' } as const],
    ['unreadable', { kind: 'unreadable', why: 'input/output error' } as const],
  ])('with a file that is %s there may be one', async (_, found) => {
    file.found = found;
    const book = aBook();
    expect(await book.load()).toBe(false);
    expect(book.view()).toEqual({ kind: 'unread', sinceMs: clock.nowMs });
  });

  test('a disk that does not answer counts as unreadable', async () => {
    file.read = () => new Promise(() => undefined);
    const book = aBook();
    const loading = book.load();
    await clock.advance(2_000);
    expect(await loading).toBe(false);
  });
});

describe('before a pledge', () => {
  test('the record goes, as it says that none was made', async () => {
    const book = await opened();
    await book.give(request());
    await clock.advance(3_000);
    book.judge({ kind: 'refuse', status: 503, why: 'a pledge stands, or may stand' });
    expect(await book.clear()).toBeUndefined();
    expect(file.found).toEqual({ kind: 'absent' });
    book.forget(FORGET);
    await settle();
    expect(file.found).toEqual({ kind: 'absent' });
  });

  test('the reason is told where it cannot', async () => {
    const book = await opened();
    await book.give(request());
    file.trouble = 'read-only file system';
    expect(await book.clear()).toBe('read-only file system');
  });

  test('a promise that runs is not forgotten', async () => {
    const book = await opened();
    await book.give(request());
    await book.clear();
    expect(book.isBound()).toBe(true);
  });
});
