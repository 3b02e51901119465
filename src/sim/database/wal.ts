import { lsn, type WalPosition } from '../../core/model/lsn.ts';

/**
 * A stretch of WAL that one server wrote. Timelines are a tree: each begins at a position of its parent. Two servers that
 * write the same timeline number from one position give two branches with one number, as they would on two disks.
 */
export interface Branch {
  readonly id: number;
  readonly timeline: number;
  readonly parent: Branch | undefined;
  readonly forkLsn: number;
  end: number;
}

/** How far some WAL reaches: everything on the way from the root to here. */
export interface WalEnd {
  readonly branch: Branch;
  readonly lsn: number;
}

/** The stretches of WAL of one world; numbers them. */
export class Forest {
  private count = 0;

  root(timeline: number, at: number): WalEnd {
    const branch: Branch = { id: this.count++, timeline, parent: undefined, forkLsn: 0, end: at };
    return { branch, lsn: at };
  }

  fork(from: WalEnd, timeline: number): WalEnd {
    const branch: Branch = { id: this.count++, timeline, parent: from.branch, forkLsn: from.lsn, end: from.lsn };
    return { branch, lsn: from.lsn };
  }

  /** Adds a record behind `from`. Where somebody else has written on from there, the two part. */
  append(from: WalEnd, bytes: number): WalEnd {
    const { branch } = from.lsn === from.branch.end ? from : this.fork(from, from.branch.timeline);
    branch.end += bytes;
    return { branch, lsn: branch.end };
  }
}

/** Whether everything up to `at` is part of what reaches to `end`. */
export function contains(end: WalEnd, at: WalEnd): boolean {
  let reach = end.lsn;
  let branch: Branch | undefined = end.branch;
  while (branch !== undefined && branch !== at.branch) {
    reach = Math.min(reach, branch.forkLsn);
    branch = branch.parent;
  }
  return branch !== undefined && at.lsn <= reach;
}

/** Up to where two ends are the same WAL. */
export function commonLsn(one: WalEnd, other: WalEnd): number {
  const reaches = new Map<Branch, number>();
  let reach = one.lsn;
  for (let branch: Branch | undefined = one.branch; branch !== undefined; branch = branch.parent) {
    reaches.set(branch, reach);
    reach = Math.min(reach, branch.forkLsn);
  }
  reach = other.lsn;
  for (let branch: Branch | undefined = other.branch; branch !== undefined; branch = branch.parent) {
    const shared = reaches.get(branch);
    if (shared !== undefined) return Math.min(shared, reach);
    reach = Math.min(reach, branch.forkLsn);
  }
  return 0;
}

/** The same end, named by the branch of the last record held. */
export function normalized(end: WalEnd): WalEnd {
  let { branch } = end;
  while (branch.parent !== undefined && end.lsn <= branch.forkLsn) branch = branch.parent;
  return branch === end.branch ? end : { branch, lsn: end.lsn };
}

/** What the last record held says: its timeline, and the position behind it. */
export function positionOf(end: WalEnd): WalPosition {
  const { branch } = normalized(end);
  return { timeline: branch.timeline, lsn: lsn(end.lsn) };
}

/** The part of `end` that does not reach past `limitLsn`. */
export function cutAt(end: WalEnd, limitLsn: number): WalEnd {
  return end.lsn <= limitLsn ? end : normalized({ branch: end.branch, lsn: limitLsn });
}

export function walEndToText(end: WalEnd): string {
  const { branch } = normalized(end);
  return `${branch.timeline}:${end.lsn.toString(16)}`;
}

/** The forks on the way to `end`, oldest first. */
export function forksOf(end: WalEnd): readonly { readonly timeline: number; readonly lsn: number }[] {
  const forks: { timeline: number; lsn: number }[] = [];
  for (let { branch } = normalized(end); branch.parent !== undefined; branch = branch.parent) {
    if (branch.parent.timeline !== branch.timeline)
      forks.unshift({ timeline: branch.parent.timeline, lsn: branch.forkLsn });
  }
  return forks;
}
