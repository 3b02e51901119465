import { expect, test } from 'vitest';
import type { Answer } from '../../../src/api/answer.ts';
import { endpointFor } from '../../../src/api/contract.ts';
import { queryFrom } from '../../../src/api/query.ts';
import { situationOf } from '../../../src/api/situation.ts';
import type { DeskOutcome } from '../../../src/ports/desk.ts';
import { FakeDesk } from './a-desk.ts';
import { aSnapshot, aView, NOW_MS } from './snapshots.ts';

const FUTURE = '2030-01-01T00:00:00+00:00';

async function call(method: string, path: string, body: Record<string, unknown>, desk = aDesk()): Promise<Answer> {
  const endpoint = endpointFor(method, path);
  const snapshot = desk.snapshot();
  const situation = snapshot === undefined ? undefined : situationOf(snapshot, NOW_MS);
  if (endpoint === undefined) throw new Error('no such endpoint');
  return endpoint.handle(
    { path, query: queryFrom(''), body },
    { desk, scope: 'batman', name: 'postgresql0', startedMs: NOW_MS, situation },
  );
}

function aDesk(operating?: DeskOutcome<string>): FakeDesk {
  const desk = new FakeDesk(aSnapshot({ view: aView({ config: '{}' }) }));
  if (operating !== undefined) desk.operating = operating;
  return desk;
}

test('a restart answers once it is over', async () => {
  const desk = aDesk();
  const answer = await call('POST', '/restart', { role: 'primary', postgres_version: '15.4', timeout: '1min' }, desk);
  expect(answer).toMatchObject({ status: 200, body: 'restarted successfully' });
  expect(desk.asked).toEqual([
    { kind: 'restart', wish: { role: 'primary', postgresVersion: '15.4', timeoutMs: 60_000 } },
  ]);
});

test.each<[Record<string, unknown>, number, RegExp]>([
  [{ role: 'boss' }, 400, /^PostgreSQL role should be either primary, standby_leader, or replica$/],
  [{ postgres_version: '9' }, 400, /^Invalid PostgreSQL version/],
  [{ timeout: 0 }, 400, /^Timeout should be a positive number of seconds$/],
  [{ timeout: 'soon' }, 400, /^Timeout should be a positive number of seconds$/],
  [{ colour: 'red' }, 400, /^Unknown filter for the scheduled restart: colour$/],
  [{ schedule: '2030-01-01T00:00' }, 400, /^Timezone information is mandatory for the scheduled restart$/],
  [{ schedule: 'tomorrow' }, 422, /^Unable to parse scheduled timestamp/],
  [{ schedule: '2001-01-01T00:00Z' }, 422, /^Cannot schedule restart in the past$/],
])('%j is refused', async (body, status, text) => {
  const desk = aDesk();
  const answer = await call('POST', '/restart', body, desk);
  expect([answer.status, text.test(answer.body ?? '')]).toEqual([status, true]);
  expect(desk.asked).toEqual([]);
});

test.each<[DeskOutcome<string>, Record<string, unknown>, number]>([
  [{ kind: 'done', value: 'Restart scheduled' }, { schedule: FUTURE }, 202],
  [{ kind: 'notDone', why: 'Another restart is already scheduled' }, { schedule: FUTURE }, 409],
  [{ kind: 'notDone', why: "Can't schedule restart in the paused state" }, { schedule: FUTURE }, 500],
  [{ kind: 'notDone', why: 'restart failed' }, {}, 503],
  [{ kind: 'notDone', why: 'restart conditions are not satisfied' }, { restart_pending: null }, 503],
  [{ kind: 'unknown', why: 'no outcome' }, {}, 503],
])('%j', async (outcome, body, status) => {
  expect((await call('POST', '/restart', body, aDesk(outcome))).status).toBe(status);
});

test('a scheduled restart is taken back', async () => {
  const deleted = aDesk({ kind: 'done', value: 'scheduled restart deleted' });
  expect(await call('DELETE', '/restart', {}, deleted)).toMatchObject({
    status: 200,
    body: 'scheduled restart deleted',
  });
  const none = aDesk({ kind: 'notDone', why: 'no restarts are scheduled' });
  expect(await call('DELETE', '/restart', {}, none)).toMatchObject({ status: 404, body: 'no restarts are scheduled' });
});

test('a reload is taken note of', async () => {
  const desk = aDesk();
  expect(await call('POST', '/reload', {}, desk)).toMatchObject({ status: 202, body: 'reload scheduled' });
  expect(desk.asked).toEqual(['reload']);
});
