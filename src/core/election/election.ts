import type { ClusterView, Pledge } from '../model/cluster.ts';
import { comparePositions, positionToText, type WalPosition } from '../model/lsn.ts';

export interface Candidate {
  readonly name: string;
  readonly position: WalPosition;
  /** Names that may not lead although their position counts. */
  readonly barred: ReadonlySet<string>;
  /** Members that are up and whose pledge is worth waiting for. */
  readonly expected: readonly string[];
  /** Members named by an operator or known to be out of the race for now: not waited for as better ones. */
  readonly named: string | undefined;
}

export type ElectionResult =
  /** Take the key; everything that it rests on is in `counted`. */
  | { readonly kind: 'take'; readonly counted: readonly Pledge[]; readonly why: string }
  /** Not yet: somebody's pledge or a better candidate is waited for. */
  | { readonly kind: 'wait'; readonly for: 'pledges' | 'better'; readonly why: string }
  | { readonly kind: 'no'; readonly why: string };

/** Pledges that stand against the reign that ended. Those of an earlier one say nothing. */
export function standingPledges(view: ClusterView): readonly Pledge[] {
  return view.pledges.filter((pledge) => pledge.reign === view.reign.revision);
}

/** `U`: those who together hold every acknowledged commit; empty where synchronous replication is not active. */
export function unionOf(view: ClusterView): readonly string[] {
  const { leader, voters } = view.sync.value;
  return leader === undefined ? [] : [...new Set([leader, ...voters])];
}

function byName(list: readonly string[], name: string): boolean {
  return list.some((item) => item.toLowerCase() === name.toLowerCase());
}

/** Total order: most advanced first, ties by name, so that all candidates agree on one. */
function precedes(a: { name: string; position: WalPosition }, b: { name: string; position: WalPosition }): boolean {
  const order = comparePositions(a.position, b.position);
  return order !== 0 ? order > 0 : a.name < b.name;
}

export interface Patience {
  /** Pledges of members that are up are waited for no longer. */
  readonly pledgesOver: boolean;
  /** Better candidates have had their time. */
  readonly betterOver: boolean;
}

/** Whether this member takes the vacant key (safety.md 4, steps 4 and 6). */
export function elect(view: ClusterView, me: Candidate, patience: Patience): ElectionResult {
  if (me.barred.has(me.name)) return { kind: 'no', why: 'tagged nofailover' };
  const union = unionOf(view);
  const synchronous = union.length > 0;
  if (synchronous && !byName(union, me.name))
    return { kind: 'no', why: `not among the synchronous members ${union.join(', ')}` };

  const others = standingPledges(view).filter((pledge) => pledge.name !== me.name);
  const relevant = synchronous ? others.filter((pledge) => byName(union, pledge.name)) : others;
  const mine = standingPledges(view).find((pledge) => pledge.name === me.name);
  if (mine === undefined) return { kind: 'wait', for: 'pledges', why: 'own pledge not standing yet' };

  const missing = me.expected.filter((name) => name !== me.name && !relevant.some((pledge) => pledge.name === name));
  const relevantMissing = synchronous ? missing.filter((name) => byName(union, name)) : missing;
  if (relevantMissing.length > 0 && !patience.pledgesOver) {
    return { kind: 'wait', for: 'pledges', why: `waiting for the pledge of ${relevantMissing.join(', ')}` };
  }
  const better = relevant.filter(
    (pledge) =>
      !me.barred.has(pledge.name) &&
      pledge.name !== me.named &&
      precedes(pledge, { name: me.name, position: me.position }),
  );
  if (me.named !== me.name && better.length > 0 && !patience.betterOver) {
    return { kind: 'wait', for: 'better', why: `${better.map((pledge) => pledge.name).join(', ')} precedes` };
  }
  return count(view, me, mine, relevant);
}

function count(view: ClusterView, me: Candidate, mine: Pledge, relevant: readonly Pledge[]): ElectionResult {
  const { sync } = view;
  const notAhead = relevant.filter((pledge) => comparePositions(pledge.position, me.position) <= 0);
  const counted = [...notAhead, mine];
  if (unionOf(view).length === 0) {
    const ahead = relevant.filter((pledge) => !notAhead.includes(pledge));
    const left =
      ahead.length === 0 ? '' : `; ${ahead.map((pledge) => pledge.name).join(', ')} is ahead but does not lead`;
    return {
      kind: 'take',
      counted,
      why: `most advanced of ${counted.length} at ${positionToText(me.position)}${left}`,
    };
  }
  if (sync.value.leader === me.name)
    return { kind: 'take', counted, why: 'named by /sync as the leader: nobody has reigned since' };
  const needed = sync.value.quorum + 1;
  if (counted.length >= needed) {
    return {
      kind: 'take',
      counted,
      why: `${counted.length} of the synchronous members pledged, ${needed} needed; at ${positionToText(me.position)}`,
    };
  }
  return { kind: 'no', why: `${counted.length} pledges not ahead of ${positionToText(me.position)}, ${needed} needed` };
}
