import { describe, expect, test } from 'vitest';
import { decide, RULES } from '../../../src/core/decide/decide.ts';
import { ANYWHERE, DECISION_TABLE } from '../../../src/core/decide/decision-table.ts';
import { memory } from '../../support/core-builders.ts';
import { observationOf, SITUATIONS } from '../../support/situations.ts';

describe('the plainest observation of each situation', () => {
  test.each(SITUATIONS.map((situation) => ({ ...situation })))('$mode, $server, $lead', (situation) => {
    const { obs, mem } = observationOf(situation);
    const decision = decide(obs, memory(mem));
    expect(decision.situation).toEqual(situation);
    const listed = DECISION_TABLE[situation.mode][situation.server][situation.lead];
    expect([...ANYWHERE, ...listed]).toContain(decision.rule);
  });
});

test('the table has every rule, and no other', () => {
  const modes = Object.values(DECISION_TABLE).flatMap((servers) => Object.values(servers));
  const listed = new Set([...ANYWHERE, ...modes.flatMap((leads) => Object.values(leads)).flat()]);
  expect([...listed].toSorted()).toEqual(RULES.map(({ id }) => id).toSorted());
});
