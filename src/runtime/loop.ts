// One cycle: look at everything, let the core decide, do what it says, tell what came of it. Events only end the wait between
// two cycles early; every cycle decides from a whole fresh observation.
import type { Memory } from '../core/model/memory.ts';
import type { Observation } from '../core/model/observation.ts';
import type { Decision, StepKind } from '../core/model/plan.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { backOffMs } from './back-off.ts';
import type { Undone } from './execute/index.ts';

/** 20 cycles a second in the long run, however many events there are. */
const CYCLE_GAP_MS = 50;
/** So many may follow each other without a gap after a quiet time: the links of a failover come within milliseconds of each other. */
const CYCLES_AT_ONCE = 10;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 1_000;

/** Steps that change nothing the next decision would be made from; the end of a job wakes by itself. */
const QUIET_STEPS: ReadonlySet<StepKind> = new Set([
  'writeStatus',
  'advanceSlots',
  'tendLogicalSlots',
  'answer',
  'startJob',
  'cancelJob',
]);

export type Decide = (observation: Observation, memory: Memory) => Decision;

export interface LoopParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly decide: Decide;
  readonly observe: () => Promise<Observation>;
  /** Before the steps: the decision is known, nothing of it is done yet. */
  readonly onDecision: (observation: Observation, decision: Decision) => void;
  readonly execute: (decision: Decision) => Promise<Undone | undefined>;
  readonly onCycle: (observation: Observation, decision: Decision) => void;
  /** Longest quiet time as things are. */
  readonly quietMs: () => number;
  readonly onBroken: (why: string) => void;
}

export class Loop {
  private readonly parts: LoopParts;
  private memory: Memory;
  private running = false;
  private inCycle = false;
  /** Something happened while a cycle was under way. */
  private woken = false;
  private failures = 0;
  /** When the cycles begun until now would have been over at the pace of the long run. */
  private paidUntilMs = Number.NEGATIVE_INFINITY;
  private cancelTimer: CancelTimer | undefined;
  private timerMs = Number.POSITIVE_INFINITY;

  constructor(parts: LoopParts, memory: Memory) {
    this.parts = parts;
    this.memory = memory;
  }

  start(): void {
    this.running = true;
    this.wake('start');
  }

  stop(): void {
    this.running = false;
    this.cancelTimer?.();
  }

  wake(reason: string): void {
    if (!this.running) return;
    this.parts.log.log('DEBUG', `woken: ${reason}`);
    if (this.inCycle) this.woken = true;
    else this.runAt(this.parts.clock.bootMs());
  }

  private runAt(atMs: number): void {
    if (!this.running) return;
    const dueMs = Math.max(atMs, this.paidUntilMs - (CYCLES_AT_ONCE - 1) * CYCLE_GAP_MS);
    if (dueMs >= this.timerMs) return;
    this.cancelTimer?.();
    this.timerMs = dueMs;
    this.cancelTimer = this.parts.clock.after(Math.max(0, dueMs - this.parts.clock.bootMs()), () => {
      this.timerMs = Number.POSITIVE_INFINITY;
      void this.cycle();
    });
  }

  private async cycle(): Promise<void> {
    if (!this.running || this.inCycle) return;
    this.inCycle = true;
    this.woken = false;
    this.paidUntilMs = Math.max(this.paidUntilMs, this.parts.clock.bootMs()) + CYCLE_GAP_MS;
    let decision: Decision | undefined;
    try {
      const observation = await this.parts.observe();
      if (!this.running) return;
      decision = this.parts.decide(observation, this.memory);
      this.memory = decision.memory;
      this.parts.onDecision(observation, decision);
      const undone = await this.parts.execute(decision);
      this.inCycle = false;
      this.parts.onCycle(observation, decision);
      this.runAt(this.nextMs(decision, undone));
    } catch (error) {
      this.break(error, decision);
    }
  }

  private nextMs({ plan }: Decision, undone: Undone | undefined): number {
    const nowMs = this.parts.clock.bootMs();
    this.failures = undone === undefined ? 0 : this.failures + 1;
    if (undone !== undefined)
      this.parts.log.log('DEBUG', `not done: ${undone.step.kind}: ${undone.why}`, { failures: this.failures });
    if (this.woken) return nowMs;
    if (undone !== undefined) return nowMs + backOffMs(this.failures, RETRY_FIRST_MS, RETRY_MAX_MS);
    if (plan.steps.some((step) => !QUIET_STEPS.has(step.kind))) return nowMs;
    return Math.min(plan.wakeMs, nowMs + this.parts.quietMs());
  }

  /** A broken invariant: nobody knows what holds any more, so nothing is renewed and the guard has the last word. */
  private break(error: unknown, decision: Decision | undefined): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.stop();
    const steps = decision?.plan.steps.map((step) => step.kind).join(', ');
    this.parts.log.log('ERROR', `an invariant broke: ${why}`, { rule: decision?.rule, steps, why: decision?.why });
    this.parts.onBroken(why);
  }
}
