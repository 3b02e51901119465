// What became of the rows of a round: whether the survivor holds what was acknowledged, and nothing that was acknowledged as deleted.
import { type Overlap, overlapsOf } from '../verdict.ts';
import type { Acknowledgement } from '../writer.ts';

/** What the clients of a round were told. */
export interface RowAnswers {
  readonly inserted: readonly Acknowledgement[];
  readonly deleted: readonly number[];
  /** Whose deletion was not answered: there or not. */
  readonly doubtful: readonly number[];
}

export interface RowFindings {
  /** Acknowledged, never deleted, and not on the primary once all is whole. */
  readonly lost: readonly number[];
  /** Deleted, acknowledged, and on the primary once all is whole. */
  readonly resurrected: readonly number[];
  readonly overlaps: readonly Overlap[];
}

/** `held`: the rows of the survivor. */
export function checkRows({ inserted, deleted, doubtful }: RowAnswers, held: ReadonlySet<number>): RowFindings {
  const gone = new Set([...deleted, ...doubtful]);
  return {
    lost: inserted.filter(({ id }) => !held.has(id) && !gone.has(id)).map(({ id }) => id),
    resurrected: deleted.filter((id) => held.has(id)),
    // A row that was deleted since was held as well.
    overlaps: overlapsOf(inserted, new Set([...held, ...gone])),
  };
}

/** Rounds that came to something else since they ended. Both by the number of the round. */
export function changedRounds(
  settled: ReadonlyMap<number, string>,
  now: ReadonlyMap<number, string>,
): readonly string[] {
  return [...settled]
    .filter(([round, digest]) => now.get(round) !== digest)
    .map(([round, digest]) => `round ${round} had ${digest}, now ${now.get(round) ?? 'nothing'}`);
}
