import type { Redacted } from '../core/model/redacted.ts';
import type { BootstrapMethod, ReplicaMethod } from '../core/model/user-programs.ts';
import type { Clock } from '../ports/clock.ts';

export interface Login {
  readonly username: string;
  readonly password?: Redacted<string> | undefined;
}

/** The system account that PostgreSQL runs as, where the agent itself is root. */
export interface SystemAccount {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

/** A program of the user's, which runs as the agent does. */
export interface Hook {
  readonly words: readonly string[];
  readonly timeoutMs: number;
}

/** Everything the adapter needs to know about the PostgreSQL beside this agent. Paths are absolute. */
export interface PostgresOptions {
  readonly dataDir: string;
  /** Where postgresql.conf, pg_hba.conf and pg_ident.conf live; the data directory unless told otherwise. */
  readonly configDir?: string | undefined;
  readonly binDir?: string | undefined;
  /** A directory of our own beside the data directory: postgres.log, pgpass, the mark of unfinished work, records of divergence. */
  readonly stateDir: string;
  readonly listenAddresses: string;
  readonly port: number;
  /** Where this server is reached from here: a host name or the directory of its socket. */
  readonly localHost: string;
  readonly database: string;
  readonly superuser: Login;
  readonly replication: Login;
  readonly rewind?: Login | undefined;
  /** `postgresql.parameters` of the local file. */
  readonly localParameters: Readonly<Record<string, unknown>>;
  /** From the local file, which goes before the dynamic configuration. */
  readonly pgHba?: readonly string[] | undefined;
  readonly pgIdent?: readonly string[] | undefined;
  readonly recoveryConf?: Readonly<Record<string, unknown>> | undefined;
  /** Asked before a promotion, and run before a stop. */
  readonly prePromote?: Hook | undefined;
  readonly beforeStop?: Hook | undefined;
  /** Options of initdb as arguments, `--` included. */
  readonly initdbOptions: readonly string[];
  /** Appended to the pg_hba.conf of a new cluster, unless a whole pg_hba is configured. */
  readonly bootstrapPgHba?: readonly string[] | undefined;
  /** Run once on a new cluster, before anybody else may use it. */
  readonly postBootstrap?: readonly string[] | undefined;
  /** undefined: initdb makes a new cluster. */
  readonly bootstrapMethod?: BootstrapMethod | undefined;
  /** How a copy is made, in the order in which the ways are tried; pg_basebackup where nothing is said. */
  readonly replicaMethods?: readonly ('basebackup' | ReplicaMethod)[] | undefined;
  /** A way to copy that the local file describes, whether it lists it or not. */
  readonly replicaMethod?: ((name: string) => ReplicaMethod | undefined) | undefined;
  readonly usePgRewind: boolean;
  /** Further options of pg_rewind as arguments, `--` included. */
  readonly rewindOptions?: readonly string[] | undefined;
  /** Further options of pg_basebackup as arguments, `--` included. */
  readonly basebackupOptions: readonly string[];
  /** Becomes `cluster_name`. */
  readonly scope: string;
  /** Becomes `application_name` of the receiver. */
  readonly memberName: string;
  /** Own file with the upstream's password; below `stateDir` unless told otherwise. */
  readonly pgpassFile?: string | undefined;
  readonly runAs?: SystemAccount | undefined;
  readonly clock: Clock;
  /** Path of the disk helper's main.js; undefined: the agent itself touches the disks, and nobody watches over them. */
  readonly diskProgram?: string | undefined;
  /** What is said to people beside the outcomes: a killed orphan, a receiver that had to be ended twice. */
  readonly note?: ((text: string) => void) | undefined;
}

export function configDirOf(options: PostgresOptions): string {
  return options.configDir ?? options.dataDir;
}

export function pgpassFileOf(options: PostgresOptions): string {
  return options.pgpassFile ?? `${options.stateDir}/pgpass`;
}
