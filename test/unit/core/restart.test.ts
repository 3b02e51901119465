// Restarts as the core decides them: which request is taken, refused or kept, and what follows a restart that failed.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { FinishedJob, Job } from '../../../src/core/model/job.ts';
import type { Asked, Observation } from '../../../src/core/model/observation.ts';
import type { Decision } from '../../../src/core/model/plan.ts';
import type { RestartWish, ScheduledRestart } from '../../../src/core/model/restart.ts';
import {
  configKey,
  down,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  postgres,
  primary,
  runningJob,
  standby,
  view,
} from '../../support/core-builders.ts';

const WALL_MS = observation().wallMs;
const NO_SETTINGS = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
const STARTED = '2026-11-23 06:34:44.230980+00:00';
const leaderView = view({ leader: leaderKey('a'), reign: { value: { name: 'a', timeline: 1 }, revision: 10 } });
const leading = (more: Parameters<typeof observation>[0] = {}): Observation =>
  observation({ lease: held(), cluster: leaderView, postgres: primary(), ...more });
const replica = (more: Parameters<typeof observation>[0] = {}): Observation =>
  observation({
    cluster: view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' })] }),
    postgres: standby({ upstream: { host: 'b', port: 5432 } }),
    ...more,
  });
const serving = memory({ servingReign: 10, role: 'primary' });
const asked = (request: Asked): Pick<Observation, 'requests'> => ({ requests: [{ ...request, id: 7 }] });
const now = (wish: RestartWish = {}): Pick<Observation, 'requests'> => asked({ kind: 'restart', wish });
const later = (atMs: number, wish: RestartWish = {}): ScheduledRestart => ({
  wish,
  at: '2026-11-24T00:00:00+00:00',
  atMs,
  serverStartedAt: STARTED,
});
const restartJob = (role: 'primary' | 'standby' = 'primary'): Job => ({
  kind: 'restart',
  role,
  follow: undefined,
  settings: NO_SETTINGS,
  stopWithinMs: 60_000,
  startWithinMs: 1_000,
});
const ended = (job: Job, outcome: FinishedJob['outcome']): FinishedJob => ({
  job,
  outcome,
  startedMs: NOW_MS - 900,
  endedMs: NOW_MS - 1,
});
const answerOf = ({ plan }: Decision): unknown => plan.steps.find(({ kind }) => kind === 'answer');
const startedJob = ({ plan }: Decision): Job | undefined =>
  plan.steps.flatMap((step) => (step.kind === 'startJob' ? [step.job] : []))[0];

