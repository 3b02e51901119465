import { Refusal } from './refusal.ts';

export interface DcsUrl {
  readonly endpoint: string;
  /** undefined: the one of the file, or the default. */
  readonly namespace: string | undefined;
}

const PORT = 2379;
const OTHER_STORES = ['consul', 'zookeeper', 'exhibitor', 'kubernetes', 'raft'];

/** What -d names: `[etcd3://]HOST[:PORT][/NAMESPACE]`. */
export function dcsFromUrl(text: string): DcsUrl {
  const [scheme, rest] = text.includes('://') ? splitAt(text, '://') : ['etcd3', text];
  if (OTHER_STORES.includes(scheme.toLowerCase()))
    throw new Refusal(`${scheme} is not supported: Kornak works with etcd3`);
  if (!['etcd3', 'etcd', 'http', 'https'].includes(scheme.toLowerCase()))
    throw new Refusal(`Unknown dcs scheme: ${scheme}`);
  const protocol = scheme.toLowerCase() === 'https' ? 'https' : 'http';
  const url = `${protocol}://${rest.startsWith('/') || rest === '' ? `localhost${rest}` : rest}`;
  if (!URL.canParse(url)) throw new Refusal(`${text} is no address: write etcd3://HOST:PORT`);
  const { hostname, pathname } = new URL(url);
  // The default port of the protocol is dropped by the parser, and is not etcd's.
  const port = /:(\d+)(?:\/|$)/.exec(rest)?.[1] ?? String(PORT);
  const namespace = pathname.replaceAll(/^\/+|\/+$/g, '');
  return { endpoint: `${protocol}://${hostname}:${port}`, namespace: namespace === '' ? undefined : namespace };
}

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
