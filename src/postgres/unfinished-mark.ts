import { join } from 'node:path';
import type { UnfinishedWork } from '../core/model/local-postgres.ts';
import type { PostgresOptions } from './options.ts';
import { ensureDirectory, readIfPresent, removeFile, writeFileIfChanged } from './write-file.ts';

const WORKS: readonly UnfinishedWork[] = ['bootstrap', 'clone', 'rewind'];

/** Stands beside the data directory while work is under way that leaves it unusable when it is interrupted. */
export async function markUnfinished(options: PostgresOptions, work: UnfinishedWork): Promise<void> {
  await ensureDirectory(options.stateDir, options.runAs);
  await writeFileIfChanged({ path: markOf(options), mode: 0o600, owner: options.runAs }, `${work}\n`);
}

export async function clearUnfinished(options: PostgresOptions): Promise<void> {
  await removeFile(markOf(options));
}

/** What was interrupted. */
export async function unfinishedWork(options: PostgresOptions): Promise<UnfinishedWork | undefined> {
  const text = await readIfPresent(markOf(options));
  return text === undefined ? undefined : unfinishedFrom(text);
}

/** Of the mark's text. One that cannot be understood counts as the most careful work. */
export function unfinishedFrom(text: string): UnfinishedWork {
  return WORKS.find((work) => work === text.trim()) ?? 'rewind';
}

function markOf(options: PostgresOptions): string {
  return join(options.stateDir, 'unfinished');
}
