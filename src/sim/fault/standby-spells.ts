import type { Cluster } from '../cluster/cluster.ts';
import type { Chance } from '../time/chance.ts';
import { Recurring } from './recurring.ts';

/** In one seed of so many, and in none that has rare faults. */
const EVERY_SEED = 8;
const LENGTH_MS_MIN = 200;

/**
 * Spells in which the configuration has the cluster follow another one: the primary is demoted, and promoted again when the spell
 * ends. In seeds of their own, so that they move nothing in the runs of all others. The other cluster is not reached by anybody.
 */
export class StandbySpells {
  private readonly cluster: Cluster;
  private readonly chance: Chance;
  private readonly recurring: Recurring;
  private readonly isSeed: boolean;

  constructor(cluster: Cluster, chance: Chance) {
    this.cluster = cluster;
    this.chance = chance;
    this.recurring = new Recurring(cluster, chance, 2 * cluster.options.faultEveryMs, (next) => this.spell(next));
    this.isSeed = cluster.options.seed % EVERY_SEED === 3;
    if (this.isSeed) this.recurring.begin();
  }

  /** The cluster is one of its own again, for good. */
  end(): void {
    if (this.isSeed) this.cluster.operator.promoteCluster();
    this.recurring.end();
  }

  private spell(next: () => void): void {
    const { cluster, chance } = this;
    const { agenda, operator, trace } = cluster;
    trace.note('FAULT', () => 'standby cluster');
    operator.standBy(true);
    // Some change their mind before anything has come of it.
    const meanMs = chance.happens(0.3) ? 2_000 : cluster.options.faultLengthMs;
    agenda.after(Math.max(LENGTH_MS_MIN, chance.wait(meanMs)), () => {
      if (this.recurring.isOver) return;
      trace.note('FAULT', () => 'standby cluster ends');
      operator.promoteCluster();
      next();
    });
    if (chance.happens(0.4)) agenda.after(chance.wait(meanMs), () => operator.switchover(chance));
  }
}
