import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide/decide.ts';
import { memory } from '../../support/core-builders.ts';
import { observationOf, SITUATIONS } from '../../support/situations.ts';

describe('the plainest observation of each situation', () => {
  test.each(SITUATIONS.map((situation) => ({ ...situation })))('$mode, $server, $lead', (situation) => {
    const { obs, mem } = observationOf(situation);
    expect(decide(obs, memory(mem)).situation).toEqual(situation);
  });
});
