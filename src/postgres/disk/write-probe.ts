import { constants } from 'node:fs';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { WriteProbe } from './protocol.ts';

const PAGE = Buffer.alloc(4096);
/** Node does not name it. A file without a name leaves nothing behind, and no backup, rewind or check of an empty directory meets it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
/** A file system that has no files without names. */
const UNNAMED_REFUSED = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL']);

/** Forces a page to the disk that the directory is on. Comes back when the disk does. */
export async function probeByWriting(dir: string): Promise<WriteProbe> {
  let freeBytes: number | undefined;
  try {
    const { bavail, bsize } = await statfs(dir);
    freeBytes = bavail * bsize;
    await writePage(dir);
    return { freeBytes };
  } catch (error) {
    return { ...(freeBytes === undefined ? {} : { freeBytes }), code: codeOf(error) ?? 'unknown', why: String(error) };
  }
}

async function writePage(dir: string): Promise<void> {
  try {
    await writeTo(dir, O_TMPFILE | constants.O_WRONLY);
  } catch (error) {
    if (!UNNAMED_REFUSED.has(codeOf(error) ?? '')) throw error;
    await writeNamed(dir);
  }
}

/** For the directory's owner, or a base backup could not read it. */
async function writeNamed(dir: string): Promise<void> {
  const path = join(dir, `.kornak-probe-${process.pid}.tmp`);
  await rm(path, { force: true });
  const { uid, gid } = await stat(dir);
  try {
    await writeTo(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, { uid, gid });
  } finally {
    await rm(path, { force: true });
  }
}

async function writeTo(path: string, flags: number, owner?: { uid: number; gid: number }): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    if (owner !== undefined && process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
    await file.write(PAGE);
    await file.datasync();
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
