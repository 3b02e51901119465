import { expect, test, vi } from 'vitest';
import type { Answer } from '../../../src/api/answer.ts';
import { endpointFor } from '../../../src/api/contract.ts';
import { queryFrom } from '../../../src/api/query.ts';
import { situationOf } from '../../../src/api/situation.ts';
import { seen, unknown } from '../../../src/core/model/seen.ts';
import { FakeDesk, PEER } from './a-desk.ts';
import { aPrimary, aSnapshot, aView, HELD, NOW_MS, TWO } from './snapshots.ts';

const SYNC = {
  ...TWO,
  config: '{"synchronous_mode":true}',
  sync: '{"leader":"postgresql0","sync_standby":"postgresql1"}',
};
const THIRD = '{"api_url":"http://127.0.0.1:38010/patroni","state":"running","role":"replica"}';

function showing(values: Readonly<Record<string, string>>) {
  return aSnapshot({ view: aView(values), sql: aPrimary(), lease: HELD });
}

async function ask(desk: FakeDesk, path: string, body: object, method = 'POST'): Promise<Answer> {
  const endpoint = endpointFor(method, path);
  if (endpoint === undefined) throw new Error(`no endpoint ${path}`);
  const situation = desk.last && situationOf(desk.last, NOW_MS);
  const office = { desk, scope: 'batman', name: 'postgresql0', startedMs: 0, situation };
  return endpoint.handle({ path, query: queryFrom(''), body: { ...body } }, office);
}

interface Refusal {
  readonly path: string;
  readonly body: object;
  readonly values?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly text: string;
}

const PAUSED = { ...TWO, config: '{"pause":true}' };
const LATER = '2030-01-01T00:00:00+00:00';
const FROM = { leader: 'postgresql0' };
const UNPARSABLE = 'Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601';

test.each<Refusal>([
  {
    path: '/failover',
    body: { leader: 'postgresql0' },
    status: 400,
    text: 'Failover could be performed only to a specific candidate',
  },
  {
    path: '/switchover',
    body: { candidate: 'postgresql1' },
    status: 400,
    text: 'Switchover could be performed only from a specific leader',
  },
  {
    path: '/switchover',
    body: { leader: '', candidate: null, x: 1 },
    status: 400,
    text: 'Switchover could be performed only from a specific leader',
  },
  {
    path: '/failover',
    body: { candidate: 'postgresql1', scheduled_at: 'x' },
    status: 400,
    text: "Failover can't be scheduled",
  },
  {
    path: '/switchover',
    body: { ...FROM, scheduled_at: 'x' },
    values: PAUSED,
    status: 400,
    text: "Can't schedule switchover in the paused state",
  },
  {
    path: '/switchover',
    body: { ...FROM, scheduled_at: '2030-01-01T00:00' },
    status: 400,
    text: 'Timezone information is mandatory for the scheduled switchover',
  },
  {
    path: '/switchover',
    body: { ...FROM, scheduled_at: '2020-01-01T00:00+00' },
    status: 422,
    text: 'Cannot schedule switchover in the past',
  },
  { path: '/switchover', body: { ...FROM, scheduled_at: 'tomorrow' }, status: 422, text: UNPARSABLE },
  {
    path: '/switchover',
    body: FROM,
    values: PAUSED,
    status: 400,
    text: 'Switchover is possible only to a specific candidate in a paused state',
  },
  {
    path: '/switchover',
    body: { ...FROM, candidate: 'postgresql0' },
    status: 400,
    text: 'Switchover target and source are the same',
  },
  {
    path: '/failover',
    body: { ...FROM, member: 'postgresql0' },
    status: 400,
    text: 'Switchover target and source are the same',
  },
  { path: '/switchover', body: { leader: 'postgresql1' }, status: 412, text: 'leader name does not match' },
  {
    path: '/switchover',
    body: { ...FROM, candidate: 'x' },
    values: SYNC,
    status: 412,
    text: 'candidate name does not match with sync_standby',
  },
  { path: '/switchover', body: { ...FROM, candidate: 'x' }, status: 412, text: 'candidate does not exists' },
  { path: '/failover', body: { candidate: 'x' }, values: SYNC, status: 412, text: 'candidate does not exists' },
  {
    path: '/switchover',
    body: FROM,
    values: { ...SYNC, sync: '{"leader":"postgresql0","sync_standby":null}' },
    status: 412,
    text: 'switchover is not possible: can not find sync_standby',
  },
  {
    path: '/switchover',
    body: FROM,
    values: { ...TWO, 'members/postgresql1': '{}' },
    status: 412,
    text: 'switchover is not possible: cluster does not have members except leader',
  },
  {
    path: '/failover',
    body: { candidate: 'postgresql0' },
    status: 412,
    text: 'failover is not possible: cluster does not have members except leader',
  },
])('$path $body is refused: $status $text', async ({ path, body, values, status, text }) => {
  const desk = new FakeDesk(showing(values ?? TWO));
  expect(await ask(desk, path, body)).toMatchObject({ status, body: text });
  expect(desk.asked).toEqual([]);
});

test.each([{ leader: 1 }, { leader: 'postgresql0', candidate: ['x'] }, { leader: 'postgresql0', scheduled_at: {} }])(
  'a field that is no text is refused: %j',
  async (body) => {
    expect(await ask(new FakeDesk(showing(TWO)), '/switchover', body)).toMatchObject({ status: 400 });
  },
);

