import { describe, expect, test } from 'vitest';
import { decide, RULES } from '../../../src/core/decide/decide.ts';
import { ANYWHERE, DECISION_TABLE } from '../../../src/core/decide/decision-table.ts';
import type { Job } from '../../../src/core/model/job.ts';
import { memory, NOW_MS } from '../../support/core-builders.ts';
import { observationOf, SITUATIONS } from '../../support/situations.ts';

const SETTINGS = {
  parameters: {},
  pgHba: undefined,
  pgIdent: undefined,
  managesSync: true,
  syncNames: undefined,
} as const;
const JOBS: readonly Job[] = [
  { kind: 'checkpoint' },
  { kind: 'prePromote' },
  { kind: 'stop', mode: 'fast', checkpointFirst: true, why: 'a switchover' },
  { kind: 'startPrimary', settings: SETTINGS },
];

describe('the plainest observation of each situation', () => {
  test.each(SITUATIONS.map((situation) => ({ ...situation })))('$mode, $server, $lead', (situation) => {
    const { obs, mem } = observationOf(situation);
    const decision = decide(obs, memory(mem));
    expect(decision.situation).toEqual(situation);
    const listed = DECISION_TABLE[situation.mode][situation.server][situation.lead];
    expect([...ANYWHERE, ...listed]).toContain(decision.rule);
  });
});

test.each(JOBS)('a primary that leads asks for its lease whatever it does: $kind (known failure 21)', (job) => {
  for (const situation of SITUATIONS.filter(({ server, lead }) => server === 'primary' && lead === 'held')) {
    const { obs, mem } = observationOf(situation);
    const running = { job, startedMs: NOW_MS, deadlineMs: NOW_MS + 60_000, progress: undefined, cancelled: false };
    expect(decide({ ...obs, job: running }, memory(mem)).plan.verdict).toMatchObject({ kind: 'renew' });
  }
});

test('the table has every rule, and no other', () => {
  const modes = Object.values(DECISION_TABLE).flatMap((servers) => Object.values(servers));
  const listed = new Set([...ANYWHERE, ...modes.flatMap((leads) => Object.values(leads)).flat()]);
  expect([...listed].toSorted()).toEqual(RULES.map(({ id }) => id).toSorted());
});
