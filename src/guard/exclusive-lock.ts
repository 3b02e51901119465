import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

export type LockOutcome =
  | { readonly kind: 'taken'; readonly release: () => void }
  | { readonly kind: 'held'; readonly byPid: string }
  | { readonly kind: 'failed'; readonly why: string };

const lockWaitMs = 5_000;
/** No link is followed: root must not be led to another file by the account that owns the directory. */
const ownFile = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * Takes the kernel's lock on a file; it lasts as long as this process, however that ends, so it can never be stale.
 * Node cannot call flock(2). flock(1) locks the open file that it is handed, and the lock stays with our descriptor.
 */
export function takeLock(path: string): LockOutcome {
  let fd: number;
  try {
    fd = openSync(path, ownFile, 0o600);
  } catch (error) {
    return { kind: 'failed', why: String(error) };
  }
  const flock = spawnSync('flock', ['-n', '-E', '75', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    timeout: lockWaitMs,
  });
  if (flock.status === 0) {
    tellPid(fd);
    return { kind: 'taken', release: () => closeSync(fd) };
  }
  closeSync(fd);
  if (flock.status === 75) return { kind: 'held', byPid: readFileSync(path, 'latin1').trim() };
  return {
    kind: 'failed',
    why: flock.error === undefined ? flock.stderr.toString().trim() : `flock: ${flock.error.message}`,
  };
}

/** For people and messages: a full disk must not keep anybody from the lock. */
function tellPid(fd: number): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } catch {
    // The lock holds all the same.
  }
}
