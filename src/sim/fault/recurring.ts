import type { Cluster } from '../cluster/cluster.ts';
import type { Chance } from '../time/chance.ts';

/** Something that happens at random times until the faults are over; it says itself when the next one may come. */
export class Recurring {
  private readonly cluster: Cluster;
  private readonly chance: Chance;
  private readonly meanMs: number;
  private readonly strike: (next: () => void) => void;
  private over = false;

  constructor(cluster: Cluster, chance: Chance, meanMs: number, strike: (next: () => void) => void) {
    this.cluster = cluster;
    this.chance = chance;
    this.meanMs = meanMs;
    this.strike = strike;
  }

  get isOver(): boolean {
    return this.over;
  }

  begin(): void {
    this.cluster.agenda.after(this.chance.wait(this.meanMs), () => {
      if (!this.over) this.strike(() => this.begin());
    });
  }

  end(): void {
    this.over = true;
  }
}
