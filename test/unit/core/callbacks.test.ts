// When each callback of the contract is due, decided by the core alone: a row of what happens, and what is called for it.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { CallbackRole, CallbacksTold } from '../../../src/core/model/callback.ts';
import type { FinishedJob, Job } from '../../../src/core/model/job.ts';
import type { LocalPostgres } from '../../../src/core/model/local-postgres.ts';
import type { Memory } from '../../../src/core/model/memory.ts';
import type { Observation } from '../../../src/core/model/observation.ts';
import {
  down,
  held,
  leaderKey,
  member,
  memory,
  NOW_MS,
  observation,
  primary,
  runningJob,
  standby,
  view,
} from '../../support/core-builders.ts';

const FIRST = { pid: 42, startTicks: 4242 };
const SECOND = { pid: 77, startTicks: 7777 };
const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
const stop: Job = { kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'a test' };
const restart: Job = {
  kind: 'restart',
  role: 'standby',
  follow: undefined,
  settings,
  stopWithinMs: 1,
  startWithinMs: 1,
};

const told = (role: CallbackRole | undefined, more: Partial<CallbacksTold> = {}): CallbacksTold => ({
  role,
  server: role === undefined ? undefined : FIRST,
  restarting: false,
  ...more,
});
const ended = (job: Job, outcome: FinishedJob['outcome'] = { kind: 'done', facts: {} }): FinishedJob => ({
  job,
  outcome,
  startedMs: NOW_MS - 900,
  endedMs: NOW_MS - 1,
});
const by = (postgres: LocalPostgres, postmaster: LocalPostgres['postmaster']): LocalPostgres => ({
  ...postgres,
  postmaster,
});

const leading = { lease: held(), cluster: view({ leader: leaderKey('a') }) } as const;
const following = {
  cluster: view({ leader: leaderKey('b'), members: [member('a'), member('b', { role: 'primary' })] }),
};

interface Row {
  readonly what: string;
  readonly seen: Parameters<typeof observation>[0];
  readonly before: CallbacksTold;
  readonly mem?: Partial<Memory>;
  readonly called: readonly string[];
}

const calls = (seen: Observation, mem: Memory): readonly string[] =>
  (decide(seen, mem).plan.callbacks ?? []).map(({ action, role }) => `${action} ${role}`);

