import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';

/** The same run, with these faults on top of its own and more often. */
export function troubled(options: Options, weights: Partial<Readonly<Record<FaultKind, number>>>): Options {
  const faults = new Map(options.faults);
  for (const [kind, weight] of faults) faults.set(kind, weight / 4);
  for (const kind of faults.keys()) {
    const weight = weights[kind];
    if (weight !== undefined) faults.set(kind, weight);
  }
  return { ...options, faults, faultEveryMs: Math.min(options.faultEveryMs, 12_000) };
}
