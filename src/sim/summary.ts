import type { RunResult } from './run.ts';

/** What many runs came to together. */
export interface Summary {
  readonly runs: number;
  readonly violations: readonly { readonly seed: number; readonly text: string }[];
  readonly perRun: Readonly<
    Record<
      | 'faults'
      | 'leaderChanges'
      | 'revocations'
      | 'acknowledged'
      | 'unknownOutcomes'
      | 'oneWayCuts'
      | 'lostAsynchronously'
      | 'excusedAfterThaw'
      | 'leftAlone'
      | 'healedInMs'
      | 'simulatedMs',
      number
    >
  >;
  readonly faults: Readonly<Record<string, number>>;
  /** By what stood still together on one machine. */
  readonly standstills: Readonly<Record<string, number>>;
  /** Seeds whose members' clocks run at rates of their own. */
  readonly withClockError: number;
  readonly rules: Readonly<Record<string, number>>;
  readonly situations: Readonly<Record<string, number>>;
  /** Decisions by a rule that is not in its cell of the table, as `situation: rule`. */
  readonly undecided: readonly string[];
}

export function summarize(results: readonly RunResult[]): Summary {
  const mean = (of: (result: RunResult) => number): number =>
    results.reduce((sum, each) => sum + of(each), 0) / Math.max(1, results.length);
  return {
    runs: results.length,
    violations: results.flatMap(({ seed, violation }) =>
      violation === undefined ? [] : [{ seed, text: violation.text }],
    ),
    perRun: {
      faults: mean((each) => each.faultCount),
      leaderChanges: mean((each) => each.leaderChanges),
      revocations: mean((each) => each.revocations),
      acknowledged: mean((each) => each.acknowledged),
      unknownOutcomes: mean((each) => each.unknownOutcomes),
      oneWayCuts: mean((each) => each.oneWayCuts),
      lostAsynchronously: mean((each) => each.lostAsynchronously),
      excusedAfterThaw: mean((each) => each.excusedAfterThaw),
      leftAlone: mean((each) => each.leftAlone),
      healedInMs: mean((each) => each.healedInMs),
      simulatedMs: mean((each) => each.simulatedMs),
    },
    faults: totals(results.map((each) => each.faults)),
    standstills: totals(results.map((each) => each.standstills)),
    withClockError: results.filter((each) => each.clockRates.some((rate) => rate !== 1)).length,
    rules: totals(results.map((each) => each.rules)),
    situations: totals(results.map((each) => each.situations)),
    undecided: [...new Set(results.flatMap((each) => [...each.undecided]))].toSorted(),
  };
}

function totals(counts: readonly ReadonlyMap<string, number>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const each of counts) for (const [key, count] of each) sums.set(key, (sums.get(key) ?? 0) + count);
  return Object.fromEntries([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
