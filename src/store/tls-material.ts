// What the TLS files hold now.
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsFiles } from './etcd-options.ts';

export type TlsMaterial =
  | { readonly kind: 'ok'; readonly context: SecureContext; readonly stamp: string }
  | { readonly kind: 'unusable'; readonly why: string };

export function readTls(files: TlsFiles | undefined): TlsMaterial {
  try {
    const stamp = tlsStamp(files);
    const [ca, cert, key] = [files?.ca, files?.cert, files?.key ?? files?.cert].map(contentOf);
    const context = createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
    return { kind: 'ok', context, stamp };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    return { kind: 'unusable', why: `certificate, key or authority cannot be used: ${reason}` };
  }
}

/** Changes when one of the files does. */
export function tlsStamp(files: TlsFiles | undefined): string {
  const stamps = [files?.ca, files?.cert, files?.key].map((path) => {
    const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? '-' : `${stat.mtimeMs}/${stat.ino}`;
  });
  return stamps.join(' ');
}

function contentOf(path: string | undefined): Buffer | undefined {
  return path === undefined ? undefined : readFileSync(path);
}
