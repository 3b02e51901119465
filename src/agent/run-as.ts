import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SystemAccount } from '../postgres/options.ts';
import { Refusal } from './refusal.ts';

/**
 * PostgreSQL refuses to run as root. An agent that is root runs it as the owner of the data directory; before there is one, as
 * the owner of what it is to be made in; else as `postgres`. undefined: as the agent itself.
 */
export function accountFor(dataDir: string): SystemAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = ownerOf(dataDir) ?? ownerOf(dirname(dataDir)) ?? 'postgres';
  const account = lookUp(owner);
  if (account !== undefined) return account;
  throw new Refusal(
    `PostgreSQL cannot run as root, and there is no system account ${owner}.\n` +
      `Create one (useradd --system ${owner}), or give ${dataDir} to the account that is to own it, or start kornak as that account.`,
  );
}

/** undefined: there is no such directory, or it is root's. */
function ownerOf(path: string): string | undefined {
  const uid = statSync(path, { throwIfNoEntry: false })?.uid;
  return uid === undefined || uid === 0 ? undefined : String(uid);
}

/** getent also knows accounts that are not in /etc/passwd. */
function lookUp(nameOrUid: string): SystemAccount | undefined {
  try {
    const row = execFileSync('getent', ['passwd', nameOrUid], { encoding: 'utf8', timeout: 5_000 }).trim().split(':');
    const [user, , uid, gid] = row;
    return user === undefined ? undefined : { user, uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}
