import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFileName, historyTimelines, PLACEHOLDER, readHistory } from './history-file.ts';
import { JobFailure } from './job-failure.ts';
import type { PostgresOptions } from './options.ts';
import { syncDirectory, writeFileIfChanged } from './write-file.ts';

/** Far more promotions than a cluster sees between two of one member; a larger gap is a mistake somewhere. */
const NUMBERS_MAX = 10_000;

/**
 * Makes the next promotion choose the timeline after `above`: fills the numbers between the current one and it. Refuses where a
 * promotion has begun a higher one here: PostgreSQL would choose a number that nobody claimed.
 */
export async function putPlaceholders(options: PostgresOptions, current: number, above: number): Promise<void> {
  if (above - current > NUMBERS_MAX) {
    throw new JobFailure(`timeline ${above} is too far from the current ${current}: more than ${NUMBERS_MAX} numbers`);
  }
  const present = new Set(await historyTimelines(options.dataDir));
  const used = Math.max(...present);
  if (used > above)
    throw new JobFailure(`timeline ${above + 1}, which the leader key claims, is used: ${used} has begun here`);
  for (let timeline = current + 1; timeline <= above; timeline += 1) {
    if (present.has(timeline)) continue;
    const path = join(options.dataDir, 'pg_wal', historyFileName(timeline));
    await writeFileIfChanged({ path, mode: 0o600, owner: options.runAs }, PLACEHOLDER);
  }
}

/**
 * Removes placeholders that no real history file stands above: left by a promotion that did not happen, or fetched by a
 * receiver that was cut off in between. A standby that starts takes the highest number in an unbroken run for its target and
 * would refuse to start on one that is not its future.
 */
export async function removeIdlePlaceholders(dataDir: string): Promise<void> {
  let hasRemoved = false;
  for (const timeline of (await historyTimelines(dataDir)).toReversed()) {
    if ((await readHistory(dataDir, timeline)) !== PLACEHOLDER) break;
    await rm(join(dataDir, 'pg_wal', historyFileName(timeline)), { force: true });
    hasRemoved = true;
  }
  if (hasRemoved) await syncDirectory(join(dataDir, 'pg_wal'));
}