describe('a restart that is asked for', () => {
  test('of the leader: as primary, under its lease, with its voters waited for from the first moment', () => {
    const sync = { value: { leader: 'a', voters: ['b'], quorum: 0 }, revision: 5 };
    const seen = leading({ ...now({ timeoutMs: 10_000 }), cluster: { ...leaderView, sync } });
    const made = decide(seen, serving);
    expect(made.rule).toBe('T50');
    expect(startedJob(made)).toMatchObject({ kind: 'restart', role: 'primary', startWithinMs: 10_000 });
    expect(startedJob(made)).toMatchObject({ settings: { syncNames: 'b' } });
    expect(made.plan.verdict.kind).toBe('renew');
  });

  test('of a standby: as a standby of the leader', () => {
    const made = decide(replica(now()), memory());
    expect(made.rule).toBe('T50');
    expect(startedJob(made)).toMatchObject({ role: 'standby', follow: { member: 'b' } });
  });

  test('is asked once: while it runs, the lease is kept and nothing else is done', () => {
    const first = decide(leading(now()), serving);
    const during = decide(
      leading({ ...now(), job: runningJob(restartJob()), postgres: postgres({ postmaster: undefined }) }),
      first.memory,
    );
    expect(during.rule).toBe('J20');
    expect(during.plan.verdict.kind).toBe('renew');
    expect(during.plan.publish?.state).toBe('restarting');
  });

  test('of a synchronous standby: the leader is asked to count on others first, for a bounded time', () => {
    const sync = { value: { leader: 'b', voters: ['a'], quorum: 0 }, revision: 5 };
    const counted = view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' })], sync });
    const first = decide(replica({ ...now(), cluster: counted }), memory());
    expect([first.rule, first.plan.steps]).toEqual(['T50', []]);
    expect(first.plan.publish?.tags).toMatchObject({ nosync: true });
    const late = decide(replica({ ...now(), cluster: counted, nowMs: NOW_MS + 25_000 }), {
      ...first.memory,
      syncWatch: { ...first.memory.syncWatch, leaving: { sinceMs: NOW_MS, atMs: NOW_MS + 24_950 } },
    });
    expect(startedJob(late)).toMatchObject({ kind: 'restart', role: 'standby' });
  });

  test('waits for the checkpoint that runs to be ended', () => {
    const made = decide(leading({ ...now(), job: runningJob({ kind: 'checkpoint' }) }), serving);
    expect(made.rule).toBe('T50');
    expect(made.plan.steps.map(({ kind }) => kind)).toEqual(['cancelJob']);
  });

  test('is cancelled when the lease is lost', () => {
    const lost = observation({ cluster: leaderView, postgres: down(), job: runningJob(restartJob()) });
    expect(decide(lost, memory()).plan.steps).toMatchObject([{ kind: 'cancelJob' }]);
  });

  test.each<[string, Observation, string]>([
    ['another role', leading(now({ role: 'replica' })), 'restart conditions are not satisfied'],
    ['a version that is not below', leading(now({ postgresVersion: '15.18' })), 'restart conditions are not satisfied'],
    ['nothing that waits for it', leading(now({ restartPending: true })), 'restart conditions are not satisfied'],
    [
      'other work under way',
      replica({ ...now(), job: runningJob({ kind: 'follow', follow: undefined, settings: NO_SETTINGS }) }),
      'follow already in progress',
    ],
    [
      'a server that starts',
      observation({ cluster: leaderView, lease: held(), postgres: postgres({ starting: true }), ...now() }),
      'postgres is still starting',
    ],
  ])('is refused for %s', (_, seen, text) => {
    const made = decide(seen, serving);
    expect(made.rule).toBe('T40');
    expect(answerOf(made)).toEqual({ kind: 'answer', requestId: 7, ok: false, text });
  });

  test('a lower version and the right role are no reason to refuse it', () => {
    expect(decide(leading(now({ role: 'primary', postgresVersion: '15.19' })), serving).rule).toBe('T50');
  });

  test('is answered by what came of it', () => {
    const before = memory({ ...serving, restart: { requestId: 7, outcome: undefined } });
    const done = decide(leading({ ended: ended(restartJob(), { kind: 'done', facts: {} }) }), before);
    expect(done.rule).toBe('T10');
    expect(answerOf(done)).toMatchObject({ ok: true, text: 'restarted successfully' });
    const failed = decide(
      leading({ postgres: down(), ended: ended(restartJob(), { kind: 'failed', why: 'FATAL' }) }),
      before,
    );
    expect(answerOf(failed)).toMatchObject({ ok: false, text: 'restart failed' });
  });

  test('that never began is answered too', () => {
    const before = memory({ ...serving, restart: { requestId: 7, outcome: undefined } });
    expect(answerOf(decide(leading(), before))).toMatchObject({ ok: false, text: 'restart failed' });
  });
});

describe('a leader whose restart failed', () => {
  const failed = memory({ ...serving, restartFailedReign: 10, startTries: 1 });

  test('gives the key up to somebody who can lead', () => {
    const made = decide(leading({ postgres: down({ state: 'shut down' }) }), failed);
    expect(made.rule).toBe('T70');
    expect(made.plan.steps.map(({ kind }) => kind)).toEqual(['releaseKey']);
  });

  test('stops a server that is still starting first', () => {
    const starting = postgres({ starting: true });
    const made = decide(leading({ postgres: starting }), failed);
    expect([made.rule, made.plan.steps[0]?.kind]).toEqual(['T70', 'fence']);
  });

  test('goes on trying where nobody else can lead', () => {
    const alone = { ...leaderView, members: [member('a')] };
    const made = decide(leading({ cluster: alone, postgres: down({ state: 'shut down' }) }), failed);
    expect(made.rule).toBe('D20');
    expect(startedJob(made)).toMatchObject({ kind: 'startPrimary' });
  });

  test('that serves after all keeps the key', () => {
    expect(decide(leading(), failed).memory.restartFailedReign).toBeUndefined();
  });
});

