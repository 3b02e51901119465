import type { KeyTree } from './known-keys.ts';
import { nearestName } from './nearest-name.ts';

export const UNKNOWN_KEY = 'is no key that Kornak or Patroni knows; it has no effect';

/** What whoever wrote an unknown key may have meant: one like it beside it, or the same one elsewhere in `root`. */
export function suggestedKey(key: string, siblings: KeyTree, root: KeyTree): string | undefined {
  const near = nearestName(key, Object.keys(siblings));
  if (near !== undefined) return `did you mean ${near}?`;
  const elsewhere = placeOf(key, root, []);
  return elsewhere === undefined ? undefined : `it belongs at ${elsewhere}`;
}

/** Where else a key of this very name is known. */
function placeOf(key: string, tree: KeyTree, path: readonly string[]): string | undefined {
  if (path.length > 0 && Object.hasOwn(tree, key)) return [...path, key].join('.');
  for (const [name, { inner }] of Object.entries(tree)) {
    const found = inner === undefined ? undefined : placeOf(key, inner, [...path, name]);
    if (found !== undefined) return found;
  }
  return undefined;
}
