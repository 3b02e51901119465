// Under which path an etcd of some version serves its gateway.
import { recordFromText } from './json-record.ts';

export type PrefixFound =
  { readonly kind: 'ok'; readonly prefix: string } | { readonly kind: 'tooOld'; readonly why: string };

/** `versionBody` is the answer to GET /version. What says nothing about a version is taken for a recent one. */
export function gatewayPrefix(versionBody: string): PrefixFound {
  const cluster = recordFromText(versionBody)?.['etcdcluster'];
  const parts = typeof cluster === 'string' ? /^(\d+)\.(\d+)/.exec(cluster) : null;
  const [major, minor] = [Number(parts?.[1]), Number(parts?.[2])];
  if (parts === null || major > 3 || (major === 3 && minor >= 4)) return { kind: 'ok', prefix: '/v3' };
  if (major < 3)
    return { kind: 'tooOld', why: `the etcd cluster is of version ${major}.${minor}, at least 3.1 is needed` };
  // A cluster that is still forming calls itself 3.0: its members agree on their version within seconds.
  if (minor === 0) return { kind: 'tooOld', why: 'the etcd cluster is of version 3.0 or still starting' };
  return { kind: 'ok', prefix: minor === 3 ? '/v3beta' : '/v3alpha' };
}
