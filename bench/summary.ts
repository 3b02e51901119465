export interface Summary {
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** `share` of the values are at or below it. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { n: sorted.length, min: sorted[0] ?? 0, median: median ?? 0, max: sorted.at(-1) ?? 0 };
}

export function summaryToText({ n, min, median, max }: Summary): string {
  return `${secondsText(median)} (${secondsText(min)}–${secondsText(max)}), n = ${n}`;
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
