/** Where synchronous replication stands, by name; `me` leads. All names are spelled alike. */
export interface QuorumState {
  readonly me: string;
  /** `/sync`: its leader, quorum and voters. */
  readonly leader: string;
  readonly quorum: number;
  readonly voters: ReadonlySet<string>;
  /** What commits wait for: any `count` of `names`. */
  readonly count: number;
  readonly names: ReadonlySet<string>;
  /** How many of `names` are known to hold every acknowledged commit. */
  readonly confirmed: number;
  /** Standbys that may and can acknowledge now. */
  readonly active: ReadonlySet<string>;
  /** `synchronous_node_count`. */
  readonly wanted: number;
}

/** One change: of what commits wait for, or of `/sync`. */
export type QuorumOp =
  | { readonly kind: 'names'; readonly count: number; readonly names: ReadonlySet<string> }
  | {
      readonly kind: 'voters';
      readonly leader: string;
      readonly quorum: number;
      readonly voters: ReadonlySet<string>;
    };

export const union = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> => new Set([...a, ...b]);
export const common = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> =>
  new Set([...a].filter((name) => b.has(name)));
export const minus = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> =>
  new Set([...a].filter((name) => !b.has(name)));
export function isWithin(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const name of a) if (!b.has(name)) return false;
  return true;
}
export const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => a.size === b.size && isWithin(a, b);
export const isStrictlyWithin = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size < b.size && isWithin(a, b);

/** What S5 speaks of. */
export type Standing = Pick<QuorumState, 'me' | 'leader' | 'quorum' | 'voters' | 'count' | 'names'>;

/** S5: any `count` of the names and any `quorum + 1` of the voters with their leader have somebody in common. */
export function keepsTogether({ me, leader, quorum, voters, count, names }: Standing): boolean {
  if (voters.size === 0) return true;
  const electors = union(voters, new Set([leader]));
  const holders = union(names, new Set([me]));
  const all = union(electors, holders);
  return all.size <= quorum + count + 1 && (isSame(all, electors) || isSame(all, holders));
}
