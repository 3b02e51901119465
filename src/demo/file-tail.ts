import { readFileSync } from 'node:fs';

/** The last lines of a log; none where it cannot be read. */
export function lastLinesOf(file: string, count: number): readonly string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count);
  } catch {
    return [];
  }
}
