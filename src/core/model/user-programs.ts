/** A program that fills an empty data directory with a copy of the cluster. */
export interface ReplicaMethod {
  readonly name: string;
  readonly words: readonly string[];
  /** Further keys of its section, as arguments. */
  readonly extras: readonly string[];
  /** It is told scope, role, directory and source as well. */
  readonly withParams: boolean;
  /** It needs no member to copy from. */
  readonly needsNoLeader: boolean;
}

/** A program that makes the cluster instead of initdb. */
export interface BootstrapMethod {
  readonly name: string;
  readonly words: readonly string[];
  readonly extras: readonly string[];
  readonly withParams: boolean;
  /** What the program left of recovery settings stays as it is. */
  readonly keepsRecoveryConf: boolean;
  /** Recovery settings for the first start; undefined: none. */
  readonly recoveryConf: Readonly<Record<string, string>> | undefined;
}
