import type { PromiseFile, PromisesRead, StandingPromise } from '../../ports/promises.ts';
import type { Process } from '../time/process.ts';

/** What a write to the disk takes. */
const WRITE_MS_MAX = 20;

/** The part of a member's disk that keeps its promises: outlives the agent and the machine. */
export class PromiseDisk {
  /** What a write takes beyond its usual time. */
  slowMs = 0;
  private kept: readonly StandingPromise[] | undefined;

  /** As if the file was deleted, or the disk replaced. */
  lose(): void {
    this.kept = undefined;
  }

  /** As one life of the agent reads and writes it. What is not written when the agent dies never will be. */
  fileFor(process: Process): PromiseFile {
    const later = (act: () => void): Promise<undefined> =>
      new Promise((resolve) => {
        process.after(this.slowMs + process.machine.chance.between(0.2, WRITE_MS_MAX), () => {
          act();
          resolve(undefined);
        });
      });
    return {
      read: (): Promise<PromisesRead> =>
        Promise.resolve(this.kept === undefined ? { kind: 'absent' } : { kind: 'read', promises: this.kept }),
      write: (promises) =>
        later(() => {
          this.kept = [...promises];
        }),
      remove: () =>
        later(() => {
          this.kept = undefined;
        }),
    };
  }
}
