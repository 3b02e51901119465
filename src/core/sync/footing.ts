import type { SyncState } from '../model/cluster.ts';
import type { SyncNames } from './sync-names.ts';

/** What the next move of synchronous replication stands on. Names are spelled alike. */
export interface Footing {
  readonly me: string;
  readonly sync: SyncState & { readonly leader: string };
  /** What commits wait for, as the server tells. */
  readonly names: SyncNames;
  /** Who has flushed a mark that was taken while `names` was in force; undefined: there is no such mark. */
  readonly holders: ReadonlySet<string> | undefined;
}

/** Others who could elect somebody by `/sync`: together with its quorum they vouch for every acknowledged commit. */
function electorsOf({ me, sync }: Footing): ReadonlySet<string> {
  const electors = new Set([...sync.voters, sync.leader]);
  electors.delete(me);
  return electors;
}

/** How many are in either. */
function sizeOfBoth(a: Iterable<string>, b: Iterable<string>): number {
  return new Set([...a, ...b]).size;
}

/** Commits wait for less than `/sync` presumes: somebody has changed the setting, and nothing may rest on the voters. */
export function isBroken(footing: Footing): boolean {
  const electors = electorsOf(footing);
  const { names, sync } = footing;
  return electors.size > 0 && sizeOfBoth(electors, names.names) > sync.quorum + names.count;
}

/**
 * The least quorum with which `/sync` may name `voters`: any one more of them include a holder of every acknowledged commit.
 * Either because they include enough of those who are named now, whatever commits wait for; or because the setting is in
 * force, commits before the mark are held by whoever passed it, and commits after it by `count` of the names.
 */
export function leastQuorum(voters: readonly string[], footing: Footing): number {
  const { names, sync, holders } = footing;
  const electors = electorsOf(footing);
  const kept = voters.filter((name) => electors.has(name));
  const byElectors = voters.length - kept.length + Math.min(sync.quorum, kept.length);
  const byNames = Math.max(0, sizeOfBoth(voters, names.names) - names.count);
  if (holders === undefined) return isBroken(footing) ? Math.max(byElectors, byNames) : byElectors;
  const lacking = voters.filter((name) => !holders.has(name));
  const keptLacking = lacking.filter((name) => electors.has(name)).length;
  const byMark = Math.max(lacking.length - keptLacking + Math.min(sync.quorum, keptLacking), byNames);
  return isBroken(footing) ? byMark : Math.min(byElectors, byMark);
}

/** Whether commits may wait for any `count` of `names` while `/sync` is as given. */
export function mayWaitFor(count: number, names: readonly string[], sync: SyncState, me: string): boolean {
  const electors = new Set([...sync.voters, sync.leader ?? me]);
  electors.delete(me);
  return electors.size === 0 || sizeOfBoth(electors, names) <= sync.quorum + count;
}

/** `/sync` as it may be written now for what is wanted; undefined: it has to wait. */
export function safeSync(
  wanted: { readonly voters: readonly string[]; readonly quorum: number },
  footing: Footing,
): (SyncState & { readonly leader: string }) | undefined {
  const { me } = footing;
  const nobody = { leader: me, voters: [], quorum: 0 };
  if (wanted.voters.length === 0) return nobody;
  const least = leastQuorum(wanted.voters, footing);
  const quorum = wanted.quorum < wanted.voters.length ? Math.max(wanted.quorum, least) : least;
  if (quorum < wanted.voters.length) return { leader: me, voters: wanted.voters.toSorted(), quorum };
  return isBroken(footing) ? nobody : undefined;
}
