import { join } from 'node:path';
import type { PostgresOptions } from './options.ts';
import { removeFile, writeFileIfChanged } from './write-file.ts';

/** While it stands there, PostgreSQL comes up read-only, whoever starts it. */
export async function putStandbySignal(options: PostgresOptions): Promise<void> {
  const path = join(options.dataDir, 'standby.signal');
  await writeFileIfChanged({ path, mode: 0o600, owner: options.runAs }, '');
}

export async function removeSignals(options: PostgresOptions): Promise<void> {
  for (const name of ['standby.signal', 'recovery.signal', 'promote']) await removeFile(join(options.dataDir, name));
}
