import { comparePositions, type WalPosition } from '../model/lsn.ts';

/** What candidates are ordered by. */
export interface Ranked {
  readonly name: string;
  readonly position: WalPosition;
  /** `failover_priority`. */
  readonly priority: number;
}

/** Total order, so that all candidates agree on one: most advanced first, then the higher priority, then by name. Negative: `a` first. */
export function compareRanked(a: Ranked, b: Ranked): number {
  const byPosition = comparePositions(b.position, a.position);
  if (byPosition !== 0) return byPosition;
  if (a.priority !== b.priority) return b.priority - a.priority;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Why `first` stands before `second`, in the words that the contract has for it; said by the second. */
export function precedence(first: Ranked, second: Pick<Ranked, 'position' | 'priority'>): string {
  if (comparePositions(first.position, second.position) > 0)
    return `Wal position of ${first.name} is ahead of my wal position`;
  return `${first.name} has equally tolerable WAL position and priority ${first.priority}, while this node has priority ${second.priority}`;
}
