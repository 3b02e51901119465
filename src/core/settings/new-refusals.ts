import { decodeDynamicConfig } from './dynamic-config.ts';
import { settingProblemToText } from './setting-problem.ts';

function refusalsOf(document: unknown): readonly string[] {
  const { problems } = decodeDynamicConfig(document);
  return problems.filter(({ severity }) => severity === 'rejects').map(settingProblemToText);
}

/**
 * Why members could not use a document, each as a line that names the place, beyond what was wrong with the one before: that one
 * must stay open to repair, step by step.
 */
export function newRefusals(before: unknown, after: unknown): readonly string[] {
  const known = refusalsOf(before ?? {});
  return refusalsOf(after).filter((line) => !known.includes(line));
}
