import { readFileSync } from 'node:fs';
import { recordFromJson, textField } from '../core/layout/fields.ts';

/** Of the package, which lies two folders above, built or not. */
export function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return textField(recordFromJson(text) ?? {}, 'version') ?? 'unknown';
}
