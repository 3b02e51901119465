import { booleanFromWord } from '../settings/boolean-word.ts';
import type { Tags } from './cluster.ts';

const PRIORITY_DEFAULT = 1;

function flagOf(value: unknown): boolean | undefined {
  return value === undefined || value === null ? undefined : booleanFromWord(value);
}

/** `sync_priority`: of the members that may be synchronous standbys, the higher is chosen first. 1 where nothing is said. */
export function syncPriority(tags: Tags | undefined): number {
  const value = tags?.['sync_priority'];
  if (typeof value === 'number' && Number.isFinite(value)) return Math.trunc(value);
  return typeof value === 'string' && /^\s*[-+]?\d{1,9}\s*$/.test(value) ? Number(value) : PRIORITY_DEFAULT;
}

/** Never a synchronous standby: `nosync` where it is set, be it to false; else a `sync_priority` of 0 or less; or no streaming. */
export function isNeverSync(tags: Tags | undefined): boolean {
  if (flagOf(tags?.['nostream']) === true) return true;
  return flagOf(tags?.['nosync']) ?? syncPriority(tags) <= 0;
}
