import type { GuardProgram } from '../guard.ts';
import type { Machine } from '../time/machine.ts';
import type { Process } from '../time/process.ts';

/** After a thaw backends may run before the guard does; it takes no longer than this. */
export const THAW_MS = 30;
/** An agent that begins, or goes on, has killed within this time what nobody guards. */
const AGENT_MS = 6_000;
/** The agent's own reaction to a deadline that has passed. */
const FENCE_MS = 250;

/** The programs on one machine that may end a PostgreSQL. */
export interface Fencers {
  readonly guard: GuardProgram;
  readonly agent: { readonly process: Process } | undefined;
  readonly machine: Machine;
}

/**
 * Whether anybody was there to end a PostgreSQL in time. With agent and guard both stopped there is nobody (safety.md 2, what it
 * cannot do); with one of them there must be no write behind the deadline that the guard was told last.
 */
export class GuardWatch {
  private readonly of: (name: string) => Fencers | undefined;
  private readonly nowMs: () => number;
  /** When a member was last without both: the other of the two that begins, or goes on, ends that. */
  private readonly aloneUntil = new Map<string, number>();
  private readonly agentUp = new Map<string, number>();

  constructor(of: (name: string) => Fencers | undefined, nowMs: () => number) {
    this.of = of;
    this.nowMs = nowMs;
  }

  /** To be called before it begins or goes on. */
  noteUp(name: string, program: 'agent' | 'guard'): void {
    const member = this.of(name);
    if (member === undefined) return;
    if (program === 'agent') this.agentUp.set(name, this.nowMs());
    const isOtherDown = program === 'agent' ? isGuardAway(member) : isAgentDown(member);
    if (isOtherDown) this.aloneUntil.set(name, this.nowMs());
  }

  /** The agent has been able to do what it wants for so long. */
  isAgentSettled(name: string, lengthMs: number): boolean {
    const member = this.of(name);
    if (member === undefined || isAgentDown(member) || member.machine.frozen) return false;
    const sinceMs = Math.max(this.agentUp.get(name) ?? Number.NEGATIVE_INFINITY, member.machine.thawedAtMs);
    return this.nowMs() - sinceMs >= lengthMs;
  }

  /** Nobody is there who could end it, or nobody has been there for long enough. */
  isLeftAlone(name: string): boolean {
    const member = this.of(name);
    if (member === undefined) return false;
    const isAway = isGuardAway(member);
    if (isAway && isAgentDown(member)) return true;
    const agoMs = this.nowMs() - (this.aloneUntil.get(name) ?? Number.NEGATIVE_INFINITY);
    return agoMs <= (isAway || member.guard.state().kind !== 'armed' ? AGENT_MS : THAW_MS);
  }

  /** Its guard, which does not run or was killed, has let it write until now: why that is too long, or undefined. */
  overstayed(name: string): string | undefined {
    const member = this.of(name);
    const dutyUntilMs = member?.guard.dutyUntilMs;
    if (member === undefined || dutyUntilMs === undefined || !member.guard.process.isDown()) return undefined;
    const lateMs = this.nowMs() - dutyUntilMs;
    return lateMs > FENCE_MS
      ? `${Math.round(lateMs)} ms past the deadline that its guard, which is away, was told`
      : undefined;
  }

  /** The guard was killed, and what it was told has not run out yet. */
  isBetweenGuards(name: string): boolean {
    const guard = this.of(name)?.guard;
    return guard?.state().kind === 'disarmed' && (guard.dutyUntilMs ?? 0) + FENCE_MS > this.nowMs();
  }
}

/** Or one that was started in the place of one that was killed, and was told nothing yet. */
function isGuardAway({ guard }: Fencers): boolean {
  return guard.process.isDown() || (guard.state().kind === 'disarmed' && guard.dutyUntilMs !== undefined);
}

function isAgentDown({ agent }: Fencers): boolean {
  return agent === undefined || agent.process.isDown();
}
