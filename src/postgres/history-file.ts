import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistoryEntry } from '../core/model/cluster.ts';
import { LSN_ZERO, lsnFromText, type Lsn } from '../core/model/lsn.ts';
import { isDefined } from './is-defined.ts';

/**
 * Stands for a timeline number that somebody else may have used. PostgreSQL takes the first number above an unbroken run of
 * history files, so such files make it skip numbers. This one names no parent: a running standby sees that it is not its own
 * future and leaves it alone. It must stay on the new primary, because standbys fetch every number in between.
 */
export const PLACEHOLDER = '# kornak: this number may have been used by another member\n';

export function historyFileName(timeline: number): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
}

/** Rows of a history file, oldest first. */
export function historyFromText(text: string): readonly HistoryEntry[] {
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)\s*(.*)$/.exec(line))
    .map((match) => {
      const at = lsnFromText(match?.[2] ?? '');
      return at === undefined ? undefined : { timeline: Number(match?.[1]), lsn: at, reason: match?.[3]?.trim() ?? '' };
    })
    .filter(isDefined);
}

/** Where the timeline with this history began: the end of its parent; 0/0 for the first one. */
export function beginOf(history: readonly HistoryEntry[]): Lsn {
  return history.at(-1)?.lsn ?? LSN_ZERO;
}

/** Numbers of the history files in pg_wal, ascending. */
export async function historyTimelines(dataDir: string): Promise<readonly number[]> {
  const names = await readdir(join(dataDir, 'pg_wal'));
  return names
    .map((name) => /^([0-9A-F]{8})\.history$/.exec(name)?.[1])
    .filter(isDefined)
    .map((hex) => Number.parseInt(hex, 16))
    .toSorted((a, b) => a - b);
}

/** The text of a timeline's history file, or undefined where pg_wal has none. */
export async function readHistory(dataDir: string, timeline: number): Promise<string | undefined> {
  try {
    return await readFile(join(dataDir, 'pg_wal', historyFileName(timeline)), 'utf8');
  } catch {
    return undefined;
  }
}
