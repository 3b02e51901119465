// GET, POST and DELETE /failsafe, and who says that failsafe mode carries the cluster.
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/api/answer.ts';
import { endpointFor } from '../../../src/api/contract.ts';
import { forgetBody, promiseBody } from '../../../src/api/failsafe-body.ts';
import { isReady } from '../../../src/api/probes.ts';
import { queryFrom } from '../../../src/api/query.ts';
import { situationOf } from '../../../src/api/situation.ts';
import { statusDocument } from '../../../src/api/status-document.ts';
import { lsn } from '../../../src/core/model/lsn.ts';
import { FakeDesk } from './a-desk.ts';
import { aPrimary, aSnapshot, aStandby, aView, HELD, NOW_MS, type Told, TWO } from './snapshots.ts';

const MAP = '{"postgresql0":"http://127.0.0.1:38008/patroni"}';
const ASKED = { name: 'postgresql0', conn_url: 'postgres://x', api_url: 'http://x', slots: { postgresql1: 67393056 } };

async function ask(
  method: string,
  body: object = {},
  told: Told = { sql: aStandby() },
  desk = new FakeDesk(),
): Promise<Answer> {
  const endpoint = endpointFor(method, '/failsafe');
  if (endpoint === undefined) throw new Error('no such endpoint');
  const situation = situationOf(aSnapshot(told), NOW_MS);
  return endpoint.handle(
    { path: '/failsafe', query: queryFrom(''), body: { ...body } },
    { desk, scope: 'batman', name: 'postgresql1', startedMs: 0, situation },
  );
}

describe('GET /failsafe', () => {
  test('tells the map, also as last read while the store is silent', async () => {
    const lastCluster = { view: aView({ ...TWO, failsafe: MAP }), atMs: NOW_MS - 60_000 };
    const answer = await ask('GET', {}, { snapshot: { lastCluster } });
    expect(answer).toMatchObject({ status: 200, body: '{"postgresql0": "http://127.0.0.1:38008/patroni"}' });
  });

  test('is a 502 page where there is none', async () => {
    const lastCluster = { view: aView(TWO), atMs: NOW_MS };
    expect(await ask('GET', {}, { snapshot: { lastCluster } })).toMatchObject({ status: 502 });
  });
});

describe('POST /failsafe', () => {
  test("Patroni's request is answered with Patroni's words and the position", async () => {
    const desk = new FakeDesk();
    const answer = await ask('POST', ASKED, { sql: aStandby() }, desk);
    expect(answer).toMatchObject({ status: 200, body: 'Accepted', headers: { lsn: '67393056' } });
    expect(desk.asked).toEqual([
      {
        name: 'postgresql0',
        connUrl: 'postgres://x',
        apiUrl: 'http://x',
        slots: { postgresql1: lsn(67393056) },
        own: undefined,
      },
    ]);
  });

  test('our own request says whom it is for, for how long and in which order', async () => {
    const desk = new FakeDesk();
    const own = { scope: 'batman', to: 'postgresql1', promiseMs: 3_000, reign: 12, number: 7 };
    const request = { name: 'postgresql0', connUrl: 'c', apiUrl: 'a', slots: {}, own };
    expect(await ask('POST', promiseBody(request), { sql: aStandby() }, desk)).toMatchObject({ status: 200 });
    expect(desk.asked).toEqual([request]);
  });

  test('a running primary answers 500 in the words that Patroni knows', async () => {
    const desk = new FakeDesk();
    desk.given = { kind: 'refused', status: 500, why: 'Running as a leader' };
    expect(await ask('POST', ASKED, {}, desk)).toMatchObject({ status: 500, body: 'Running as a leader' });
  });

  test('502 is a page where the mode is off', async () => {
    const desk = new FakeDesk();
    desk.given = { kind: 'refused', status: 502, why: 'failsafe_mode is off' };
    const answer = await ask('POST', ASKED, {}, desk);
    expect(answer.status).toBe(502);
    expect(answer.body).toContain('<!DOCTYPE html>');
  });

  test.each([
    ['no name', {}],
    ['a name that is none', { name: 7 }],
    ['a name without end', { name: 'x'.repeat(2_000) }],
    ['own fields that are none', { name: 'a', kornak: 'x' }],
    ['nobody asked', { name: 'a', kornak: { reign: 1, number: 1, promise_ms: 1 } }],
    ['no length', { name: 'a', kornak: { scope: 's', to: 'b', reign: 1, number: 1 } }],
    ['no order', { name: 'a', kornak: { scope: 's', to: 'b', promise_ms: 1 } }],
  ])('a body with %s is refused with the field, and nothing is promised', async (_, body) => {
    const desk = new FakeDesk();
    const answer = await ask('POST', body, {}, desk);
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.body).toMatch(/name|kornak/);
    expect(desk.asked).toEqual([]);
  });

  test('asks for the password, as all that change something do', () => {
    expect(endpointFor('POST', '/failsafe')?.isUnsafe).toBe(true);
    expect(endpointFor('DELETE', '/failsafe')?.isUnsafe).toBe(true);
    expect(endpointFor('GET', '/failsafe')?.isUnsafe).toBe(false);
  });
});

test('DELETE /failsafe hands in what is to be forgotten', async () => {
  const desk = new FakeDesk();
  const request = { name: 'postgresql0', scope: 'batman', to: 'postgresql1', reign: 12, upTo: 9 };
  expect(await ask('DELETE', forgetBody(request), {}, desk)).toMatchObject({ status: 200 });
  expect(desk.asked).toEqual([request]);
  expect(await ask('DELETE', { name: 'x' }, {}, desk)).toMatchObject({ status: 400 });
});

describe('failsafe_mode_is_active', () => {
  const shown = (told: Told): unknown =>
    statusDocument(situationOf(aSnapshot(told), NOW_MS))['failsafe_mode_is_active'];
  const given = { kind: 'given', leader: 'postgresql0', connUrl: undefined, sinceMs: NOW_MS - 1_000 } as const;

  test('on a leader that leads by promises', () => {
    const lease = { ...HELD, carriedSinceMs: NOW_MS - 1_000 };
    expect(shown({ sql: aPrimary(), lease })).toBe(true);
    expect(shown({ sql: aPrimary(), lease: HELD })).toBeUndefined();
  });

  test('on a replica whose promise runs', () => {
    expect(shown({ sql: aStandby(), observation: { promise: { ...given, untilMs: NOW_MS + 1 } } })).toBe(true);
    expect(shown({ sql: aStandby(), observation: { promise: { ...given, untilMs: NOW_MS } } })).toBeUndefined();
  });

  test('a streaming replica that knows nothing of its leader is ready while it is', () => {
    const ready = (untilMs: number): boolean =>
      isReady(
        situationOf(aSnapshot({ sql: aStandby(), observation: { promise: { ...given, untilMs } } }), NOW_MS),
        queryFrom(''),
      );
    expect([ready(NOW_MS + 1), ready(NOW_MS - 1)]).toEqual([true, false]);
  });
});
