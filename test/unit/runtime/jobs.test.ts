import { beforeEach, expect, test } from 'vitest';
import type { Job, JobOutcome } from '../../../src/core/model/job.ts';
import type { LocalPostgres } from '../../../src/core/model/local-postgres.ts';
import type { JobControl, Postgres } from '../../../src/ports/postgres.ts';
import { Fence } from '../../../src/runtime/fence.ts';
import { JobRunner } from '../../../src/runtime/jobs.ts';
import { postgres as server, primaryStatus, standby } from '../../support/core-builders.ts';
import { seen } from '../../../src/core/model/seen.ts';
import { idlePostgres } from '../../support/idle-ports.ts';
import { FakeClock, settle } from '../../support/runtime-ports.ts';

const settings = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: true };
const promote: Job = { kind: 'promote', reign: 7, aboveTimeline: 1, settings };
const checkpoint: Job = { kind: 'checkpoint' };
const done: JobOutcome = { kind: 'done', facts: {} };

let clock: FakeClock;
let control: JobControl | undefined;
let end: (outcome: JobOutcome) => void;
let kills: number;
let confirmed: boolean;
let changes: string[];
let overruns: string[];
let isStalled: boolean;
let jobs: JobRunner;
let postgres: Postgres;

beforeEach(() => {
  clock = new FakeClock();
  control = undefined;
  kills = 0;
  confirmed = true;
  changes = [];
  overruns = [];
  isStalled = false;
  postgres = idlePostgres({
    run: (_job, given) => {
      control = given;
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    kill: () => {
      kills += 1;
      return Promise.resolve(done);
    },
  });
  jobs = new JobRunner({
    postgres,
    clock,
    confirm: (reign) => Promise.resolve(confirmed && reign === 7),
    onChange: (reason) => changes.push(reason),
    onOverrun: (why) => overruns.push(why),
    isStalled: () => isStalled,
  });
});

test('one job at a time, and the next only once the end of the last is noted', async () => {
  expect(jobs.start(checkpoint, clock.nowMs + 1_000)).toBe(true);
  expect(jobs.start(checkpoint, clock.nowMs + 1_000)).toBe(false);
  end(done);
  await settle();
  expect(changes).toHaveLength(1);
  expect(jobs.running()).toBeUndefined();
  expect(jobs.start(checkpoint, clock.nowMs + 1_000)).toBe(false);
  const ended = jobs.ended();
  if (ended !== undefined) jobs.noted(ended);
  expect(jobs.start(checkpoint, clock.nowMs + 1_000)).toBe(true);
});

test('the job that ended is there to be observed, with its outcome and its times', async () => {
  const startedMs = clock.nowMs;
  jobs.start(checkpoint, clock.nowMs + 5_000);
  await clock.advance(1_500);
  end({ kind: 'failed', why: 'no space left' });
  await settle();
  expect(jobs.ended()).toEqual({
    job: checkpoint,
    outcome: { kind: 'failed', why: 'no space left' },
    startedMs,
    endedMs: startedMs + 1_500,
  });
});

test('a cancelled job is told, and so is one that asks too late', () => {
  jobs.start(checkpoint, clock.nowMs + 1_000);
  const heard: string[] = [];
  control?.onCancel(() => heard.push('at once'));
  jobs.cancel();
  jobs.cancel();
  expect(heard).toEqual(['at once']);
  expect(control?.isCancelled()).toBe(true);
  expect(jobs.running()).toMatchObject({ cancelled: true });
  control?.onCancel(() => heard.push('late'));
  expect(heard).toEqual(['at once', 'late']);
});

test('past its deadline a job is cancelled', async () => {
  jobs.start(checkpoint, clock.nowMs + 1_000);
  await clock.advance(999);
  expect(control?.isCancelled()).toBe(false);
  await clock.advance(1);
  expect(control?.isCancelled()).toBe(true);
});

test('a job that does not end although it was cancelled is a broken invariant', async () => {
  jobs.start(checkpoint, clock.nowMs + 1_000);
  await clock.advance(60_000);
  expect(overruns).toEqual([]);
  await clock.advance(1_001);
  expect(overruns).toHaveLength(1);
});

test('progress is part of the running job', () => {
  jobs.start(checkpoint, clock.nowMs + 1_000);
  control?.progress({ text: 'half', percent: 50 });
  expect(jobs.running()).toMatchObject({ progress: { text: 'half', percent: 50 } });
});

test('a promotion asks for proof of the reign it was planned in', async () => {
  jobs.start(promote, clock.nowMs + 1_000);
  expect(await control?.mayPromote()).toBe(true);
  confirmed = false;
  expect(await control?.mayPromote()).toBe(false);
});

test('neither a cancelled promotion nor any other job may promote', async () => {
  jobs.start(promote, clock.nowMs + 1_000);
  const asked = control?.mayPromote();
  jobs.cancel();
  expect(await asked).toBe(false);
  expect(await control?.mayPromote()).toBe(false);
  end(done);
  await settle();
  const ended = jobs.ended();
  if (ended !== undefined) jobs.noted(ended);
  jobs.start(checkpoint, clock.nowMs + 1_000);
  expect(await control?.mayPromote()).toBe(false);
});

const primary = (): LocalPostgres => ({ ...standby(), sql: seen(primaryStatus(), 0) });

test.each<{ name: string; look: () => LocalPostgres; killed: number }>([
  { name: 'a primary', look: primary, killed: 1 },
  { name: 'a standby', look: () => standby(), killed: 0 },
  { name: 'a server that is down', look: () => server({ postmaster: undefined }), killed: 0 },
])('a lost lease kills $name $killed times', ({ look, killed }) => {
  const fence = new Fence(postgres, jobs);
  fence.noteSeen(look(), undefined);
  fence.onLeaseLost();
  expect(kills).toBe(killed);
});

test('a lost lease kills a standby that is being promoted, and cancels the promotion', () => {
  const fence = new Fence(postgres, jobs);
  fence.noteSeen(standby(), undefined);
  jobs.start(promote, clock.nowMs + 1_000);
  fence.noteStarted();
  fence.onLeaseLost();
  expect(kills).toBe(1);
  expect(control?.isCancelled()).toBe(true);
});

test('a look that was begun during a promotion proves nothing about its end', async () => {
  const fence = new Fence(postgres, jobs);
  jobs.start(promote, clock.nowMs + 1_000);
  const before = jobs.running();
  end(done);
  await settle();
  fence.noteSeen(standby(), before);
  fence.onLeaseLost();
  expect(kills).toBe(1);
});

test('before anything was seen, a lost lease kills', () => {
  new Fence(postgres, jobs).onLeaseLost();
  expect(kills).toBe(1);
});

test('a job that hangs in a disk that does not answer is waited for as long as that lasts', async () => {
  isStalled = true;
  jobs.start({ kind: 'checkpoint' }, clock.nowMs + 1_000);
  jobs.cancel();
  await clock.advance(300_000);
  expect(overruns).toEqual([]);
  isStalled = false;
  await clock.advance(61_000);
  expect(overruns).toHaveLength(1);
});
