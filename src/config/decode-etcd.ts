import { Redacted } from '../core/model/redacted.ts';
import { hostPortText, splitHostPort } from './address.ts';
import type { EtcdConfig } from './local-config.ts';
import { refuse, type Report } from './report.ts';
import type { LocalSchema } from './schema.ts';

type EtcdSchema = LocalSchema['etcd3'];

const DEFAULT_PORT = 2379;

/** In Patroni's order: proxy or url, else hosts, else host. */
export function decodeEtcd(input: EtcdSchema, report: Report): EtcdConfig {
  const fromUrl = input.proxy ?? input.url;
  const found = fromUrl === undefined ? endpointsFromHosts(input, report) : endpointFromUrl(fromUrl, input, report);
  return {
    endpoints: found.endpoints,
    username: found.username,
    password: found.password,
    caFile: input.cacert,
    certFile: input.cert,
    keyFile: input.key,
  };
}

type Reached = Pick<EtcdConfig, 'endpoints' | 'username' | 'password'>;

/** A URL decides the credentials too, even by having none. */
function endpointFromUrl(url: string, input: EtcdSchema, report: Report): Reached {
  const path = ['etcd3', input.proxy === undefined ? 'url' : 'proxy'];
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol) || parsed.hostname === '') {
    refuse(report, { path, reason: 'must be a URL', remedy: 'for example https://etcd.example:2379' });
    return { endpoints: [], username: undefined, password: undefined };
  }
  return {
    endpoints: [`${parsed.protocol}//${parsed.hostname}:${parsed.port === '' ? DEFAULT_PORT : parsed.port}`],
    username: parsed.username === '' ? undefined : percentDecoded(parsed.username),
    password: parsed.password === '' ? undefined : new Redacted(percentDecoded(parsed.password)),
  };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % stands for itself.
    return text;
  }
}

function endpointsFromHosts(input: EtcdSchema, report: Report): Reached {
  const named = hostsList(input.hosts);
  const hosts = named.length > 0 ? named : input.host === undefined ? [] : [input.host];
  const path = ['etcd3', named.length > 0 ? 'hosts' : 'host'];
  if (hosts.length === 0) {
    const reason = 'names no member of etcd';
    refuse(report, {
      path: ['etcd3'],
      reason,
      remedy: 'give host, hosts or url, for example hosts: ["10.0.0.1:2379"]',
    });
  }
  const endpoints = hosts.flatMap((host) => {
    const address = host.includes('/') ? undefined : splitHostPort(host, input.port ?? DEFAULT_PORT);
    if (address !== undefined && address.host !== '') return [`${input.protocol ?? 'http'}://${hostPortText(address)}`];
    refuse(report, { path, reason: `${JSON.stringify(host)} is no host or host:port`, remedy: 'a URL goes into url' });
    return [];
  });
  return { endpoints: [...new Set(endpoints)], username: input.username, password: input.password };
}

/** Text with commas; in a variable it may also look like a YAML list. */
function hostsList(hosts: EtcdSchema['hosts']): readonly string[] {
  const list =
    typeof hosts === 'string' ? hosts.replaceAll(/[[\]'"\s]+(?=,|$)|^[[\]'"\s]+/g, '').split(',') : (hosts ?? []);
  return list.map((host) => host.trim().replaceAll(/^['"]|['"]$/g, '')).filter((host) => host !== '');
}
