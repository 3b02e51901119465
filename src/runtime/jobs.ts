// Long work on PostgreSQL: one job at a time, with a deadline, cancellable, its progress and end there to be observed.
import type { FinishedJob, Job, JobOutcome, JobProgress, RunningJob } from '../core/model/job.ts';
import type { Clock } from '../ports/clock.ts';
import type { JobControl, Postgres } from '../ports/postgres.ts';

/** A job that has not ended this long after it was told to will never do: whatever follows would work beside it. */
const OVERRUN_MAX_MS = 60_000;

export interface JobRunnerOptions {
  readonly postgres: Postgres;
  readonly clock: Clock;
  /** Whether the key is ours in that reign, proven by the store and the guard. */
  readonly confirm: (reign: number) => Promise<boolean>;
  /** A job ended, or came a step further. */
  readonly onChange: (reason: string) => void;
  readonly onOverrun: (why: string) => void;
  /** The disk does not answer: what hangs in it ends when it does, and no sooner. */
  readonly isStalled: () => boolean;
}

interface Work {
  running: RunningJob;
  onCancel: (() => void) | undefined;
}

export class JobRunner {
  private readonly options: JobRunnerOptions;
  private work: Work | undefined;
  private finished: FinishedJob | undefined;

  constructor(options: JobRunnerOptions) {
    this.options = options;
  }

  running(): RunningJob | undefined {
    return this.work?.running;
  }

  /** The last job that ended, until it is noted. */
  ended(): FinishedJob | undefined {
    return this.finished;
  }

  noted(finished: FinishedJob): void {
    if (this.finished === finished) this.finished = undefined;
  }

  /** False where another one is still running or its end not yet noted. */
  start(job: Job, deadlineMs: number): boolean {
    if (this.work !== undefined || this.finished !== undefined) return false;
    const startedMs = this.options.clock.bootMs();
    const running: RunningJob = { job, startedMs, deadlineMs, progress: undefined, cancelled: false };
    const work: Work = { running, onCancel: undefined };
    this.work = work;
    void this.run(work);
    return true;
  }

  /** Asks the job to end soon. Its end is observed like any other. */
  cancel(): void {
    const { work } = this;
    if (work === undefined || work.running.cancelled) return;
    work.running = { ...work.running, cancelled: true };
    work.onCancel?.();
    this.watchOverrun(work);
  }

  private watchOverrun(work: Work): void {
    this.options.clock.after(OVERRUN_MAX_MS, () => {
      if (this.work !== work) return;
      if (this.options.isStalled()) this.watchOverrun(work);
      else this.options.onOverrun(`the job ${work.running.job.kind} does not end although it was cancelled`);
    });
  }

  private async run(work: Work): Promise<void> {
    const { clock, postgres } = this.options;
    const { job, deadlineMs, startedMs } = work.running;
    const cancelDeadline = clock.after(Math.max(0, deadlineMs - startedMs), () => {
      if (this.work === work) this.cancel();
    });
    const outcome: JobOutcome = await postgres.run(job, this.controlOf(work), deadlineMs);
    cancelDeadline();
    this.work = undefined;
    const wasCancelled = work.running.cancelled;
    this.finished = { job, outcome, startedMs, endedMs: clock.bootMs(), ...(wasCancelled ? { wasCancelled } : {}) };
    this.options.onChange(`the job ${job.kind} ended`);
  }

  private controlOf(work: Work): JobControl {
    const { job } = work.running;
    return {
      mayPromote: async () => {
        if (job.kind !== 'promote' || work.running.cancelled) return false;
        const confirmed = await this.options.confirm(job.reign);
        return confirmed && !work.running.cancelled && this.work === work;
      },
      progress: (progress: JobProgress) => {
        if (this.work === work) work.running = { ...work.running, progress };
      },
      isCancelled: () => work.running.cancelled,
      onCancel: (listener) => {
        if (work.running.cancelled) listener();
        else work.onCancel = listener;
      },
    };
  }
}
