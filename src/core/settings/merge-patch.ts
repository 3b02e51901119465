import { isSettingMap, type SettingMap } from './read-settings.ts';

interface Patched {
  readonly value: SettingMap;
  readonly changed: boolean;
}

function sameText(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return text(a) === text(b);
}

/**
 * Merges `patch` into `target`, as `PATCH /config` and each layer of the configuration do: null deletes, maps merge, lists are
 * replaced whole, and a value stays as it is where only its type differs ('5' and 5).
 */
export function mergePatch(target: SettingMap, patch: SettingMap): Patched {
  const merged = new Map(Object.entries(target));
  let changed = false;
  for (const [key, value] of Object.entries(patch)) {
    const old = merged.get(key);
    if (value === null) {
      changed = merged.delete(key) || changed;
    } else if (isSettingMap(old) && isSettingMap(value)) {
      const inner = mergePatch(old, value);
      merged.set(key, inner.value);
      changed ||= inner.changed;
    } else if (!merged.has(key) || !sameText(old, value)) {
      merged.set(key, value);
      changed = true;
    }
  }
  return { value: Object.fromEntries(merged), changed };
}
