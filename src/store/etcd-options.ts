import type { Clock } from '../ports/clock.ts';

/** Paths, not contents: a renewed certificate is read again without a restart. */
export interface TlsFiles {
  /** Undefined: the certificates that the system trusts. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  /** Undefined: the key is in the file of the certificate. */
  readonly key: string | undefined;
}

export interface EtcdOptions {
  /** `http(s)://host:port`, in the order in which they are tried. */
  readonly endpoints: readonly string[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly clock: Clock;
  /** While a watch is open, its endpoint is asked for a sign of life when it has been silent for so long. */
  readonly probeEveryMs?: number | undefined;
}