test.each([
  { name: 'nobody answers', peer: unknown('refused') },
  { name: 'it may not lead', peer: seen({ ...PEER, tags: { nofailover: true } }, 0) },
  { name: 'its priority is 0', peer: seen({ ...PEER, tags: { failover_priority: 0 } }, 0) },
])('no good candidate: $name', async ({ peer }) => {
  const desk = new FakeDesk(showing(TWO));
  desk.peer = peer;
  expect(await ask(desk, '/switchover', FROM)).toMatchObject({
    status: 412,
    body: 'switchover is not possible: no good candidates have been found',
  });
  expect(desk.asked).toEqual(['http://127.0.0.1:38009/patroni']);
});

test('only synchronous standbys are asked in synchronous mode', async () => {
  const desk = new FakeDesk(showing({ ...SYNC, 'members/z': THIRD }));
  desk.peer = unknown('refused');
  await ask(desk, '/switchover', FROM);
  expect(desk.asked).toEqual(['http://127.0.0.1:38009/patroni']);
});

test('a scheduled switchover is written and answered at once', async () => {
  const desk = new FakeDesk(showing(TWO));
  const body = { ...FROM, candidate: 'postgresql1', scheduled_at: LATER };
  expect(await ask(desk, '/switchover', body)).toMatchObject({ status: 202, body: 'Switchover scheduled' });
  expect(desk.asked.at(-1)).toEqual({ leader: 'postgresql0', candidate: 'postgresql1', scheduledAt: LATER });
  expect(desk.listenerCount).toBe(0);
});

test.each([{ kind: 'notDone', why: 'x' } as const, { kind: 'conflict' } as const])(
  'a request that is not written: $kind',
  async (outcome) => {
    const desk = new FakeDesk(showing(TWO));
    desk.failover = outcome;
    expect(await ask(desk, '/switchover', FROM)).toMatchObject({
      status: 503,
      body: 'failed to write failover key into DCS',
    });
  },
);

const { leader: _, ...LEADERLESS } = TWO;

test.each<{
  readonly name: string;
  readonly path: string;
  readonly body: object;
  readonly before?: Readonly<Record<string, string>>;
  readonly shown: readonly Readonly<Record<string, string>>[];
  readonly status: number;
  readonly text: string;
}>([
  {
    name: 'the candidate leads',
    path: '/switchover',
    body: { ...FROM, candidate: 'postgresql1' },
    shown: [TWO, LEADERLESS, { ...TWO, leader: 'postgresql1' }],
    status: 200,
    text: 'Successfully switched over to "postgresql1"',
  },
  {
    name: 'any leads',
    path: '/switchover',
    body: FROM,
    shown: [{ ...TWO, leader: 'postgresql1' }],
    status: 200,
    text: 'Successfully switched over to "postgresql1"',
  },
  {
    name: 'another leads',
    path: '/switchover',
    body: { ...FROM, candidate: 'postgresql1' },
    shown: [{ ...TWO, leader: 'z' }],
    status: 200,
    text: 'Switched over to "z" instead of "postgresql1"',
  },
  {
    name: 'failed over',
    path: '/failover',
    body: { candidate: 'postgresql1' },
    before: LEADERLESS,
    shown: [{ ...TWO, leader: 'postgresql1' }],
    status: 200,
    text: 'Successfully failed over to "postgresql1"',
  },
  {
    name: 'failed over elsewhere',
    path: '/failover',
    body: { candidate: 'postgresql1' },
    before: LEADERLESS,
    shown: [{ ...TWO, leader: 'z' }],
    status: 200,
    text: 'Failed over to "z" instead of "postgresql1"',
  },
  {
    name: 'dropped',
    path: '/switchover',
    body: FROM,
    shown: [TWO, { ...TWO, failover: '{}' }],
    status: 503,
    text: 'Switchover failed',
  },
  {
    name: 'dropped failover',
    path: '/failover',
    body: { candidate: 'postgresql1' },
    shown: [{ ...TWO, failover: '{}' }],
    status: 503,
    text: 'Failover failed',
  },
])('the outcome is awaited: $name', async ({ path, body, before, shown, status, text }) => {
  const desk = new FakeDesk(showing(before ?? TWO));
  const answer = ask(desk, path, body);
  await vi.waitFor(() => {
    expect(desk.listenerCount).toBe(1);
  });
  for (const values of shown) desk.show(showing(values));
  expect(await answer).toMatchObject({ status, body: text });
  expect(desk.listenerCount).toBe(0);
});

test('a request that nothing comes of is answered when the time is up', async () => {
  vi.useFakeTimers();
  try {
    const desk = new FakeDesk(showing({ ...TWO, config: '{"loop_wait":15,"ttl":60}' }));
    desk.failover = { kind: 'unknown', why: 'no answer' };
    const answer = ask(desk, '/switchover', FROM);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(desk.listenerCount).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await answer).toMatchObject({
      status: 503,
      body: 'Switchover status unknown after 30 seconds; operation may still be in progress',
    });
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  { failover: undefined, outcome: { kind: 'done', value: null } as const, status: 404 },
  { failover: '{"leader":"a"}', outcome: { kind: 'done', value: null } as const, status: 404 },
  {
    failover: `{"leader":"a","scheduled_at":"${LATER}"}`,
    outcome: { kind: 'done', value: null } as const,
    status: 200,
  },
  { failover: `{"leader":"a","scheduled_at":"${LATER}"}`, outcome: { kind: 'conflict' } as const, status: 409 },
])('taking back $failover answers $status', async ({ failover, outcome, status }) => {
  const desk = new FakeDesk(showing(failover === undefined ? TWO : { ...TWO, failover }));
  desk.failover = outcome;
  expect(await ask(desk, '/switchover', {}, 'DELETE')).toMatchObject({ status });
});

test('without the store nothing is begun', async () => {
  const desk = new FakeDesk(aSnapshot({ sql: aPrimary() }));
  expect(await ask(desk, '/switchover', FROM)).toMatchObject({ status: 503, body: 'the store does not answer' });
  expect(desk.asked).toEqual([]);
});