describe('a scheduled restart', () => {
  const wanted: Asked = { kind: 'scheduleRestart', wish: {}, at: '2026-11-24T01:00:00+00:00', atMs: WALL_MS + 9_000 };

  test('is kept, published, and wakes the loop in time', () => {
    const made = decide(leading(asked(wanted)), serving);
    expect(made.rule).toBe('T20');
    expect(answerOf(made)).toMatchObject({ ok: true, text: 'Restart scheduled' });
    const next = decide(replica(), memory({ scheduledRestart: later(WALL_MS + 300) }));
    expect(next.plan.wakeMs).toBe(NOW_MS + 300);
    expect(next.plan.publish?.scheduledRestart).toEqual({
      schedule: '2026-11-24T00:00:00+00:00',
      postmaster_start_time: STARTED,
    });
  });

  test('is one at a time, and none while paused', () => {
    const second = decide(leading(asked(wanted)), memory({ ...serving, scheduledRestart: later(WALL_MS + 9_000) }));
    expect(answerOf(second)).toMatchObject({ ok: false, text: 'Another restart is already scheduled' });
    const paused = { ...leaderView, config: configKey({ pause: true }) };
    const lease = held(10, { unguarded: true });
    expect(answerOf(decide(leading({ ...asked(wanted), lease, cluster: paused }), serving))).toMatchObject({
      text: "Can't schedule restart in the paused state",
    });
  });

  test('is taken back', () => {
    const planned = memory({ ...serving, scheduledRestart: later(WALL_MS + 9_000) });
    const made = decide(leading(asked({ kind: 'cancelRestart' })), planned);
    expect([made.rule, made.memory.scheduledRestart]).toEqual(['T30', undefined]);
    expect(answerOf(made)).toMatchObject({ ok: true, text: 'scheduled restart deleted' });
    expect(answerOf(decide(leading(asked({ kind: 'cancelRestart' })), serving))).toMatchObject({
      ok: false,
      text: 'no restarts are scheduled',
    });
  });

  test('is done when its time has come', () => {
    const made = decide(leading(), memory({ ...serving, scheduledRestart: later(WALL_MS - 10) }));
    expect(made.rule).toBe('T60');
    expect(startedJob(made)).toMatchObject({ kind: 'restart', role: 'primary' });
    expect(made.memory.scheduledRestart).toBeUndefined();
  });

  test.each<[string, ScheduledRestart, RegExp]>([
    ['its time is long past', later(WALL_MS - 16_000), /its time has passed/],
    ['a condition does not hold', later(WALL_MS - 10, { role: 'replica' }), /not a replica/],
    ['the server was started since', { ...later(WALL_MS - 10), serverStartedAt: 'before' }, /started anew/],
  ])('is dropped when %s', (_, scheduledRestart, why) => {
    const made = decide(leading(), memory({ ...serving, scheduledRestart }));
    expect([made.rule, made.memory.scheduledRestart]).toEqual(['T60', undefined]);
    expect(made.why).toMatch(why);
    expect(made.events.map(({ kind }) => kind)).toContain('restart.dropped');
  });
});

describe('a changed configuration', () => {
  test('is not told to a server that a bootstrap is still making (known failure 14)', () => {
    const job = runningJob({ kind: 'bootstrap', settings: NO_SETTINGS });
    const seen = observation({ cluster: view({ config: configKey({}, 99) }), postgres: primary(), job });
    const made = decide(seen, memory({ appliedConfig: 4 }));
    expect([made.rule, made.plan.steps]).toEqual(['J20', []]);
    expect(made.memory.appliedConfig).toBe(4);
  });
});

describe('parameters that wait for a restart', () => {
  const startup = [
    { name: 'max_connections', value: '100', pending: undefined },
    { name: 'shared_buffers', value: '16MB', pending: '32MB' },
  ];
  const config = { ...leaderView, config: configKey({ postgresql: { parameters: { max_connections: 120 } } }) };

  test('are those of the command line that the configuration has otherwise, and those the server names', () => {
    const made = decide(leading({ cluster: config, postgres: primary({ startup }) }), serving);
    expect(made.plan.publish).toMatchObject({
      pendingRestart: true,
      pendingRestartReason: {
        max_connections: { old_value: '100', new_value: '120' },
        shared_buffers: { old_value: '16MB', new_value: '32MB' },
      },
    });
  });

  test('stay as they were told while the server starts and cannot be asked (known failure 13)', () => {
    const told = decide(leading({ cluster: config, postgres: primary({ startup }) }), serving);
    const starting = decide(leading({ cluster: config, postgres: postgres({ starting: true }) }), told.memory);
    expect(starting.memory.pendingRestart).toEqual(told.memory.pendingRestart);
    const none = decide(leading({ cluster: config, postgres: postgres({ starting: true }) }), serving);
    expect(none.plan.publish?.pendingRestart).toBeUndefined();
  });

  test('are over once the server runs with the new values', () => {
    const told = decide(leading({ cluster: config, postgres: primary({ startup }) }), serving);
    const again = [{ name: 'max_connections', value: '120', pending: undefined }];
    const made = decide(leading({ cluster: config, postgres: primary({ startup: again }) }), told.memory);
    expect(made.plan.publish?.pendingRestart).toBeUndefined();
  });
});
