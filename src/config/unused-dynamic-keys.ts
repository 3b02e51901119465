import { isSettingMap, type SettingMap } from '../core/settings/read-settings.ts';
import { NAMED_MAX } from './first-few.ts';
import { DYNAMIC_KEYS, type KeyTree } from './known-keys.ts';
import { suggestedKey, UNKNOWN_KEY } from './suggested-key.ts';

const SHOWN_KEY_LENGTH_MAX = 80;
/** What else there is to say about it, its own reader says. */
const TOLD_ELSEWHERE = ['standby_cluster'];

/**
 * Of the keys of a dynamic configuration that have no effect, a line each with its path and what may have been meant; beyond the
 * first few only how many there are. Without values: one may be a password under a misspelt key. Such keys are kept, as the
 * contract has it.
 */
export function unusedDynamicKeys(document: unknown): readonly string[] {
  const unused = isSettingMap(document) ? unusedIn(document, DYNAMIC_KEYS, []) : [];
  const more = unused.length - NAMED_MAX;
  // What may have been meant is looked for only where it is told: of thousands that takes seconds.
  const lines = unused.slice(0, NAMED_MAX).map((say) => say());
  return more > 0 ? [...lines, `and ${more} more keys that have no effect`] : lines;
}

function unusedIn(map: SettingMap, tree: KeyTree, path: readonly string[]): readonly (() => string)[] {
  return Object.entries(map).flatMap(([key, value]) => {
    if (value === null || (path.length === 0 && TOLD_ELSEWHERE.includes(key))) return [];
    const known = Object.hasOwn(tree, key) ? tree[key] : undefined;
    const below = [...path, key];
    if (known === undefined) return [() => line(below, UNKNOWN_KEY, suggestedKey(key, tree, DYNAMIC_KEYS))];
    if (known.use === 'later')
      return [() => line(below, 'is known but not acted on in the shared configuration yet', undefined)];
    return known.inner !== undefined && isSettingMap(value) ? unusedIn(value, known.inner, below) : [];
  });
}

function line(path: readonly string[], reason: string, hint: string | undefined): string {
  const shown = path.join('.').replaceAll(/\p{C}/gu, '?').slice(0, SHOWN_KEY_LENGTH_MAX);
  return [`${shown}: ${reason}`, ...(hint === undefined ? [] : [hint])].join('; ');
}
