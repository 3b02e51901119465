import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface FileTarget {
  readonly path: string;
  readonly mode: number;
  /** undefined: whoever runs the agent. */
  readonly owner: FileOwner | undefined;
}

let count = 0;

/**
 * Puts the text there whole or not at all, also across a crash of the machine; false: it stood there already and nothing
 * was written. The temporary file is made exclusively, so a link planted in its place is never followed.
 */
export async function writeFileIfChanged(target: FileTarget, text: string): Promise<boolean> {
  if ((await readIfPresent(target.path)) === text && (await hasMode(target))) return false;
  count += 1;
  const temporary = `${dirname(target.path)}/.kornak-${process.pid}-${count}.tmp`;
  try {
    const file = await open(temporary, 'wx', target.mode);
    try {
      if (target.owner !== undefined) await file.chown(target.owner.uid, target.owner.gid);
      await file.chmod(target.mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(target.path));
  return true;
}

export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** False: it was not there. */
export async function removeFile(path: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
  return true;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** Makes the directory for its owner alone, where it is absent. */
export async function ensureDirectory(path: string, owner: FileOwner | undefined): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made === undefined || owner === undefined) return;
  const dir = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await dir.chown(owner.uid, owner.gid);
  } finally {
    await dir.close();
  }
}

/** So that a file made, renamed or removed in it stays so after a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

async function hasMode(target: FileTarget): Promise<boolean> {
  const found = await stat(target.path);
  const isOwned = target.owner === undefined || (found.uid === target.owner.uid && found.gid === target.owner.gid);
  return isOwned && (found.mode & 0o777) === target.mode;
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
