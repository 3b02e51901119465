import { lstat, readdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isEmptyDirectory } from './data-directory.ts';
import { type FileOwner, ensureDirectory } from './write-file.ts';

const ASIDE = /\.[a-z]+-[0-9]{4}-[0-9T-]+$/;

/** Links of a data directory that lead out of it to what belongs to it. */
export async function linksOf(dataDir: string): Promise<readonly string[]> {
  const tablespaces = await readdir(join(dataDir, 'pg_tblspc')).catch(() => []);
  const all = [join(dataDir, 'pg_wal'), ...tablespaces.map((name) => join(dataDir, 'pg_tblspc', name))];
  const found: string[] = [];
  for (const path of all) {
    const isLink = await lstat(path).then(
      (stat) => stat.isSymbolicLink(),
      () => false,
    );
    if (isLink) found.push(path);
  }
  return found;
}

/** Where a link leads to, as an absolute path. */
export async function targetOf(link: string): Promise<string> {
  return resolve(dirname(link), await readlink(link));
}

/**
 * Moves what a link leads to beside itself, leaves an empty directory in its place, and has the link lead to where it is now.
 * Returns how that is taken back; undefined: there is nothing to move.
 */
export async function moveTarget(
  link: string,
  suffix: string,
  owner: FileOwner | undefined,
): Promise<(() => Promise<void>) | undefined> {
  const target = await targetOf(link);
  if (ASIDE.test(target) || (await isEmptyDirectory(target))) return undefined;
  const moved = `${target}${suffix}`;
  await rename(target, moved);
  const takeBack = async (): Promise<void> => {
    await rmdir(target).catch(() => undefined);
    await rename(moved, target);
    await relink(link, target);
  };
  try {
    await relink(link, moved);
    await ensureDirectory(target, owner);
  } catch (error) {
    await takeBack();
    throw error;
  }
  return takeBack;
}

async function relink(link: string, target: string): Promise<void> {
  const next = `${link}.new`;
  await rm(next, { force: true });
  await symlink(target, next);
  await rename(next, link);
}

/** A directory that was moved aside, with what was moved aside of its tablespaces and WAL. */
export async function removeAside(aside: string): Promise<void> {
  const suffix = /\.[a-z]+-[0-9T-]+$/.exec(basename(aside))?.[0];
  for (const link of await linksOf(aside)) {
    const target = await targetOf(link);
    if (suffix !== undefined && target.endsWith(suffix)) await rm(target, { recursive: true, force: true });
  }
  await rm(aside, { recursive: true, force: true });
}
