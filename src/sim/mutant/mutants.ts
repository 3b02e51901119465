import type { Mutant } from './mutant.ts';

/** Every mechanism taken away, one at a time. */
export const MUTANTS: readonly Mutant[] = [];
