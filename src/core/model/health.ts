import { type Seen, unknown } from './seen.ts';

/** What a directory is for: the data directory, pg_wal (which may be elsewhere), PostgreSQL's own log, the agent's state. */
export type VolumeUse = 'data' | 'wal' | 'log' | 'state';

/**
 * ok: a write reached the disk. stalled: a write has not come back. readOnly: the file system takes no writes. full: no space, or
 * less than one WAL segment. failing: any other error, such as a device that is gone.
 */
export type VolumeState = 'ok' | 'stalled' | 'readOnly' | 'full' | 'failing';

/** One directory's file system, as a small write to it told. */
export interface VolumeHealth {
  readonly use: VolumeUse;
  readonly path: string;
  readonly state: VolumeState;
  /** Boot-clock time since which it is so; for `stalled` the time at which the write was begun. */
  readonly sinceMs: number;
  /** For PostgreSQL's account, as last told; undefined: not told yet. */
  readonly freeBytes: number | undefined;
  /** The system's words for what is wrong. */
  readonly why: string | undefined;
}

/** How the server treats somebody who comes anew. Times are of the boot clock. */
export interface ServerHealth {
  /** When a new connection last got an answer to a statement. */
  readonly answeredMs: number | undefined;
  /** Since when new connections get no answer at all; undefined: the last try was answered, be it by a refusal. */
  readonly silentSinceMs: number | undefined;
  /** Why new connections are turned away, such as for too many clients. Somebody who says no is not hung. */
  readonly refusal: string | undefined;
  /** Since when commits are waited for that do not reach the WAL's disk; undefined: they do, or nobody commits. */
  readonly stuckSinceMs: number | undefined;
}

export interface LocalHealth {
  readonly server: ServerHealth;
  readonly storage: Seen<readonly VolumeHealth[]>;
  /** Processes that work in the data directory without a postmaster: after a kill, those in state D. */
  readonly leftovers: number;
}

export const NO_SERVER_HEALTH: ServerHealth = {
  answeredMs: undefined,
  silentSinceMs: undefined,
  refusal: undefined,
  stuckSinceMs: undefined,
};

/** Nobody has looked yet. */
export const NO_HEALTH: LocalHealth = { server: NO_SERVER_HEALTH, storage: unknown('not looked yet'), leftovers: 0 };

/** What keeps a PostgreSQL from serving as a primary, as it is published to the other members. */
export type UnfitKind = 'hung' | 'stalled' | 'readOnly' | 'full' | 'failing';
