import type { JobOutcome } from '../../core/model/job.ts';
import type { JobControl } from '../../ports/postgres.ts';
import type { Process } from '../time/process.ts';

/** How often a job that waits for something looks again. */
const LOOK_MS = 40;

export function failed(why: string): JobOutcome {
  return { kind: 'failed', why };
}

/** One job while it runs: its waits end early when it is cancelled or its time is up, and never when its agent is gone. */
export class JobRun {
  readonly process: Process;
  readonly control: JobControl;
  private readonly deadlineMs: number;
  private wake: (() => void) | undefined;

  constructor(process: Process, control: JobControl, deadlineMs: number) {
    this.process = process;
    this.control = control;
    this.deadlineMs = deadlineMs;
    control.onCancel(() => this.wake?.());
  }

  /** The same job with an earlier end. */
  within(lengthMs: number): JobRun {
    return new JobRun(this.process, this.control, Math.min(this.deadlineMs, this.process.machine.bootMs() + lengthMs));
  }

  /** Why the job is over before its end; undefined: it is not. */
  isOver(): string | undefined {
    if (this.control.isCancelled()) return 'cancelled';
    return this.process.machine.bootMs() >= this.deadlineMs ? 'timed out' : undefined;
  }

  /** Waits. True: go on; false: it is over. */
  async pass(lengthMs: number): Promise<boolean> {
    if (this.isOver() !== undefined) return false;
    const leftMs = Math.max(0, this.process.machine.untilMs(this.deadlineMs));
    await new Promise<void>((resolve) => {
      const cancel = this.process.after(Math.min(lengthMs, leftMs), resolve);
      this.wake = () => {
        cancel();
        this.process.after(1, resolve);
      };
    });
    this.wake = undefined;
    return this.isOver() === undefined;
  }

  /** Waits until something holds. */
  async until(holds: () => boolean): Promise<boolean> {
    while (!holds()) if (!(await this.pass(LOOK_MS))) return false;
    return true;
  }

  end(): JobOutcome {
    return failed(this.isOver() ?? 'ended');
  }
}
