export interface Summary {
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { n: sorted.length, min: sorted[0] ?? 0, median: median ?? 0, max: sorted.at(-1) ?? 0 };
}

export function summaryToText({ n, min, median, max }: Summary): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  return `${seconds(median)} (${seconds(min)}–${seconds(max)}), n = ${n}`;
}
