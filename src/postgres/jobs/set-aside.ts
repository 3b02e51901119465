import { readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import { emptyDirectory, emptyTablespaces, forgetTablespaces } from '../clone-tablespaces.ts';
import { isEmptyDirectory } from '../data-directory.ts';
import { isOurs, readRecords, writeRecord } from '../divergence-archive.ts';
import { realPath } from '../find-postmaster.ts';
import { JobFailure, reasonOf } from '../job-failure.ts';
import { linksOf, moveTarget, removeAside, targetOf } from '../linked-directories.ts';
import { mountInTheWay, mountPoints } from '../mount-points.ts';
import type { PostgresOptions } from '../options.ts';
import { clearUnfinished } from '../unfinished-mark.ts';
import { ensureDirectory, syncDirectory } from '../write-file.ts';
import { assertStopped, type JobContext } from './job-context.ts';

type Undo = () => Promise<void>;
type SetAside = Extract<Job, { kind: 'setAside' }>;

/** So many stand beside the data directory at most; before there are more, people discard some. */
const SET_ASIDE_MAX = 3;

/**
 * Moves the data directory to a name beside it. Nothing is deleted but remains of a clone, of which the source has everything;
 * where a mount point keeps them from being moved they go at once, as those of a clone that fails do.
 */
export async function setAside(context: JobContext, job: SetAside): Promise<JobFacts> {
  const { options } = context;
  assertStopped(context);
  // Of a link, what it leads to moves, so that the new directory lies on the same disk.
  const dataDir = realPath(options.dataDir);
  const hasData = !(await isEmptyDirectory(dataDir));
  const obstacle = hasData ? await obstacleToMove(dataDir) : undefined;
  if (obstacle !== undefined && job.work !== 'clone') throw new JobFailure(obstacle);
  if (obstacle !== undefined) await emptyDirectory(dataDir);
  else if (hasData) await moveAside(context, job, dataDir);
  if (job.work === 'clone') await emptyTablespaces(options);
  await forgetTablespaces(options);
  await ensureDirectory(dataDir, options.runAs);
  await clearUnfinished(options);
  return {};
}

async function moveAside(context: JobContext, job: SetAside, dataDir: string): Promise<void> {
  const { options } = context;
  await makeRoom(options, dataDir, job.work);
  const aside = `${dataDir}.${job.work}-${fileTime(options.clock.wallAt())}`;
  context.progress(`moving ${dataDir} to ${aside}`);
  const undo = [await noteWhere(options, job, aside)];
  try {
    await moveAll(options, dataDir, aside, undo);
  } catch (error) {
    for (const takeBack of undo.toReversed()) await takeBack();
    throw new JobFailure(
      `${dataDir} could not be moved to ${aside}: ${reasonOf(error)}. Make ${dirname(dataDir)}, and the directories that ` +
        'hold its tablespaces, writable, or move what it holds elsewhere by hand',
    );
  }
  options.note?.(`${dataDir} was moved to ${aside}; remove it when nothing in it is needed any more`);
}

/**
 * Tablespaces and a WAL directory on other disks go aside too, each beside where it was: left in place they would be in the way
 * of every clone. The data directory goes last, so that until then it is whole and everything can be taken back.
 */
async function moveAll(options: PostgresOptions, dataDir: string, aside: string, undo: Undo[]): Promise<void> {
  const suffix = aside.slice(dataDir.length);
  for (const link of await linksOf(dataDir)) {
    const takeBack = await moveTarget(link, suffix, options.runAs);
    if (takeBack !== undefined) undo.push(takeBack);
  }
  await rename(dataDir, aside);
  await syncDirectory(dirname(dataDir));
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

/**
 * A mount point cannot be renamed. Nor can its content go into a directory within it: the next pg_rewind would delete there
 * whatever its source does not have, and every base backup would copy it. Only people know another place.
 */
async function obstacleToMove(dataDir: string): Promise<string | undefined> {
  const mounts = await mountPoints();
  for (const path of [dataDir, ...(await filledTargets(dataDir))]) {
    const mount = mountInTheWay(mounts, path);
    if (mount === undefined) continue;
    const what = mount === path ? `${path} is a mount point` : `${mount}, below ${path}, is a mount point`;
    return (
      `${what}: it cannot be moved aside, and nothing in it is deleted. Move what ${path} holds to another place by hand, ` +
      'or delete it if nobody needs it, so that it is empty; or configure a directory below the mount point. ' +
      'It is looked at again by itself'
    );
  }
  return undefined;
}

async function filledTargets(dataDir: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const link of await linksOf(dataDir)) {
    const target = realPath(await targetOf(link));
    if (!(await isEmptyDirectory(target))) found.push(target);
  }
  return found;
}

/** So that whoever looks for what was given up finds it. What it returns takes that back. */
async function noteWhere(options: PostgresOptions, job: SetAside, aside: string): Promise<Undo> {
  if (job.work === 'clone' || job.work === 'bootstrap') return () => Promise.resolve();
  const records = await readRecords(options);
  const record =
    records.find(({ id }) => id === job.record) ??
    records.findLast(({ setAside: where, cause }) => where === null && cause === 'rewind');
  if (record === undefined) return () => Promise.resolve();
  await writeRecord(options, { ...record, setAside: aside });
  return () => writeRecord(options, record);
}

/** A moment as part of a file's name. */
export function fileTime(wallAt: string): string {
  return wallAt.replace(/[+Z].*$|\.\d+/g, '').replaceAll(':', '');
}
