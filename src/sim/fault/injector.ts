import type { Cluster } from '../cluster/cluster.ts';
import type { Chance } from '../time/chance.ts';
import type { FaultKind } from './kinds.ts';
import { strike, victimOf } from './strike.ts';

/** Shortest fault that has a length. */
const LENGTH_MS_MIN = 100;

/** Strikes at random times with random faults, and in the end undoes them all. */
export class Injector {
  readonly counts = new Map<FaultKind, number>();
  private readonly cluster: Cluster;
  private readonly chance: Chance;
  private readonly open = new Set<() => void>();
  private isOver = false;

  constructor(cluster: Cluster, chance: Chance) {
    this.cluster = cluster;
    this.chance = chance;
    this.schedule();
  }

  heal(): void {
    this.isOver = true;
    for (const undo of this.open) undo();
    this.open.clear();
    this.cluster.heal();
  }

  private schedule(): void {
    this.cluster.agenda.after(this.chance.wait(this.cluster.options.faultEveryMs), () => {
      if (this.isOver) return;
      this.strikeOnce();
      // Troubles like company: now and then the next one comes before the first is over.
      if (this.chance.happens(0.3)) this.cluster.agenda.after(this.chance.between(0, 4000), () => this.strikeOnce());
      this.schedule();
    });
  }

  private strikeOnce(): void {
    const { cluster, chance } = this;
    const kind = chance.weighted(cluster.options.faults);
    if (kind === undefined || this.isOver) return;
    const victim = victimOf(cluster, chance);
    cluster.trace.note('FAULT', () => `${kind} (${victim.name})`);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    const undo = strike(kind, { cluster, chance, victim });
    if (undo !== undefined) this.endLater(kind, victim.name, undo);
  }

  private endLater(kind: FaultKind, victim: string, undo: () => void): void {
    this.open.add(undo);
    const lengthMs = Math.max(LENGTH_MS_MIN, this.chance.wait(this.cluster.options.faultLengthMs));
    this.cluster.agenda.after(lengthMs, () => {
      if (!this.open.delete(undo)) return;
      this.cluster.trace.note('FAULT', () => `${kind} (${victim}) ends`);
      undo();
    });
  }
}
