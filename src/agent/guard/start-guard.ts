import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

export interface GuardPlace {
  /** Canonical path: the guard compares it with the kernel's names of working directories. */
  readonly dataDir: string;
  readonly stateDir: string;
  /** Path of the guard's main.js. */
  readonly program: string;
}

/**
 * Beside two other members it is to cost 15 MB at most. What it does is reading /proc, which compiled code does no faster; without
 * a compiler it needs a megabyte less of its own, and touches less of Node's program (which it shares with the agent).
 */
const smallNode = [
  '--jitless',
  '--no-expose-wasm', // needs a compiler, and says so in the log otherwise
  '--max-old-space-size=16',
  '--max-semi-space-size=1',
  '--single-threaded',
  '--v8-pool-size=0',
];
const logBytesMax = 1_048_576;
/** No link is followed: the directory belongs to the account of PostgreSQL, and we may be root. */
const logFile = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/**
 * Starts the guard in a session of its own: it outlives us, and no signal to our group reaches it. Of our environment it gets
 * nothing but the path: no secrets, no NODE_OPTIONS. A second guard of the directory ends by itself.
 */
export async function startGuard(
  { dataDir, stateDir, program }: GuardPlace,
  onFailure: (why: string) => void,
): Promise<void> {
  // Not at once: opening a file to write waits for a disk that does not answer.
  const log = await open(join(stateDir, 'guard.log'), logFile, 0o600);
  try {
    if ((await log.stat()).size > logBytesMax) await log.truncate();
    const guard = spawn(process.execPath, [...smallNode, program, dataDir, stateDir], {
      cwd: '/',
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      stdio: ['ignore', log.fd, log.fd],
    });
    guard.on('error', (error) => onFailure(error.message));
    guard.unref();
  } finally {
    await log.close();
  }
}
