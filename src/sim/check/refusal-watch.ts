import type { Process } from '../time/process.ts';

/** From the answer to the end of PostgreSQL, under whatever else the agent does. */
const FENCE_MS = 400;

interface Refusal {
  readonly reign: number;
  readonly atMs: number;
  readonly process: Process;
}

/** Who has learnt from the store that its key is another's or gone stops at once, and does not wait for its deadline (I4). */
export class RefusalWatch {
  private readonly refusals = new Map<string, Refusal>();
  private readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** The store has answered a renewal so. */
  note(name: string, reign: number, process: Process): void {
    if (this.refusals.get(name)?.reign !== reign) this.refusals.set(name, { reign, atMs: this.nowMs(), process });
  }

  /** Its agent stood still meanwhile, or its machine did: what it learnt it may learn again. */
  forget(name: string): void {
    this.refusals.delete(name);
  }

  /** Why it must not write any more under that reign; undefined: it has not learnt that. */
  overstayed(name: string, reign: number): string | undefined {
    const refusal = this.refusals.get(name);
    if (refusal?.reign !== reign || !refusal.process.canRun()) return undefined;
    const lateMs = this.nowMs() - refusal.atMs;
    return lateMs > FENCE_MS ? `${Math.round(lateMs)} ms after the store refused to renew it` : undefined;
  }
}
