// PostgreSQL refuses to run as root. The agent drops to the owner of the data directory, so the demo gives those
// directories to `postgres` when it runs as root itself.
import { execFileSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from './start-error.ts';

export interface ServerOwner {
  readonly uid: number;
  readonly gid: number;
}

const ACCOUNT = 'postgres';

/** undefined: whoever runs the demo also runs PostgreSQL. */
export function findServerOwner(): ServerOwner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const id = (option: string): number =>
      Number(execFileSync('id', [option, ACCOUNT], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    const remedy = `Create it (adduser --system --group ${ACCOUNT}), or run the demo as an ordinary user.`;
    throw new StartError(`PostgreSQL does not run as root, and there is no user ${ACCOUNT}. ${remedy}`);
  }
}

export function giveTo(owner: ServerOwner | undefined, path: string): void {
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
}

/** PostgreSQL must be able to enter every directory on the way to its data. */
export function requireReachable(owner: ServerOwner | undefined, path: string): void {
  if (owner === undefined) return;
  for (let dir = path; ; dir = dirname(dir)) {
    if (!canEnter(owner, dir)) {
      throw new StartError(
        `The user ${ACCOUNT} cannot enter ${dir}. Choose a directory with --dir, such as /var/tmp/demo.`,
      );
    }
    if (dir === dirname(dir)) return;
  }
}

function canEnter(owner: ServerOwner, dir: string): boolean {
  const { uid, gid, mode } = statSync(dir);
  if (uid === owner.uid) return (mode & 0o100) !== 0;
  if (gid === owner.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
