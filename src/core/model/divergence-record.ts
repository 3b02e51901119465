/** Why a member gives up WAL or a whole data directory. */
export type DivergenceCause = 'rewind' | 'reclone' | 'reinitialize';

export interface TouchedRelation {
  /** SCHEMA.NAME with its database, or DATABASE/RELFILENODE numbers where no name could be found. */
  readonly name: string;
  readonly records: number;
}

/** What a member gave up, written before it was given up. Positions as PostgreSQL writes them. */
export interface DivergenceRecord {
  readonly id: string;
  readonly member: string;
  readonly systemId: string;
  /** Wall time. */
  readonly at: string;
  readonly cause: DivergenceCause;
  /** One sentence for people. */
  readonly reason: string;
  readonly verdict: 'none' | 'diverged';
  readonly leader: { readonly member: string; readonly timeline: number };
  readonly timeline: number;
  /** Where the two histories part; null: nowhere in common, or nothing parts. */
  readonly fork: { readonly timeline: number; readonly lsn: string } | null;
  readonly end: string;
  /** WAL between fork and end. */
  readonly bytes: number;
  /** Some of it may have been acknowledged to clients: no synchronous standby had to have it. */
  readonly mayBeAcknowledged: boolean;
  readonly transactions: { readonly committed: number; readonly aborted: number } | null;
  readonly relations: readonly TouchedRelation[];
  /** What is not told by the numbers above, or why there are none. */
  readonly notes: readonly string[];
  /** Copy of the WAL; null: not kept. */
  readonly kept: { readonly directory: string; readonly files: readonly string[]; readonly bytes: number } | null;
  /** A data directory that was moved aside whole. */
  readonly setAside: string | null;
  /** held: given up only once people discard it. discarded: nothing of it is kept any more. */
  readonly state: 'recorded' | 'held' | 'discarded';
}
