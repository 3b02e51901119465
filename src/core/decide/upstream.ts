import type { Upstream } from '../model/local-postgres.ts';

const DEFAULT_PORT = 5432;

/** Host and port of a `postgres://HOST:PORT/DB` address; IPv6 hosts are bracketed there and bare here. */
export function upstreamOf(connUrl: string | undefined): Upstream | undefined {
  const match = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/?]+)(?::(\d+))?(?:[/?]|$)/.exec(connUrl ?? '');
  const host = match?.[1];
  if (host === undefined) return undefined;
  const port = match?.[2] === undefined ? DEFAULT_PORT : Number(match[2]);
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

export function sameUpstream(a: Upstream | undefined, b: Upstream | undefined): boolean {
  return a?.host === b?.host && a?.port === b?.port;
}
