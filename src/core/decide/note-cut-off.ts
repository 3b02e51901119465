import type { FinishedJob, Job } from '../model/job.ts';

/** Work that leaves the upstream in the files as it is. */
const TOUCHES_NO_UPSTREAM: ReadonlySet<Job['kind']> = new Set([
  'checkpoint',
  'prePromote',
  'promote',
  'stop',
  'recoverCrash',
  'recordDivergence',
]);

/** The files name nobody. Work that failed may have got as far as writing whom to follow. */
function namesNobody(job: Job): boolean {
  if (job.kind === 'cutOff') return true;
  if (job.kind === 'startStandby') return job.follow === undefined && job.keepUpstream !== true;
  return job.kind === 'restart' && job.role === 'standby' && job.follow === undefined;
}

/** Whether this member surely streams from nobody, now and after a restart, once that work has ended. */
export function isCutOffAfter(before: boolean, { job, outcome }: FinishedJob): boolean {
  if (TOUCHES_NO_UPSTREAM.has(job.kind)) return before;
  return outcome.kind === 'done' && namesNobody(job);
}
