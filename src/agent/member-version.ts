import { readFileSync } from 'node:fs';

/**
 * The Patroni version whose contract our member data and REST answers keep: what other members and tools read as ours. They
 * treat anything below 4.0 as in need of the old layout.
 */
export const contractVersion = '4.1.4';

export function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return String(version);
}
