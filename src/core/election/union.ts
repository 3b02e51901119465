import type { ClusterView, Pledge } from '../model/cluster.ts';

/** Pledges that stand against the reign that ended. Those of an earlier one say nothing. */
export function standingPledges(view: ClusterView): readonly Pledge[] {
  return view.pledges.filter((pledge) => pledge.reign === view.reign.revision);
}

/** `U`: those who together hold every acknowledged commit; empty where synchronous replication is not active. */
export function unionOf(view: { readonly sync: { readonly value: ClusterView['sync']['value'] } }): readonly string[] {
  const { leader, voters } = view.sync.value;
  return leader === undefined ? [] : [...new Set([leader, ...voters])];
}

/** Names in /sync are compared without regard to capitals, as PostgreSQL compares them. */
export function containsName(list: readonly string[], name: string): boolean {
  return list.some((item) => item.toLowerCase() === name.toLowerCase());
}
