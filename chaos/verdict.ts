import type { Acknowledgement } from './writer.ts';

/** Two members that answered an insert within the same time slice. */
export interface Overlap {
  readonly first: Acknowledgement;
  readonly second: Acknowledgement;
  /** Both rows are on the survivor: seen by two writers, but nothing that one of them did not know. */
  readonly isHeld: boolean;
}

export const SLICE_MS = 100;

/** Answers of different members less than a slice apart, one per pair of members and slice. */
export function overlapsOf(answers: readonly Acknowledgement[], held: ReadonlySet<number>): readonly Overlap[] {
  const sorted = answers.toSorted((a, b) => a.atMs - b.atMs);
  const overlaps: Overlap[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  sorted.forEach((first, at) => {
    const second = sorted[at + 1];
    if (second === undefined || second.member === first.member || second.atMs - first.atMs >= SLICE_MS) return;
    const isHeld = held.has(first.id) && held.has(second.id);
    if (isHeld && first.atMs - lastMs < SLICE_MS) return;
    lastMs = first.atMs;
    overlaps.push({ first, second, isHeld });
  });
  return overlaps;
}

/** The longest time without any answer between two moments. */
export function longestSilence(
  answers: readonly Acknowledgement[],
  fromMs: number,
  toMs: number,
): { readonly fromMs: number; readonly ms: number } {
  const times = answers.map(({ atMs }) => atMs).filter((atMs) => atMs >= fromMs && atMs <= toMs);
  const marks = [fromMs, ...times.toSorted((a, b) => a - b), toMs];
  const gaps = marks.slice(1).map((mark, at) => ({ fromMs: marks[at] ?? mark, ms: mark - (marks[at] ?? mark) }));
  return gaps.reduce((longest, gap) => (gap.ms > longest.ms ? gap : longest), { fromMs, ms: 0 });
}
