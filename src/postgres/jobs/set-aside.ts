import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Job, JobFacts } from '../../core/model/job.ts';
import { isEmptyDirectory } from '../data-directory.ts';
import { realPath } from '../find-postmaster.ts';
import { JobFailure, reasonOf } from '../job-failure.ts';
import { clearUnfinished } from '../unfinished-mark.ts';
import { ensureDirectory, syncDirectory } from '../write-file.ts';
import { assertStopped, type JobContext } from './job-context.ts';

type SetAside = Extract<Job, { kind: 'setAside' }>;

/** Moves the data directory to a name beside it. Nothing is deleted: it may be the only copy. */
export async function setAside(context: JobContext, job: SetAside): Promise<JobFacts> {
  const { options } = context;
  assertStopped(context);
  // Of a link, what it leads to moves, so that the new directory lies on the same disk.
  const dataDir = realPath(options.dataDir);
  if (!(await isEmptyDirectory(dataDir))) {
    const aside = `${dataDir}.${job.work}-${fileTime(options.clock.wallAt())}`;
    context.progress(`moving ${dataDir} to ${aside}`);
    await move(dataDir, aside);
    options.note?.(`${dataDir} was moved to ${aside}; remove it when nothing in it is needed any more`);
  }
  await ensureDirectory(dataDir, options.runAs);
  await clearUnfinished(options);
  return {};
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

/** A moment as part of a file's name. */
export function fileTime(wallAt: string): string {
  return wallAt.replace(/[+Z].*$|\.\d+/g, '').replaceAll(':', '');
}
