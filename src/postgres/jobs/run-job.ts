import type { Job, JobFacts, JobKind } from '../../core/model/job.ts';
import { bootstrap } from './bootstrap.ts';
import { checkpoint } from './checkpoint.ts';
import { clone } from './clone.ts';
import { copySlots } from './copy-slots.ts';
import { cutOff } from './cut-off.ts';
import { follow } from './follow.ts';
import type { JobContext } from './job-context.ts';
import { prePromote } from './pre-promote.ts';
import { promote } from './promote.ts';
import { recordDivergence } from './record-divergence.ts';
import { recoverCrash } from './recover-crash.ts';
import { restart } from './restart.ts';
import { rewind } from './rewind.ts';
import { setAside } from './set-aside.ts';
import { startPrimary, startStandby } from './start.ts';
import { stop } from './stop.ts';

type Runner<K extends JobKind> = (context: JobContext, job: Extract<Job, { kind: K }>) => Promise<JobFacts>;

const RUNNERS: { readonly [K in JobKind]: Runner<K> } = {
  bootstrap,
  clone,
  startPrimary,
  startStandby,
  follow,
  cutOff,
  prePromote,
  promote,
  stop,
  restart,
  recoverCrash,
  recordDivergence,
  rewind,
  checkpoint,
  copySlots,
  setAside,
};

export function runJob<K extends JobKind>(context: JobContext, job: Extract<Job, { kind: K }>): Promise<JobFacts> {
  const runner: Runner<K> = RUNNERS[job.kind];
  return runner(context, job);
}
