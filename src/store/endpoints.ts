// From the etcd3 section of a configuration to what the store needs.
import type { EtcdOptions } from './etcd-options.ts';

/** As people write it; all that is not about reaching etcd is left out. */
export interface EtcdSection {
  readonly host?: string | undefined;
  /** A list, or one text with commas. */
  readonly hosts?: string | readonly string[] | undefined;
  /** Default of `hosts` and `host`. */
  readonly port?: string | number | undefined;
  /** Takes precedence over `host` and `hosts`, and its user over `username` and `password`. */
  readonly url?: string | undefined;
  readonly protocol?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly cacert?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface SectionProblem {
  readonly key: keyof EtcdSection;
  /** Complete for a reader who knows the key; holds no secret. */
  readonly why: string;
}

export type SectionOutcome =
  | { readonly kind: 'ok'; readonly options: Omit<EtcdOptions, 'clock'> }
  | { readonly kind: 'invalid'; readonly problems: readonly [SectionProblem, ...SectionProblem[]] };

const DEFAULT_PORT = '2379';

export function etcdOptionsFrom(section: EtcdSection): SectionOutcome {
  const problems: SectionProblem[] = [];
  const complain = (key: keyof EtcdSection, why: string) => {
    problems.push({ key, why });
  };
  const reach = section.url === undefined ? fromHosts(section, complain) : fromUrl(section.url, complain);
  if (section.key !== undefined && section.cert === undefined) complain('key', 'is given without cert');
  if (reach.username === undefined && reach.password !== undefined) complain('username', 'is missing beside password');
  const [first, ...others] = problems;
  if (first !== undefined) return { kind: 'invalid', problems: [first, ...others] };
  const { cacert: ca, cert, key } = section;
  const tls = ca === undefined && cert === undefined ? undefined : { ca, cert, key };
  return { kind: 'ok', options: { ...reach, tls } };
}

type Reach = Pick<EtcdOptions, 'endpoints' | 'username' | 'password'>;
type Complain = (key: keyof EtcdSection, why: string) => void;

function fromUrl(text: string, complain: Complain): Reach {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    complain('url', 'must be http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before the host if need be');
    return { endpoints: [] };
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') complain('url', 'must end after the port');
  // The parser drops a port that is the protocol's own, which is not etcd's.
  const port = /:(\d+)\/?$/.exec(text)?.[1] ?? DEFAULT_PORT;
  const [username, password] = [url.username, url.password].map((part) => (part === '' ? undefined : unescaped(part)));
  return { endpoints: [`${url.protocol}//${url.hostname}:${port}`], username, password };
}

function fromHosts(section: EtcdSection, complain: Complain): Reach {
  const protocol = section.protocol ?? 'http';
  if (protocol !== 'http' && protocol !== 'https') complain('protocol', `must be http or https, not ${protocol}`);
  const key = section.hosts === undefined ? 'host' : 'hosts';
  const given = section[key];
  const texts = (typeof given === 'string' ? given.split(',') : (given ?? []))
    .map((text) => text.trim())
    .filter(Boolean);
  if (texts.length === 0) complain(key, 'names no etcd endpoint: one of host, hosts or url must, as HOST:PORT');
  const endpoints = new Set<string>();
  for (const text of texts) {
    const place = placeFrom(text, String(section.port ?? DEFAULT_PORT));
    if (place === undefined) complain(key, `must be HOST:PORT, not "${text.replace(/.*@/, '***@')}"`);
    else endpoints.add(`${protocol}://${place}`);
  }
  return { endpoints: [...endpoints], username: section.username, password: section.password };
}

/** HOST, HOST:PORT, [IPV6]:PORT or a bare IPV6, as host and port of a URL. */
function placeFrom(text: string, defaultPort: string): string | undefined {
  const bare = text.split(':').length > 2 && !text.startsWith('[') ? `[${text}]` : text;
  const parts = /^(\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(bare);
  const port = Number(parts?.[2] ?? defaultPort);
  if (parts?.[1] === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const place = `${parts[1]}:${port}`;
  return URL.canParse(`http://${place}`) ? place : undefined;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
