import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresOptions } from './options.ts';
import { ensureDirectory, removeFile, writeFileIfChanged } from './write-file.ts';

/** Stands beside the data directory while the cluster is paused, for an agent that starts while the store is silent. */
export async function notePause(options: PostgresOptions, paused: boolean): Promise<void> {
  if (!paused) {
    await removeFile(noteOf(options));
    return;
  }
  await ensureDirectory(options.stateDir, options.runAs);
  await writeFileIfChanged({ path: noteOf(options), mode: 0o600, owner: options.runAs }, 'paused\n');
}

export function isPauseNoted(options: PostgresOptions): boolean {
  return existsSync(noteOf(options));
}

function noteOf(options: PostgresOptions): string {
  return join(options.stateDir, 'paused');
}
