import type { HostPort } from './local-config.ts';

const PORT_MAX = 65_535;

function portFromText(text: string): number | undefined {
  const port = /^[0-9]{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return port >= 1 && port <= PORT_MAX ? port : undefined;
}

/**
 * Splits at the last colon, as Patroni does: `host:port`, `[::1]:5432` and `::1:5432` alike. Without a colon, or in the case of
 * an address in brackets alone, `defaultPort` counts. undefined where there is no usable port.
 */
export function splitHostPort(text: string, defaultPort?: number): HostPort | undefined {
  const trimmed = text.trim();
  const hasPort = trimmed.includes(':') && !trimmed.endsWith(']');
  const cut = hasPort ? trimmed.lastIndexOf(':') : trimmed.length;
  const port = hasPort ? portFromText(trimmed.slice(cut + 1)) : defaultPort;
  return port === undefined ? undefined : { host: withoutBrackets(trimmed.slice(0, cut)), port };
}

export interface ListenAddresses {
  readonly addresses: readonly string[];
  readonly port: number;
}

/** Several hosts with one port: `h1,h2:5432`. */
export function splitListen(text: string): ListenAddresses | undefined {
  const split = splitHostPort(text, 5432);
  if (split === undefined) return undefined;
  return { addresses: split.host.split(',').map((address) => withoutBrackets(address.trim())), port: split.port };
}

function withoutBrackets(host: string): string {
  return /^\[[^[\]]*\]$/.test(host) ? host.slice(1, -1) : host;
}

/** As it stands in a URL: IPv6 addresses in brackets. */
export function hostPortText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Means every address of the machine, so nobody can connect to it by that name. */
export function isWildcard(host: string): boolean {
  return ['', '*', '0.0.0.0', '::', '0'].includes(host);
}

/** Means something else on each machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}
