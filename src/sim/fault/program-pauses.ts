import type { Cluster } from '../cluster/cluster.ts';
import type { SimMember } from '../cluster/member.ts';
import type { Chance } from '../time/chance.ts';
import { victimOf } from './strike.ts';

/** What may stand still by itself: each alone, or several of one machine at once. */
export const PAUSED_PROGRAMS = ['agent', 'guard', 'postgres', 'host'] as const;

export type PausedProgram = (typeof PAUSED_PROGRAMS)[number];

const LENGTH_MS_MIN = 50;
/** Programs that stop for one reason stop within this time. */
const APART_MS_MAX = 1_500;

/**
 * Agent, guard, PostgreSQL and machine stand still in any combination, each for a time of its own; now and then the guard is killed
 * instead. In seeds of their own, so that they move nothing in the runs of all others.
 */
export class ProgramPauses {
  /** By what stood still together, as `agent+guard`, and of them guards that were killed. */
  readonly counts = new Map<string, number>();
  private readonly cluster: Cluster;
  private readonly chance: Chance;
  private isOver = false;

  constructor(cluster: Cluster, chance: Chance) {
    this.cluster = cluster;
    this.chance = chance;
    if (cluster.options.pausesEveryMs !== undefined) this.schedule(cluster.options.pausesEveryMs);
  }

  end(): void {
    this.isOver = true;
  }

  private schedule(everyMs: number): void {
    this.cluster.agenda.after(this.chance.wait(everyMs), () => {
      if (this.isOver) return;
      this.strike(victimOf(this.cluster, this.chance));
      this.schedule(everyMs);
    });
  }

  private strike(victim: SimMember): void {
    const { chance } = this;
    const programs = PAUSED_PROGRAMS.filter(() => chance.happens(0.45));
    if (programs.length === 0) return;
    const isKill = programs.includes('guard') && chance.happens(0.25);
    const text = `${programs.join('+')}${isKill ? ', guard killed' : ''}`;
    this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
    this.cluster.trace.note('FAULT', () => `stands still (${victim.name}): ${text}`);
    for (const program of programs) {
      this.cluster.agenda.after(chance.between(0, programs.length === 1 ? 0 : APART_MS_MAX), () => {
        if (!this.isOver) this.pause(victim, program, isKill);
      });
    }
  }

  private pause(victim: SimMember, program: PausedProgram, isKill: boolean): void {
    const { cluster } = this;
    const goOn = program === 'guard' && isKill ? cluster.killGuard(victim) : PAUSES[program](cluster, victim);
    if (goOn === undefined) return;
    const lengthMs = Math.max(LENGTH_MS_MIN, this.chance.wait(cluster.options.faultLengthMs));
    cluster.agenda.after(lengthMs, () => {
      if (this.isOver) return;
      cluster.trace.note('FAULT', () => `${program} (${victim.name}) goes on`);
      goOn();
    });
  }
}

const PAUSES: Readonly<Record<PausedProgram, (cluster: Cluster, victim: SimMember) => (() => void) | undefined>> = {
  agent: (_cluster, { agent }) => {
    agent?.process.stop();
    return () => agent?.process.continue();
  },
  guard: (cluster, victim) => {
    const { guard } = victim;
    guard.process.stop();
    return () => {
      if (victim.guard === guard) cluster.resumeGuard(victim);
    };
  },
  postgres: (cluster, { host }) => {
    const { server } = host;
    if (server === undefined || server.deafSinceMs !== undefined) return undefined;
    server.process.stop();
    server.deafSinceMs = cluster.agenda.nowMs;
    return () => {
      if (host.orphans !== server) server.deafSinceMs = undefined;
      server.process.continue();
    };
  },
  host: (cluster, victim) => {
    cluster.freeze(victim);
    return () => cluster.thaw(victim);
  },
};
