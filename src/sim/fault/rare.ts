import type { Cluster } from '../cluster/cluster.ts';
import type { SimMember } from '../cluster/member.ts';
import type { Chance } from '../time/chance.ts';
import { Recurring } from './recurring.ts';
import { victimOf } from './strike.ts';

/**
 * What strikes at one certain moment, which chance alone hardly meets. It comes beside the other faults, in seeds of its own, so
 * that it moves nothing in the runs of all others.
 */
export const RARE_KINDS = [
  'killed-while-writing',
  'write-held-back',
  'promise-disk-slow',
  'key-nonsense',
  'outage-and-crash',
] as const;

export type RareKind = (typeof RARE_KINDS)[number];

/** In one seed of so many. */
const EVERY_SEED = 4;
/** Longer than any write to the store is waited for. */
const HELD_MS_MIN = 1_600;

interface Blow {
  readonly cluster: Cluster;
  readonly chance: Chance;
  readonly victim: SimMember;
}

const STRIKES: Readonly<Record<RareKind, (blow: Blow) => void>> = {
  /** The request is on its way when its sender dies, and the next agent is there before it arrives. */
  'killed-while-writing': ({ cluster, chance, victim }) => {
    const { agenda } = cluster;
    const { agent } = victim;
    const heldMs = chance.between(200, 4_000);
    agent?.store.holdNextWrite(heldMs, () => {
      agenda.after(chance.between(0, 30), () => agent.process.kill());
      agenda.after(chance.between(40, 900), () => cluster.startAgent(victim));
      if (chance.happens(0.4)) agenda.after(chance.between(100, 1_500), () => victim.host.server?.kill());
    });
  },
  /** Its sender lives on, and has given up waiting when it arrives. */
  'write-held-back': ({ chance, victim }) => {
    victim.agent?.store.holdNextWrite(chance.between(HELD_MS_MIN, 5_000), () => undefined);
  },
  'promise-disk-slow': ({ cluster, chance, victim }) => {
    victim.promises.slowMs = chance.between(200, 6_000);
    cluster.agenda.after(chance.between(5_000, 40_000), () => {
      victim.promises.slowMs = 0;
    });
  },
  'key-nonsense': ({ cluster, chance, victim }) => {
    const { keys } = cluster;
    const key = chance.oneOf(keys.sync, keys.failsafe, keys.failover, keys.status, keys.last, keys.history);
    const member = chance.oneOf(keys.member(victim.name), keys.pledge(victim.name));
    const text = chance.oneOf('', '{', '[1', '{"leader":7}', '{"leader":"ada","sync_standby":[]}', '{"quorum":-1}');
    cluster.operator.scribble(chance.happens(0.2) ? member : key, text);
  },
  /** While the members carry the lead, the server goes that is to be carried. */
  'outage-and-crash': ({ cluster, chance, victim }) => {
    const { agenda, store } = cluster;
    if (store.mode !== 'up') return;
    store.stop(chance.happens(0.5) ? 'down' : 'silent');
    agenda.after(chance.between(1_000, 9_000), () => victim.host.server?.kill());
    agenda.after(chance.between(10_000, 40_000), () => store.heal());
  },
};

/** Strikes at random times until the faults are over; in most seeds never. */
export class RareFaults {
  private readonly cluster: Cluster;
  private readonly recurring: Recurring;

  constructor(cluster: Cluster, chance: Chance) {
    this.cluster = cluster;
    this.recurring = new Recurring(cluster, chance, cluster.options.faultEveryMs, (next) => {
      const kind = chance.pick(RARE_KINDS);
      const victim = victimOf(cluster, chance);
      cluster.trace.note('FAULT', () => `${kind ?? ''} (${victim.name})`);
      if (kind !== undefined) STRIKES[kind]({ cluster, chance, victim });
      next();
    });
    if (cluster.options.seed % EVERY_SEED === 1) this.recurring.begin();
  }

  end(): void {
    this.recurring.end();
    for (const { promises } of this.cluster.members) promises.slowMs = 0;
  }
}
