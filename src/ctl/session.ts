import type { CallApi } from '../api/client.ts';
import type { JsonRecord } from '../core/layout/fields.ts';
import type { ClusterView, FailoverRequest } from '../core/model/cluster.ts';
import type { Terminal } from './terminal.ts';

export interface ClusterReading {
  readonly view: ClusterView;
  /** The dynamic configuration as it stands; undefined: none, or nonsense. */
  readonly config: JsonRecord | undefined;
}

/** The store as commands use it: each read is one linearizable range, and no lease is ever taken. */
export interface Dcs {
  /** Throws Refusal where the store does not answer. */
  read(cluster: string): Promise<ClusterReading>;
  /** Only while /config has that revision. Throws Refusal where it was not written, or nobody knows. */
  writeConfig(cluster: string, config: JsonRecord, revision: number): Promise<void>;
  /** Only while /failover has that revision, as writeConfig. Without a request it is withdrawn. */
  writeFailover(cluster: string, request: FailoverRequest | undefined, revision: number): Promise<void>;
}

/** What every command works with. */
export interface Session {
  readonly terminal: Terminal;
  readonly dcs: Dcs;
  readonly callApi: CallApi;
  /** `scope` of the configuration, for commands without a cluster's name. */
  readonly scope: string | undefined;
  /** The REST API of the member whose configuration was given with -c. */
  readonly ownApiUrl: string | undefined;
  /** A failure that the REST API answered is exit code 1, not 0. */
  readonly isStrict: boolean;
}

/** Exit code of a command that an API refused. */
export function refusedExit({ isStrict }: Session): number {
  return isStrict ? 1 : 0;
}
