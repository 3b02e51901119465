// What is asked of the disk helper and what it answers: one JSON object a line, each answered by one of the same id. It tells
// besides, with id 0, that it runs at all, so that a helper which does not run is not taken for a disk which does not answer.

export type DiskRequest = { readonly id: number } & (
  | { readonly op: 'look'; readonly dataDir: string; readonly stateDir: string }
  | { readonly op: 'write'; readonly dir: string }
);

/** What the data directory shows at one moment. */
export interface DirectoryFacts {
  /** The first of its entries that are not hidden; more than these are not needed by anybody. */
  readonly entries: readonly string[];
  /** The mark of unfinished work beside it; undefined: none. */
  readonly unfinished?: string;
  /** When pg_control was last written; undefined: there is none. */
  readonly controlMs?: number;
  readonly hasSignal: boolean;
  /** It was copied and never started. */
  readonly hasBackupLabel: boolean;
  /** postmaster.pid; undefined: there is none. */
  readonly pidFile?: string;
}

/** What came of a small write that was forced to the disk. */
export interface WriteProbe {
  /** For whoever is not root; undefined: not told. */
  readonly freeBytes?: number;
  /** The system's code of what went wrong, such as EROFS; undefined: it is on the disk. */
  readonly code?: string;
  readonly why?: string;
}

export type DiskReply =
  | { readonly id: number; readonly facts: DirectoryFacts }
  | { readonly id: number; readonly probe: WriteProbe }
  | { readonly id: number; readonly failed: string };

export const HEARTBEAT_MS = 250;
/** Longest line either side reads. */
export const LINE_CHARS_MAX = 65_536;