describe('callbacks', () => {
  test.each<Row>([
    {
      what: 'a primary that the agent finds running, or has bootstrapped',
      seen: { ...leading, postgres: primary() },
      before: told(undefined),
      called: ['on_start primary'],
    },
    {
      what: 'a standby that the agent finds running',
      seen: { ...following, postgres: standby() },
      before: told(undefined),
      called: ['on_start replica'],
    },
    { what: 'nothing new', seen: { ...following, postgres: standby() }, before: told('replica'), called: [] },
    {
      what: 'a promotion: once it accepts writes',
      seen: { ...leading, postgres: primary() },
      before: told('replica'),
      called: ['on_role_change primary'],
    },
    {
      what: 'a standby that has the key and is to be promoted',
      seen: { ...leading, postgres: standby() },
      before: told('replica'),
      called: [],
    },
    {
      what: 'the same role in a new server, by whomever it was started',
      seen: { ...following, postgres: by(standby(), SECOND) },
      before: told('replica'),
      called: ['on_start replica'],
    },
    {
      what: 'a former primary that comes back as a standby: no on_start besides',
      seen: { ...following, postgres: by(standby(), SECOND) },
      before: told('demoted', { server: undefined }),
      called: ['on_role_change replica'],
    },
    {
      what: 'a restart: while it is under way',
      seen: { ...following, postgres: by(standby(), undefined), job: runningJob(restart) },
      before: told('replica'),
      called: [],
    },
    {
      what: 'a restart: once it is done',
      seen: { ...following, postgres: by(standby(), SECOND), ended: ended(restart) },
      before: told('replica', { restarting: true }),
      called: ['on_restart replica'],
    },
    {
      what: 'a restart that failed, and a start after it',
      seen: { ...following, postgres: by(standby(), SECOND), ended: ended(restart, { kind: 'failed', why: 'late' }) },
      before: told('replica', { restarting: true }),
      called: ['on_start replica'],
    },
    {
      what: 'a standby that was stopped',
      seen: { ...following, postgres: down({}, true), ended: ended(stop) },
      before: told('replica'),
      called: ['on_stop replica'],
    },
    {
      what: 'a stop that failed',
      seen: { ...following, postgres: standby(), ended: ended(stop, { kind: 'failed', why: 'stuck' }) },
      before: told('replica'),
      called: [],
    },
    {
      what: 'a primary that was stopped for a switchover',
      seen: { ...leading, postgres: down({ state: 'shut down' }), ended: ended(stop) },
      before: told('primary'),
      called: ['on_stop demoted'],
    },
    {
      what: 'a primary that was stopped because the agent is asked to shut down',
      seen: {
        ...leading,
        postgres: down({ state: 'shut down' }),
        ended: ended(stop),
        requests: [{ kind: 'shutdown', id: 1 }],
      },
      before: told('primary'),
      called: ['on_stop primary'],
    },
    {
      what: 'a primary that was fenced',
      seen: { ...following, postgres: down(), lease: { kind: 'lost', reign: 10, why: 'refused' } },
      before: told('primary'),
      called: ['on_stop demoted'],
    },
    {
      what: 'a crashed primary that is started again under its lease',
      seen: { ...leading, postgres: down() },
      before: told('primary'),
      mem: { servingReign: 10, role: 'primary' },
      called: [],
    },
    {
      what: 'a crashed primary that runs again',
      seen: { ...leading, postgres: by(primary(), SECOND) },
      before: told('primary', { server: undefined }),
      called: ['on_start primary'],
    },
    {
      what: 'a primary that could not be started and gave up its key (known failure 32)',
      seen: { cluster: view(), postgres: down() },
      before: told('primary', { server: undefined }),
      called: ['on_role_change demoted'],
    },
    {
      what: 'a bootstrap under way',
      seen: { postgres: primary(), job: runningJob({ kind: 'bootstrap', settings }) },
      before: told(undefined),
      called: [],
    },
  ])('$what: $called', ({ seen, before, mem, called }) => {
    expect(calls(observation(seen), memory({ callbacks: before, ...mem }))).toEqual(called);
  });

  test('a server that is gone before the job that stops it has ended is told of by that end', () => {
    const gone = down({ state: 'shut down' });
    const during = decide(
      observation({ ...leading, postgres: gone, job: runningJob(stop) }),
      memory({ callbacks: told('primary') }),
    );
    expect(during.plan.callbacks).toEqual([]);
    const after = observation({ ...leading, postgres: gone, ended: ended(stop) });
    expect(calls(after, during.memory)).toEqual(['on_stop demoted']);
  });

  test('each change is told once', () => {
    const seen = observation({ ...leading, postgres: primary() });
    const first = decide(seen, memory({ callbacks: told('replica') }));
    expect(first.plan.callbacks).toHaveLength(1);
    expect(decide(seen, first.memory).plan.callbacks).toEqual([]);
  });

  test('who was stopped for a switchover that then failed is told to be primary again', () => {
    const stopped = observation({ ...leading, postgres: down({ state: 'shut down' }), ended: ended(stop) });
    const after = decide(stopped, memory({ callbacks: told('primary') }));
    const back = observation({ ...leading, postgres: by(primary(), SECOND) });
    expect(calls(back, after.memory)).toEqual(['on_role_change primary']);
  });

  test('a changed configuration is told with the reload itself, not before it', () => {
    const seen = observation({ ...following, postgres: standby({ upstream: { host: 'b', port: 5432 } }) });
    const { plan, rule } = decide(seen, memory({ callbacks: told('replica'), appliedConfig: 3 }));
    expect(rule).toBe('R60');
    expect(plan.steps).toMatchObject([{ kind: 'applySettings', callback: { action: 'on_reload', role: 'replica' } }]);
  });
});

describe('pre_promote', () => {
  const claimed = view({ leader: leaderKey('a'), reign: { value: { name: 'a', timeline: 2 }, revision: 10 } });
  const seen = (more: Parameters<typeof observation>[0] = {}): Observation => {
    const base = observation({ lease: held(), cluster: claimed, postgres: standby(), ...more });
    return { ...base, self: { ...base.self, hasPrePromote: true } };
  };

  test('is asked with the key held, before the promotion', () => {
    const { rule, plan } = decide(seen(), memory());
    expect(rule).toBe('L35');
    expect(plan.steps).toMatchObject([{ kind: 'startJob', job: { kind: 'prePromote' } }]);
  });

  test('agrees: the promotion follows, in this reign alone', () => {
    const agreed = decide(seen({ ended: ended({ kind: 'prePromote' }) }), memory());
    expect(agreed.rule).toBe('L40');
    expect(decide(seen({ lease: held(11) }), agreed.memory).rule).not.toBe('L40');
  });

  test('refuses: the key is released, and others go first for ttl', () => {
    const refused = ended({ kind: 'prePromote' }, { kind: 'failed', why: 'pre_promote failed (exit code 1)' });
    const { rule, plan, memory: after } = decide(seen({ ended: refused }), memory());
    expect(rule).toBe('L32');
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['releaseKey']);
    expect(after.standAsideUntilMs).toBe(NOW_MS + 30_000);
  });

  test('is ended when the lease is lost meanwhile', () => {
    const lost = observation({ cluster: claimed, postgres: standby(), job: runningJob({ kind: 'prePromote' }) });
    expect(decide(lost, memory()).plan.steps).toMatchObject([{ kind: 'cancelJob' }]);
  });
});
