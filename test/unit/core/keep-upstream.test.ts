// Whom a standby streams from while nobody can be asked, and what keeps one that has pledged from streaming.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import { note } from '../../../src/core/decide/note.ts';
import type { FinishedJob, FollowTarget, Job, ServerSettings } from '../../../src/core/model/job.ts';
import type { ControlState } from '../../../src/core/model/local-postgres.ts';
import { unknown } from '../../../src/core/model/seen.ts';
import { down, memory, NOW_MS, observation, standby, view } from '../../support/core-builders.ts';

const SETTINGS: ServerSettings = {
  parameters: {},
  pgHba: undefined,
  pgIdent: undefined,
  syncNames: undefined,
  managesSync: true,
};
const TARGET: FollowTarget = { member: 'b', upstream: { host: 'b', port: 5432 }, slot: 'a' };

describe('started while the store is silent', () => {
  function startedWith(state: ControlState, standbySignal: boolean, tags = {}): Job | undefined {
    const self = { ...observation().self, tags };
    const postgres = down({ state }, standbySignal);
    const { rule, plan } = decide(
      observation({ postgres, self, cluster: unknown('no answer') }),
      memory({ silentSinceMs: NOW_MS - 3_000 }),
    );
    expect(rule).toBe('U20');
    const [step] = plan.steps;
    return step?.kind === 'startJob' ? step.job : undefined;
  }

  test.each<ControlState>(['shut down in recovery', 'in archive recovery'])(
    'one that was a standby (%s) follows whom it followed before',
    (state) => {
      expect(startedWith(state, true)).toMatchObject({ kind: 'startStandby', keepUpstream: true });
    },
  );

  test.each<[ControlState, boolean]>([
    ['shut down', false],
    ['shut down', true],
    // Killed by its guard, which leaves a signal file behind.
    ['in production', true],
    ['in archive recovery', false],
  ])('one that was a primary (%s, signal file: %s) comes up detached', (state, standbySignal) => {
    const job = startedWith(state, standbySignal);
    expect(job).toMatchObject({ kind: 'startStandby', follow: undefined });
    expect(job).not.toHaveProperty('keepUpstream');
  });

  test('one that is tagged nostream comes up detached', () => {
    expect(startedWith('shut down in recovery', true, { nostream: true })).not.toHaveProperty('keepUpstream');
  });
});

test('before a pledge the files name nobody to stream from, also where nothing streams (V10)', () => {
  const detached = observation({ postgres: standby({ upstream: undefined, receiverRuns: false }), cluster: view() });
  expect(decide(detached, memory({ isCutOff: false })).rule).toBe('V10');
  expect(decide(detached, memory({ isCutOff: true })).rule).toBe('V30');
});

const cut: Job = { kind: 'cutOff', settings: SETTINGS };
const follow: Job = { kind: 'follow', follow: TARGET, settings: SETTINGS };
const start = { kind: 'startStandby', follow: undefined, settings: SETTINGS } as const;
const stop: Job = { kind: 'stop', mode: 'fast', checkpointFirst: false, why: '' };

test.each<{ name: string; job: Job; fails?: true; before: boolean; after: boolean }>([
  { name: 'a cut', job: cut, before: false, after: true },
  { name: 'a cut that failed', job: cut, fails: true, before: true, after: false },
  { name: 'a follow', job: follow, before: true, after: false },
  { name: 'a follow that failed', job: follow, fails: true, before: true, after: false },
  { name: 'a detached start', job: start, before: false, after: true },
  { name: 'a start by the files', job: { ...start, keepUpstream: true }, before: true, after: false },
  { name: 'a start that follows', job: { ...start, follow: TARGET }, before: true, after: false },
  { name: 'a stop', job: stop, before: true, after: true },
  { name: 'a stop of one that follows', job: stop, before: false, after: false },
])('whether it is cut off after $name', ({ job, fails, before, after }) => {
  const outcome =
    fails === true ? ({ kind: 'failed', why: 'refused' } as const) : ({ kind: 'done', facts: {} } as const);
  const ended: FinishedJob = { job, outcome, startedMs: NOW_MS - 10, endedMs: NOW_MS };
  expect(note(observation({ ended, postgres: standby() }), memory({ isCutOff: before })).memory.isCutOff).toBe(after);
});

test('a new agent knows of no cut', () => {
  expect(decide(observation({ postgres: standby() }), memory({ isCutOff: false })).memory.isCutOff).toBe(false);
});
