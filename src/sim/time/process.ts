import type { CancelTimer } from '../../ports/clock.ts';
import type { Machine } from './machine.ts';

/**
 * A program on a machine. While it or its machine is frozen nothing of it runs, and what came due in between runs after the
 * thaw in any order; once it is dead nothing of it runs any more.
 */
export class Process {
  readonly machine: Machine;
  alive = true;
  /** It begins, or goes on after a stop of its own. */
  onUp: () => void = () => undefined;
  private stopped = false;
  private held: (() => void)[] = [];
  private readonly entered: () => void;

  constructor(machine: Machine, entered: () => void = () => undefined) {
    this.machine = machine;
    this.entered = entered;
    machine.processes.add(this);
  }

  /** Runs once `delayMs` of true time are over and the program can run. */
  after(delayMs: number, fire: () => void): CancelTimer {
    let cancelled = false;
    const task = this.machine.agenda.after(delayMs, () => {
      this.run(() => {
        if (!cancelled) fire();
      });
    });
    return () => {
      cancelled = true;
      task.fire = undefined;
    };
  }

  /** Runs now, or after the thaw, or never. */
  run(fire: () => void): void {
    if (!this.alive) return;
    if (this.isFrozen()) {
      this.held.push(fire);
      return;
    }
    this.entered();
    fire();
  }

  isFrozen(): boolean {
    return this.stopped || this.machine.frozen;
  }

  canRun(): boolean {
    return this.alive && !this.isFrozen();
  }

  /** Dead, or stopped by itself, whatever its machine does. */
  isDown(): boolean {
    return !this.alive || this.stopped;
  }

  stop(): void {
    this.stopped = true;
  }

  continue(): void {
    if (this.stopped) this.onUp();
    this.stopped = false;
    this.thaw();
  }

  /** What was overdue comes within a few milliseconds, in any order. */
  thaw(): void {
    if (this.isFrozen() || !this.alive) return;
    const { held } = this;
    this.held = [];
    for (const fire of held) this.after(this.machine.chance.between(0, 12), fire);
  }

  kill(): void {
    this.alive = false;
    this.held = [];
    this.machine.processes.delete(this);
  }
}
