import type { Job, JobOutcome, JobProgress, ServerSettings } from '../core/model/job.ts';
import type { DivergenceRecord } from '../core/model/divergence-record.ts';
import type { LocalPostgres } from '../core/model/local-postgres.ts';
import type { HistoryEntry } from '../core/model/cluster.ts';
import type { LogicalSlotWork } from '../core/model/logical-slot.ts';
import type { Lsn } from '../core/model/lsn.ts';

/** Ties a job to whoever started it. */
export interface JobControl {
  /** Asked again right before the promote signal is sent; false or no answer in time: do not promote. */
  mayPromote(): Promise<boolean>;
  progress(progress: JobProgress): void;
  isCancelled(): boolean;
  /** Called at most once; at once if cancelled already. */
  onCancel(listener: () => void): void;
}

/** The local PostgreSQL: what it is doing, and the means to change that. Never decides. */
export interface Postgres {
  /** Whole and fresh within `budgetMs`; what did not answer in time is `unknown` in the result. Never throws. */
  observe(budgetMs: number): Promise<LocalPostgres>;
  /** Called when something is worth another look: postmaster gone, connection lost, receiver lost, a standby caught up. */
  onChange(listener: (what: string) => void): void;
  /** Runs one job to its end. A cancelled job ends soon, as failed. The deadline is a boot-clock time. Never throws. */
  run(job: Job, control: JobControl, deadlineMs: number): Promise<JobOutcome>;
  /** Writes the configuration files and reloads a running server. done: the server was told, not yet that it is in force. */
  applySettings(settings: ServerSettings, budgetMs: number): Promise<JobOutcome>;
  createSlot(name: string, budgetMs: number): Promise<JobOutcome>;
  dropSlot(name: string, budgetMs: number): Promise<JobOutcome>;
  /** Physical slots: WAL before these positions is not kept any more. Never further than what the server has. */
  advanceSlots(to: Readonly<Record<string, Lsn>>, budgetMs: number): Promise<JobOutcome>;
  /**
   * Begins to create and to advance logical slots, which may wait for clients' transactions; nothing while it is at it. What
   * comes of it is observed: the slots, and those that are broken.
   */
  tendLogicalSlots(work: readonly LogicalSlotWork[]): void;
  /** A standby whose replay was paused goes on replaying. */
  resumeReplay(budgetMs: number): Promise<JobOutcome>;
  /** Leaves or takes away the note that `LocalPostgres.pauseNoted` tells of; on disk when done. */
  notePause(paused: boolean, budgetMs: number): Promise<JobOutcome>;
  /**
   * Kills the whole server now: postmaster first, then every process that works in the data directory, by SIGKILL.
   * done: none is left. Leaves standby.signal so that a start by hand comes up read-only.
   */
  kill(budgetMs: number): Promise<JobOutcome>;
  /** Position and timeline at the end of WAL; for the mark after a new setting, taken on a running primary. */
  flushLsn(budgetMs: number): Promise<Lsn | undefined>;
  /** What was recorded before it was given up, oldest first. Rejects where it cannot be read. */
  divergences(): Promise<readonly DivergenceRecord[]>;
  /** Deletes what is kept of one; its line stays. undefined: there is none. Rejects where it cannot be deleted. */
  discardDivergence(id: string): Promise<DivergenceRecord | undefined>;
  /** Rows of the newest history file, oldest first; empty on timeline 1. */
  timelineHistory(budgetMs: number): Promise<readonly HistoryEntry[]>;
}
