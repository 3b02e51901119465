import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A PostgreSQL started by hand or by the distribution's unit then comes up read-only. Only in a directory that holds a
 * cluster. Asynchronous: a stalled disk must not keep the guard from looking again.
 */
export async function leaveStandbySignal(dataDir: string): Promise<void> {
  const owner = await stat(join(dataDir, 'PG_VERSION'));
  const file = await open(join(dataDir, 'standby.signal'), 'a', 0o600);
  try {
    if (process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
    await file.sync();
  } finally {
    await file.close();
  }
  const directory = await open(dataDir, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
