import type { PostmasterId } from '../../core/model/local-postgres.ts';
import type { Binaries } from '../binaries.ts';
import type { ConfigurationFiles } from '../configuration-files.ts';
import type { DataDirectoryReader } from '../data-directory.ts';
import type { Deadline } from '../deadline.ts';
import { JobFailure } from '../job-failure.ts';
import type { PostgresOptions } from '../options.ts';
import type { StatusReader } from '../status-reader.ts';
import type { Postmaster } from '../postmaster.ts';

/** What a job works with. Whatever it cannot do it throws as a JobFailure; the adapter makes an outcome of it. */
export interface JobContext {
  readonly options: PostgresOptions;
  readonly binaries: Binaries;
  readonly postmaster: Postmaster;
  /** Shared with observing, so that what was proven here stays proven there. */
  readonly reader: StatusReader;
  readonly configuration: ConfigurationFiles;
  readonly directory: DataDirectoryReader;
  readonly deadline: Deadline;
  progress(text: string, percent?: number): void;
  mayPromote(): Promise<boolean>;
}

export function tool(context: JobContext, name: string): string {
  return `${context.binaries.dir}/${name}`;
}

export function runningPostmaster(context: JobContext): PostmasterId {
  const found = context.postmaster.find();
  if (found === undefined) throw new JobFailure(`PostgreSQL does not run in ${context.options.dataDir}`);
  return found;
}

export function assertStopped(context: JobContext): void {
  const found = context.postmaster.find();
  if (found === undefined) return;
  throw new JobFailure(`PostgreSQL runs in ${context.options.dataDir} (pid ${found.pid}); it must be stopped first`);
}

export function assertNotCancelled(context: JobContext): void {
  if (context.deadline.signal.aborted) throw new JobFailure('cancelled');
}
