// What the TLS files hold now.
import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { TlsFiles } from './etcd-options.ts';

export type TlsMaterial =
  | { readonly kind: 'ok'; readonly options: SecureContextOptions; readonly stamp: string }
  | { readonly kind: 'unreadable'; readonly why: string };

export function readTls(files: TlsFiles | undefined): TlsMaterial {
  try {
    const stamp = tlsStamp(files);
    const [ca, cert, key] = [files?.ca, files?.cert, files?.key ?? files?.cert].map(contentOf);
    return {
      kind: 'ok',
      options: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
      stamp,
    };
  } catch (error) {
    return { kind: 'unreadable', why: error instanceof Error ? error.message : 'a TLS file cannot be read' };
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
