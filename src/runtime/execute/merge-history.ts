import type { HistoryEntry } from '../../core/model/cluster.ts';

export interface HistoryKnowledge {
  readonly known: readonly HistoryEntry[];
  /** Who began the newest timeline, and when. */
  readonly newLeader: string;
  readonly at: string;
  /** 0: as long as it gets. */
  readonly lengthMax: number;
}

/** The rows of a history file, with what the store knows of them beyond that; the newest row is told anew if it is new. */
export function mergeHistory(
  rows: readonly HistoryEntry[],
  { known, newLeader, at, lengthMax }: HistoryKnowledge,
): readonly HistoryEntry[] {
  const merged = rows.map((row, index) => {
    const old = known.find((entry) => entry.timeline === row.timeline && entry.lsn === row.lsn);
    if (old?.at !== undefined)
      return { ...row, at: old.at, ...(old.newLeader === undefined ? {} : { newLeader: old.newLeader }) };
    return index === rows.length - 1 ? { ...row, at, newLeader } : row;
  });
  return lengthMax > 0 ? merged.slice(-lengthMax) : merged;
}
