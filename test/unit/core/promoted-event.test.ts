import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import type { FinishedJob } from '../../../src/core/model/job.ts';
import { held, memory, NOW_MS, observation, postgres } from '../../support/core-builders.ts';

const SETTINGS = { parameters: {}, pgHba: undefined, pgIdent: undefined, syncNames: undefined, managesSync: false };
const PROMOTION: FinishedJob = {
  job: { kind: 'promote', reign: 10, aboveTimeline: 1, settings: SETTINGS },
  outcome: {
    kind: 'done',
    facts: { timeline: 2, promotion: { sentMs: NOW_MS - 90, openMs: NOW_MS - 30 } },
  },
  startedMs: NOW_MS - 140,
  endedMs: NOW_MS - 20,
};

const evidenceOf = (ended: FinishedJob) =>
  decide(
    observation({ postgres: postgres(), lease: held(10, { takenMs: NOW_MS - 200 }), ended }),
    memory(),
  ).events.find(({ kind }) => kind === 'postgres.promoted')?.evidence;

test('tells how long ago the key was taken, the promotion sent and the server open', () => {
  expect(evidenceOf(PROMOTION)).toEqual({
    tookMs: 120,
    reign: 10,
    keyAgoMs: 200,
    timeline: 2,
    sentAgoMs: 90,
    openAgoMs: 30,
  });
});

test('leaves out what the job does not tell', () => {
  const ended: FinishedJob = { ...PROMOTION, outcome: { kind: 'done', facts: {} } };
  expect(evidenceOf(ended)).toEqual({ tookMs: 120, reign: 10, keyAgoMs: 200 });
});
