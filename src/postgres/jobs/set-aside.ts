import { readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import { isEmptyDirectory } from '../data-directory.ts';
import { isOurs, readRecords, writeRecord } from '../divergence-archive.ts';
import { realPath } from '../find-postmaster.ts';
import { JobFailure, reasonOf } from '../job-failure.ts';
import { linksOf, removeAside } from '../linked-directories.ts';
import type { PostgresOptions } from '../options.ts';
import { clearUnfinished } from '../unfinished-mark.ts';
import { ensureDirectory, syncDirectory } from '../write-file.ts';
import { assertStopped, type JobContext } from './job-context.ts';

type SetAside = Extract<Job, { kind: 'setAside' }>;

/** So many stand beside the data directory at most; before there are more, people discard some. */
const SET_ASIDE_MAX = 3;

/** Moves the data directory to a name beside it. Nothing is deleted but remains of an earlier clone: it may be the only copy. */
export async function setAside(context: JobContext, job: SetAside): Promise<JobFacts> {
  const { options } = context;
  assertStopped(context);
  // Of a link, what it leads to moves, so that the new directory lies on the same disk.
  const dataDir = realPath(options.dataDir);
  if (!(await isEmptyDirectory(dataDir))) {
    await makeRoom(options, dataDir, job.work);
    const aside = `${dataDir}.${job.work}-${fileTime(options.clock.wallAt())}`;
    context.progress(`moving ${dataDir} to ${aside}`);
    await noteWhere(options, job, aside);
    await move(dataDir, aside);
    await moveLinked(options, aside);
    options.note?.(`${dataDir} was moved to ${aside}; remove it when nothing in it is needed any more`);
  }
  await ensureDirectory(dataDir, options.runAs);
  await clearUnfinished(options);
  return {};
}

/** A clone that broke off is nobody's only copy: its source has everything. Of those only the last is kept. */
async function makeRoom(options: PostgresOptions, dataDir: string, work: SetAside['work']): Promise<void> {
  const parent = dirname(dataDir);
  const there = (await readdir(parent)).map((name) => join(parent, name)).filter((path) => isOurs(options, path));
  const clones = there.filter((path) => path.startsWith(`${dataDir}.clone-`));
  if (work === 'clone') for (const path of clones) await removeAside(path);
  const others = there.filter((path) => !clones.includes(path));
  if (work === 'clone' || others.length < SET_ASIDE_MAX) return;
  throw new JobFailure(
    `${others.length} data directories were moved aside already: ${others.join(', ')}. ` +
      'Discard those that nobody needs: kornakctl divergence list, kornakctl divergence discard; or remove them by hand',
  );
}

/** So that whoever looks for what was given up finds it. */
async function noteWhere(options: PostgresOptions, job: SetAside, aside: string): Promise<void> {
  if (job.work === 'clone' || job.work === 'bootstrap') return;
  const records = await readRecords(options);
  const record =
    records.find(({ id }) => id === job.record) ??
    records.findLast(({ setAside: where, cause }) => where === null && cause === 'rewind');
  if (record !== undefined) await writeRecord(options, { ...record, setAside: aside });
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
    await syncDirectory(dirname(from));
  } catch (error) {
    throw new JobFailure(
      `${from} could not be moved to ${to}: ${reasonOf(error)}; is it a mount point, or is ${dirname(from)} not writable? ` +
        'Move what it holds elsewhere by hand, or use a directory below the mount point',
    );
  }
}

/**
 * Tablespaces and a WAL directory on other disks go aside too, each beside where it was: left in place they would be in the way
 * of every clone.
 */
async function moveLinked(options: PostgresOptions, aside: string): Promise<void> {
  const suffix = basename(aside).slice(basename(realPath(options.dataDir)).length);
  for (const link of await linksOf(aside)) {
    const target = await readlink(link);
    const moved = `${target}${suffix}`;
    if (await isEmptyDirectory(target)) continue;
    await move(target, moved);
    await ensureDirectory(target, options.runAs);
    await rm(link);
    await symlink(moved, link);
  }
}

/** A moment as part of a file's name. */
export function fileTime(wallAt: string): string {
  return wallAt.replace(/[+Z].*$|\.\d+/g, '').replaceAll(':', '');
}
