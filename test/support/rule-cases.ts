import { expect, test } from 'vitest';
import { decide } from '../../src/core/decide/decide.ts';
import type { Memory } from '../../src/core/model/memory.ts';
import type { Observation } from '../../src/core/model/observation.ts';
import type { StepKind } from '../../src/core/model/plan.ts';
import { memory } from './core-builders.ts';

/** Which rule is to decide on an observation, and what it does. */
export interface RuleCase {
  readonly name: string;
  readonly obs: Observation;
  readonly mem?: Partial<Memory>;
  readonly rule: string;
  readonly steps: readonly StepKind[];
}

/** A test for each. */
export function ruleTable(cases: readonly RuleCase[]): void {
  test.each(cases)('$name: $rule', ({ obs, mem, rule, steps }) => {
    const decision = decide(obs, memory(mem));
    expect({ rule: decision.rule, steps: decision.plan.steps.map(({ kind }) => kind) }).toEqual({ rule, steps });
  });
}
