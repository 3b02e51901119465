import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

// A guard that is root writes where another account may have put a link: it must not be led to another file.
const createOnly = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * A PostgreSQL started by hand or by the distribution's unit then comes up read-only. Only in a directory that holds a
 * cluster. Asynchronous: a stalled disk must not keep the guard from looking again.
 */
export async function leaveStandbySignal(dataDir: string): Promise<void> {
  const owner = await stat(join(dataDir, 'PG_VERSION'));
  const file = await open(join(dataDir, 'standby.signal'), createOnly, 0o600);
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
