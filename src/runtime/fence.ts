import type { JobOutcome, RunningJob } from '../core/model/job.ts';
import type { LocalPostgres } from '../core/model/local-postgres.ts';
import type { Postgres } from '../ports/postgres.ts';
import { BUDGETS } from './budgets.ts';
import type { JobRunner } from './jobs.ts';

/** Jobs that may leave a server behind that accepts writes. */
function opensForWrites(job: RunningJob | undefined): boolean {
  if (job?.job.kind === 'restart') return job.job.role === 'primary';
  return job?.job.kind === 'promote' || job?.job.kind === 'startPrimary';
}

function mayWrite(postgres: LocalPostgres): boolean {
  if (postgres.postmaster === undefined) return false;
  if (postgres.sql.kind === 'seen') return postgres.sql.value.kind === 'primary';
  return postgres.data.kind !== 'cluster' || !postgres.data.standbySignal;
}

/** Kills PostgreSQL, at once and whatever else is going on. Knows whether there may be anything to kill. */
export class Fence {
  private readonly postgres: Postgres;
  private readonly jobs: JobRunner;
  private readonly onKilled: () => void;
  private writable = true;
  private killing: Promise<JobOutcome> | undefined;

  /** `onKilled`: not one process of it is left. */
  constructor(postgres: Postgres, jobs: JobRunner, onKilled: () => void = () => undefined) {
    this.postgres = postgres;
    this.jobs = jobs;
    this.onKilled = onKilled;
  }

  /** `jobBefore` ran when the look was begun: what such a job does may be later than what was seen. */
  noteSeen(postgres: LocalPostgres, jobBefore: RunningJob | undefined): void {
    const opening = opensForWrites(jobBefore) || opensForWrites(this.jobs.running());
    this.writable = opening || mayWrite(postgres);
  }

  noteStarted(): void {
    this.writable ||= opensForWrites(this.jobs.running());
  }

  /** Without waiting for a decision; a server that certainly accepts no writes is left alone. */
  onLeaseLost(): void {
    if (this.writable) void this.now();
  }

  now(): Promise<JobOutcome> {
    this.jobs.cancel();
    this.killing ??= this.kill();
    return this.killing;
  }

  private async kill(): Promise<JobOutcome> {
    const outcome = await this.postgres.kill(BUDGETS.kill);
    this.killing = undefined;
    if (outcome.kind === 'done') this.onKilled();
    return outcome;
  }
}
