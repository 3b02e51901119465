import type { Tags } from '../../core/model/cluster.ts';
import type { SimMember } from '../cluster/member.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Chance } from '../time/chance.ts';
import { randomUpstream } from '../swarm-slots.ts';
import type { FaultKind } from './kinds.ts';
import { HEALTH_STRIKES } from './strike-health.ts';
import { SLOT_STRIKES } from './strike-slots.ts';

/** Power comes back to the last machine within this time. */
const TOTAL_OUTAGE_MS = 40_000;

/** How a fault ends; undefined: it has no length. */
export type Undo = (() => void) | undefined;

interface Blow {
  readonly cluster: Cluster;
  readonly chance: Chance;
  readonly victim: SimMember;
}

/** Who is struck: the leader more often than another. */
export function victimOf(cluster: Cluster, chance: Chance): SimMember {
  const leader = cluster.leader();
  if (leader !== undefined && chance.happens(cluster.options.leaderBias)) return leader;
  const victim = chance.pick(cluster.members);
  if (victim === undefined) throw new Error('a cluster without members');
  return victim;
}

const STRIKES: Readonly<Record<FaultKind, (blow: Blow) => Undo>> = {
  'machine-crash': ({ cluster, victim }) => {
    cluster.crash(victim);
    return () => cluster.boot(victim);
  },
  'machine-freeze': ({ cluster, victim }) => {
    cluster.freeze(victim);
    return () => cluster.thaw(victim);
  },
  pause: ({ cluster, chance }) => {
    cluster.operator.pause(true);
    for (let acts = chance.integer(0, 4); acts > 0; acts -= 1)
      cluster.agenda.after(chance.between(2000, 25_000), () => cluster.operator.byHand.act(chance));
    // An agent that is away while the pause ends finds a key of its own, or none.
    const isAway = chance.happens(0.4);
    return () => {
      const leader = cluster.leader();
      if (leader !== undefined && isAway) {
        cluster.killAgent(leader);
        cluster.agenda.after(chance.between(100, 4000), () => cluster.startAgent(leader));
      }
      cluster.operator.pause(false);
    };
  },
  'agent-kill': ({ cluster, victim }) => {
    cluster.killAgent(victim);
    return () => cluster.startAgent(victim);
  },
  'programs-kill': ({ cluster, victim }) => {
    cluster.killAgent(victim);
    victim.host.server?.kill();
    return () => cluster.startAgent(victim);
  },
  'agent-freeze': ({ victim }) => {
    const process = victim.agent?.process;
    process?.stop();
    return () => process?.continue();
  },
  'agent-stop': ({ cluster, victim }) => {
    victim.agent?.shutdown();
    return () => {
      cluster.killAgent(victim);
      cluster.startAgent(victim);
    };
  },
  'postgres-kill': ({ victim }) => {
    victim.host.server?.kill();
    return undefined;
  },
  'replay-stall': ({ victim, chance }) => {
    if (victim.host.server?.role === 'standby') victim.host.server.stallReplay(chance.between(1000, 30_000));
    return undefined;
  },
  'foreign-data': ({ cluster, victim }) => {
    // A voter's data must not vanish behind the back of whoever counts on it.
    const { sync } = cluster.ledger;
    const leader = cluster.leader();
    const names = leader?.host.server?.sync.names?.names ?? [];
    const isNeeded = victim === leader || [sync.leader, ...sync.voters, ...names].includes(victim.name);
    if (isNeeded || leader === undefined) return undefined;
    cluster.giveForeignData(victim);
    return () => cluster.emptyDisk(victim);
  },
  'store-outage': ({ cluster, chance }) => {
    cluster.store.stop(chance.happens(0.5) ? 'down' : 'silent');
    return () => cluster.store.heal();
  },
  'store-election': ({ cluster }) => {
    if (cluster.store.mode === 'up') cluster.store.elect();
    return undefined;
  },
  'store-member-cut': ({ cluster, chance }) => {
    if (cluster.store.mode !== 'up') return undefined;
    cluster.store.isolateOne(chance.happens(0.5));
    return () => cluster.store.rejoin();
  },
  'store-cut': (blow) => cutLinks(blow, bothWays(blow.victim.name, 'store')),
  'store-cut-one-way': (blow) =>
    cutLinks(blow, [blow.chance.happens(0.5) ? [blow.victim.name, 'store'] : ['store', blow.victim.name]]),
  'link-cut': (blow) => {
    const other = another(blow);
    return cutLinks(blow, bothWays(blow.victim.name, other));
  },
  'link-cut-one-way': (blow) => {
    const other = another(blow);
    return cutLinks(blow, [blow.chance.happens(0.5) ? [blow.victim.name, other] : [other, blow.victim.name]]);
  },
  isolation: (blow) => {
    const { cluster, victim } = blow;
    const others = ['store', ...cluster.members.map((each) => each.name).filter((name) => name !== victim.name)];
    return cutLinks(
      blow,
      others.flatMap((other) => bothWays(victim.name, other)),
    );
  },
  'client-cut': (blow) => {
    const client = blow.chance.pick(blow.cluster.clientNames) ?? '';
    return cutLinks(blow, [blow.chance.happens(0.5) ? [blow.victim.name, client] : [client, blow.victim.name]]);
  },
  'watch-break': ({ victim }) => {
    victim.agent?.store.breakWatches();
    return undefined;
  },
  'key-deleted': ({ cluster }) => {
    cluster.operator.deleteLeaderKey();
    return undefined;
  },
  'key-deleted-unseen': ({ cluster, chance }) => {
    if (cluster.store.mode !== 'up') return undefined;
    cluster.store.isolateOne(false);
    cluster.agenda.after(chance.between(20, 400), () => cluster.operator.deleteLeaderKey());
    return () => cluster.store.rejoin();
  },
  'lease-revoked': ({ cluster }) => {
    cluster.operator.revokeLeaderLease();
    return undefined;
  },
  'new-leader-cut': ({ cluster, chance }) => {
    const cuts: Undo[] = [];
    let isOver = false;
    cluster.nextReign = (name) => {
      const victim = cluster.members.find((each) => each.name === name);
      if (isOver || victim === undefined) return;
      cluster.agenda.after(chance.between(0, 100), () => {
        if (!isOver) cuts.push(cutLinks({ cluster, chance, victim }, bothWays(name, 'store')));
      });
      cluster.agenda.after(chance.between(100, 600), () => cluster.operator.deleteLeaderKey());
    };
    return () => {
      isOver = true;
      cluster.nextReign = undefined;
      for (const undo of cuts) undo?.();
    };
  },
  switchover: ({ cluster, chance }) => {
    cluster.operator.switchover(chance);
    return undefined;
  },
  failover: ({ cluster, chance }) => {
    cluster.operator.failover(chance);
    return undefined;
  },
  restart: ({ victim, chance }) => {
    const afterMs = chance.happens(0.3) ? chance.between(0, 20_000) : undefined;
    victim.agent?.askForRestart(afterMs, chance.happens(0.4) ? chance.between(20, 3000) : undefined);
    // People are impatient, or change their minds.
    if (chance.happens(0.3)) victim.agent?.askForRestart(afterMs, undefined);
    if (chance.happens(0.1)) victim.agent?.takeRestartBack();
    return undefined;
  },
  'sync-count': ({ cluster, chance }) => {
    cluster.operator.changeConfig({ synchronous_node_count: chance.integer(1, 3) });
    return undefined;
  },
  'wal-removed': ({ cluster }) => {
    const server = cluster.leader()?.host.server;
    if (server !== undefined) server.files.walFrom = server.log().lsn;
    return undefined;
  },
  'disk-tight': ({ victim }) => {
    victim.host.disk.isTight = true;
    return () => {
      victim.host.disk.isTight = false;
    };
  },
  reinitialize: ({ victim, chance }) => {
    victim.agent?.askToReinitialize({ force: chance.happens(0.5), fromLeader: chance.happens(0.3) });
    return undefined;
  },
  'total-outage': ({ cluster, chance }) => {
    let isOver = false;
    for (const member of cluster.members) {
      cluster.crash(member);
      cluster.agenda.after(chance.between(500, TOTAL_OUTAGE_MS), () => {
        if (!isOver) cluster.boot(member);
      });
    }
    return () => {
      isOver = true;
      for (const member of cluster.members) cluster.boot(member);
    };
  },
  'switchover-later': ({ cluster, chance }) => {
    cluster.operator.switchoverLater(chance);
    return undefined;
  },
  'request-withdrawn': ({ cluster, chance }) => {
    cluster.operator.switchover(chance);
    cluster.agenda.after(chance.between(10, 2500), () => cluster.operator.withdrawRequest());
    return undefined;
  },
  'tags-changed': ({ victim, chance }) => {
    victim.tags = chance.oneOf<Tags>({ nofailover: true }, { failover_priority: 0 }, { failover_priority: 2 });
    return () => {
      victim.tags = {};
    };
  },
  'sync-mode': ({ cluster, chance }) => {
    // What begins asynchronous stays so: its losses are counted by other rules.
    if (!cluster.options.isSynchronous) return undefined;
    cluster.operator.changeConfig({ synchronous_mode: chance.oneOf('on', 'quorum', 'quorum', 'off') });
    return () => cluster.operator.changeConfig({ synchronous_mode: cluster.options.isQuorum ? 'quorum' : 'on' });
  },
  'sync-strict': ({ cluster, chance }) => {
    cluster.operator.changeConfig({ synchronous_mode_strict: chance.happens(0.5) });
    return undefined;
  },
  nosync: ({ victim }) => {
    victim.tags = { ...victim.tags, nosync: true };
    return () => {
      victim.tags = {};
    };
  },
  ...HEALTH_STRIKES,
  ...SLOT_STRIKES,
  'upstream-changed': ({ victim, chance }) => {
    victim.upstream = randomUpstream(chance);
    return undefined;
  },
  'promises-lost': ({ cluster, victim }) => {
    cluster.killAgent(victim);
    victim.promises.lose();
    return () => cluster.startAgent(victim);
  },
};

export function strike(kind: FaultKind, blow: Blow): Undo {
  return STRIKES[kind](blow);
}

function another({ cluster, victim, chance }: Blow): string {
  return chance.pick(cluster.members.filter((each) => each !== victim))?.name ?? 'store';
}

type Link = readonly [from: string, to: string];

function bothWays(one: string, other: string): readonly Link[] {
  return [
    [one, other],
    [other, one],
  ];
}

function cutLinks({ cluster }: Blow, links: readonly Link[]): Undo {
  for (const [from, to] of links) cluster.network.cut(from, to);
  return () => {
    for (const [from, to] of links) cluster.network.repair(from, to);
  };
}
