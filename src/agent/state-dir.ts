import { chownSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { takeLock } from '../guard/exclusive-lock.ts';
import type { SystemAccount } from '../postgres/options.ts';
import { Refusal } from './refusal.ts';

/** The path without symbolic links, as the kernel tells working directories; also of a directory that is still to be made. */
export function canonicalPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(canonicalPath(parent), basename(path));
}

/** Makes the agent's own directory beside the data directory, for the account that PostgreSQL runs as. */
export function makeStateDir(stateDir: string, account: SystemAccount | undefined): void {
  let first: string | undefined;
  try {
    first = mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Refusal(
      `${stateDir} cannot be made: ${String(error)}\nGive this user the right to, or set kornak.state_dir.`,
    );
  }
  if (first === undefined || account === undefined) return;
  // Every directory that had to be made on the way is for that account too, or it could not make the data directory there.
  const below = relative(first, stateDir)
    .split(sep)
    .filter((part) => part !== '');
  for (let depth = 0; depth <= below.length; depth += 1) {
    chownSync(join(first, ...below.slice(0, depth)), account.uid, account.gid);
  }
}

/** Keeps a second agent off the data directory. It lasts until this process ends, however that is. */
export function lockDataDir(stateDir: string, dataDir: string): void {
  const lock = takeLock(join(stateDir, 'agent.lock'));
  if (lock.kind === 'taken') return;
  if (lock.kind === 'failed') throw new Refusal(`The data directory ${dataDir} cannot be locked: ${lock.why}`);
  throw new Refusal(
    `Another agent (pid ${lock.byPid}) works on the data directory ${dataDir}.\n` +
      `Stop it first, or give this agent another postgresql.data_dir.`,
  );
}
