import type { Network } from '../network.ts';
import type { Agenda } from '../time/agenda.ts';
import type { Chance } from '../time/chance.ts';
import type { Machine } from '../time/machine.ts';
import type { Trace } from '../time/trace.ts';
import type { Disk } from './disk.ts';
import type { Server } from './server.ts';
import type { Forest, WalEnd } from './wal.ts';

/** One machine's PostgreSQL: its disk, and the server that works on it now, if any. */
export interface PgHost {
  readonly name: string;
  readonly machine: Machine;
  readonly disk: Disk;
  server: Server | undefined;
  /** Backends that have not noticed yet that their postmaster is gone. */
  orphans: Server | undefined;
}

/** Told of everything that the invariants speak about, the moment it happens. */
export interface Witness {
  /** A server has begun to accept writes: promoted under `reign`, or started on the timeline it had. */
  serving(
    host: PgHost,
    how:
      | { readonly kind: 'promoted'; readonly reign: number; readonly from: WalEnd }
      | { readonly kind: 'started' | 'byHand' },
  ): void;
  /** Somebody is about to kill it, lest it write. */
  fenced(host: PgHost): void;
  /** A write went into the WAL. */
  accepted(host: PgHost, at: WalEnd): void;
  /** The client is told that it is safe. */
  acknowledged(host: PgHost, at: WalEnd, acceptedAtMs: number): void;
  /** The WAL on a disk is not the former one and more: rewound, cloned, moved aside, or no longer fit for use. */
  replaced(host: PgHost): void;
  /** Right before WAL up to `at` goes from the member's data directory: rewound, or moved aside. */
  givesUp(host: PgHost, at: WalEnd): void;
  /** A server was started on a directory that is neither old nor new. */
  startedTorn(host: PgHost): void;
}

/** How this world's PostgreSQL behaves. Times in milliseconds. */
export interface PgHabits {
  commitMs: number;
  /** Longest crash recovery. */
  recoveryMsMax: number;
  /** Longest replay of a standby that was started again. */
  replayMsMax: number;
  replayLagMs: number;
  checkpointMsMax: number;
  /** Silence after which an end of a replication connection is given up. */
  replicationTimeoutMs: number;
  receiverRetryMs: number;
  /** Longest time until a walsender has read a reload; until then it lets commits go by what it had read before. */
  walsenderReadMsMax: number;
  cloneMsMax: number;
  /** Longest preparation of a promotion, before the last look at the key. */
  promoteMsMax: number;
  jobFailureRate: number;
  /** How long backends go on at most without their postmaster. */
  orphansMsMax: number;
  /** How often a hook of the user's has something to do, and how often it then fails or hangs. */
  hookRate: number;
  hookFailureRate: number;
  /** Interrupted work is noted beside the directory. */
  marksWork: boolean;
  /** Segments that a server removes can be had from an archive. */
  hasArchive: boolean;
}

/** What all servers of one world share. */
export interface PgWorld {
  readonly agenda: Agenda;
  readonly network: Network;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly forest: Forest;
  readonly witness: Witness;
  readonly habits: PgHabits;
  readonly hosts: ReadonlyMap<string, PgHost>;
}
