import type { Upstream } from '../model/local-postgres.ts';

const DEFAULT_PORT = 5432;
const PORT_MAX = 65_535;

/**
 * Host and port of a `postgres://HOST:PORT/DB` address; IPv6 hosts are bracketed there and bare here. It ends up in files of
 * PostgreSQL, so what is no host or port is none: anybody may have written anything into the store.
 */
export function upstreamOf(connUrl: string | undefined): Upstream | undefined {
  const match = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?(\[[\w:.%]+\]|[^\s\p{C}:/?'"\\@,]+)(?::(\d{1,5}))?(?:[/?]|$)/u.exec(
    connUrl ?? '',
  );
  const host = match?.[1];
  if (host === undefined) return undefined;
  const port = match?.[2] === undefined ? DEFAULT_PORT : Number(match[2]);
  if (port < 1 || port > PORT_MAX) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

export function sameUpstream(a: Upstream | undefined, b: Upstream | undefined): boolean {
  return a?.host === b?.host && a?.port === b?.port;
}
