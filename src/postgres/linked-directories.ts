import { lstat, readdir, readlink, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

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

/** A directory that was moved aside, with what was moved aside of its tablespaces and WAL. */
export async function removeAside(aside: string): Promise<void> {
  const suffix = /\.[a-z]+-[0-9T-]+$/.exec(basename(aside))?.[0];
  for (const link of await linksOf(aside)) {
    const target = await readlink(link);
    if (suffix !== undefined && target.endsWith(suffix)) await rm(target, { recursive: true, force: true });
  }
  await rm(aside, { recursive: true, force: true });
}
