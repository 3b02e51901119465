import type { CallbackAction } from '../core/model/callback.ts';
import type { Tags } from '../core/model/cluster.ts';
import type { BootstrapMethod, ReplicaMethod } from '../core/model/user-programs.ts';
import type { WatchdogMode } from '../core/model/watchdog.ts';
import type { Redacted } from '../core/model/redacted.ts';
import type { DivergencePolicy, DynamicConfig } from '../core/settings/dynamic-config.ts';

/** What one member's own file and environment say, decoded. Everything in it is usable as it stands. */
export interface LocalConfig {
  readonly scope: string;
  readonly name: string;
  /** Everything of this cluster in the store lies below it: `/service/SCOPE/`. */
  readonly storePrefix: string;
  readonly restapi: RestapiConfig;
  readonly etcd: EtcdConfig;
  readonly postgresql: PostgresqlConfig;
  /** undefined: this member never initialises a cluster unless told to. */
  readonly bootstrap: BootstrapConfig | undefined;
  /** As published; boolean tags are booleans here. */
  readonly tags: Tags;
  /** For requests to other members and by kornakctl; `restapi.authentication` where `ctl` has none. */
  readonly ctl: { readonly authentication: BasicAuthentication | undefined };
  readonly log: { readonly level: LogLevel; readonly type: 'plain' | 'json' };
  readonly watchdog: WatchdogConfig;
  readonly kornak: KornakConfig;
}

export interface WatchdogConfig {
  readonly mode: WatchdogMode;
  readonly device: string;
  /** -1: half of `ttl`. */
  readonly safetyMarginS: number;
  readonly driver: 'default' | 'testing';
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'WARNING' | 'ERROR' | 'FATAL' | 'CRITICAL';

export interface HostPort {
  /** IPv6 addresses without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface BasicAuthentication {
  readonly username: string;
  readonly password: Redacted<string>;
}

export interface RestapiConfig {
  /** Host '' or '*': every address of the machine. */
  readonly listen: HostPort;
  readonly connectAddress: HostPort;
  /** `http(s)://…/patroni`, as published to the other members. */
  readonly apiUrl: string;
  readonly authentication: BasicAuthentication | undefined;
  /** Present: HTTPS. The key may be in the certificate's file. */
  readonly tls: RestapiTls | undefined;
}

export interface RestapiTls {
  readonly certFile: string;
  readonly keyFile: string | undefined;
  readonly keyPassword: Redacted<string> | undefined;
}

export interface EtcdConfig {
  /** At least one, such as `http://10.0.0.1:2379`. */
  readonly endpoints: readonly string[];
  readonly username: string | undefined;
  readonly password: Redacted<string> | undefined;
  /** Present: the server's certificate is checked against it. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** A PostgreSQL role and how to connect as it. */
export interface Credentials {
  readonly username: string;
  readonly password: Redacted<string> | undefined;
  readonly sslPassword: Redacted<string> | undefined;
  /** By libpq's names: sslmode, sslcert, sslkey, sslrootcert, sslcrl, sslcrldir, gssencmode, channel_binding, sslnegotiation. */
  readonly options: Readonly<Record<string, string>>;
}

export interface PostgresqlConfig {
  /** For the server parameter of that name: addresses joined by commas. */
  readonly listenAddresses: string;
  readonly port: number;
  /** Where this machine reaches its own server: a host, or the directory of its socket. */
  readonly localHost: string;
  readonly connectAddress: HostPort;
  /** `postgres://…`, as published to the other members. */
  readonly connUrl: string;
  readonly dataDir: string;
  readonly configDir: string;
  /** '': the programs are found through PATH. */
  readonly binDir: string;
  readonly database: string;
  readonly superuser: Credentials;
  readonly replication: Credentials;
  /** undefined: pg_rewind runs as the superuser. */
  readonly rewind: Credentials | undefined;
  /** As written; `serverParameters` decides what the server gets. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly pgHba: readonly string[] | undefined;
  readonly pgIdent: readonly string[] | undefined;
  /** undefined: the dynamic configuration decides. */
  readonly usePgRewind: boolean | undefined;
  readonly removeDataDirectoryOnRewindFailure: boolean | undefined;
  readonly removeDataDirectoryOnDivergedTimelines: boolean | undefined;
  /** undefined: a file of the agent's own in its state directory. */
  readonly pgpass: string | undefined;
  /** Settings for following another member, as text for PostgreSQL; without what the agent decides itself. */
  readonly recoveryConf: Readonly<Record<string, string>>;
  /** Programs with their arguments. */
  readonly callbacks: Readonly<Partial<Record<CallbackAction, readonly string[]>>>;
  readonly prePromote: readonly string[] | undefined;
  readonly beforeStop: readonly string[] | undefined;
  /** How a copy is made, in the order in which the ways are tried. */
  readonly replicaMethods: readonly ('basebackup' | ReplicaMethod)[];
  /** Further ways to copy that the file describes, by name. */
  readonly namedMethods: Readonly<Record<string, ReplicaMethod>>;
  /** Further arguments of pg_rewind. */
  readonly rewindArguments: readonly string[];
  /** Further arguments of pg_basebackup. */
  readonly basebackupArguments: readonly string[];
}

export interface BootstrapConfig {
  /** The dynamic configuration to begin with, as written and decoded. */
  readonly dcs: Readonly<Record<string, unknown>>;
  readonly dynamic: DynamicConfig;
  readonly initdbArguments: readonly string[];
  /** undefined: initdb. */
  readonly method: BootstrapMethod | undefined;
  /** A program with its arguments, run once on a new cluster. */
  readonly postBootstrap: readonly string[] | undefined;
  /** Lines appended to the pg_hba.conf of a new cluster, where `postgresql.pg_hba` does not replace the file. */
  readonly pgHba: readonly string[];
}

export interface KornakConfig {
  /** undefined: the dynamic configuration decides. */
  readonly leaderTtlMs: number | undefined;
  readonly healthTimeoutMs: number | undefined;
  /** After it a callback, or one of pre_promote and before_stop, is ended. */
  readonly callbackTimeoutMs: number;
  readonly hookTimeoutMs: number;
  readonly divergence: DivergencePolicy | undefined;
  /** Of this agent alone: the guard's socket and lock, notes of unfinished work, PostgreSQL's start-up log. */
  readonly stateDir: string;
}
