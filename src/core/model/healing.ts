/** The rungs by which a member comes back, from the cheapest to the dearest. */
export type Rung = 'stream' | 'archive' | 'rewind' | 'clone';

/** What is being done about a member that does not follow. */
export interface Healing {
  readonly rung: Rung;
  /** Tries of this rung, the one under way included. */
  readonly tries: number;
  /** One sentence for people, with the remedy where only people have it. */
  readonly why: string;
  readonly sinceMs: number;
}

/** What the server itself says about why it does not follow or does not come up. */
export type ServerTroubleKind =
  /** The upstream has removed WAL that this server still needs. */
  | 'walRemoved'
  /** This server's WAL parts from the upstream's. */
  | 'diverged'
  /** This server holds more than the upstream on the same timeline. */
  | 'ahead'
  | 'credentials'
  | 'slotMissing'
  | 'slotBusy'
  | 'unreachable'
  | 'foreign'
  /** The data directory cannot be recovered from as it is. */
  | 'broken'
  /** A setting keeps it from starting. */
  | 'settings';

export interface ServerTrouble {
  readonly kind: ServerTroubleKind;
  /** The server's own line, without its prefix. */
  readonly text: string;
}

/** Why the data in the directory are not to be followed with any more, and are to be cloned anew. */
export interface Reclone {
  /** refused: the leader's server says that the WAL does not fit. */
  readonly cause: 'walRemoved' | 'broken' | 'refused' | 'reinitialize';
  readonly why: string;
  /** From the leader, whoever else offers itself. */
  readonly fromLeader: boolean;
}

/** What came of recording the data that are to be given up. */
export interface Recorded {
  readonly id: string;
  /** By the leader's own history file, read from its server. */
  readonly verdict: 'none' | 'diverged';
  /** It could not be kept, and is not given up before people say so. */
  readonly isHeld: boolean;
  readonly leader: string;
  readonly atMs: number;
}
