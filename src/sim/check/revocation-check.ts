import type { Cluster } from '../cluster/cluster.ts';
import type { SimMember } from '../cluster/member.ts';
import type { Reign } from './ledger.ts';

const LOOK_MS = 50;
/** A leader that has been well for so long has been heard, or has renewed its lease, by everybody who can hear it. */
const WELL_MS = 1_500;

/**
 * No false alarm: nobody takes the power of a leader that is well, that reaches the store and that enough voters reach; nor of one
 * whose PostgreSQL answers whoever takes it.
 */
export class RevocationCheck {
  /** Reigns that ended so. */
  count = 0;
  private readonly cluster: Cluster;
  private reign: Reign | undefined;
  private wellSinceMs: number | undefined;
  /** By the name of who asks: since when the leader's PostgreSQL would have answered. */
  private readonly answersSinceMs = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.look();
  }

  /** A key that was replaced in one change, and not deleted first, was taken from a reign that stood. */
  noteReign(before: Reign | undefined, now: Reign | undefined): void {
    if (before === undefined || now === undefined || before.reign === now.reign || before.name === now.name) return;
    this.count += 1;
    const { checker, agenda, members } = this.cluster;
    // It may have gone since the last look.
    const leader = members.find(({ name }) => name === before.name);
    if (leader !== undefined) this.lookAt(leader);
    const isLong = (sinceMs: number | undefined): boolean => sinceMs !== undefined && agenda.nowMs - sinceMs >= WELL_MS;
    if (this.reign?.reign !== before.reign) return;
    if (isLong(this.wellSinceMs))
      checker.fail('A1', `${now.name} revokes the reign of ${before.name}, which is well and reaches store and voters`);
    if (isLong(this.answersSinceMs.get(now.name)))
      checker.fail('A2', `${now.name} revokes the reign of ${before.name}, whose PostgreSQL answers it`);
  }

  private look(): void {
    const { agenda, ledger, members } = this.cluster;
    if (this.reign !== ledger.current) {
      this.reign = ledger.current;
      this.wellSinceMs = undefined;
      this.answersSinceMs.clear();
    }
    const leader = members.find(({ name }) => name === this.reign?.name);
    if (leader !== undefined) this.lookAt(leader);
    agenda.after(LOOK_MS, () => this.look());
  }

  private lookAt(leader: SimMember): void {
    const { agenda, members } = this.cluster;
    const doesServe = serves(leader);
    for (const other of members) {
      const answers = doesServe && other !== leader && this.isLinked(leader.name, other.name);
      if (!answers) this.answersSinceMs.delete(other.name);
      else if (!this.answersSinceMs.has(other.name)) this.answersSinceMs.set(other.name, agenda.nowMs);
    }
    const isWell =
      doesServe && leader.agent?.process.canRun() === true && this.reachesStore(leader) && this.reachesVoters(leader);
    this.wellSinceMs = isWell ? (this.wellSinceMs ?? agenda.nowMs) : undefined;
  }

  private isLinked(one: string, other: string): boolean {
    const { network } = this.cluster;
    const isQuick = network.lossRate === 0 && network.slowRate === 0;
    return isQuick && network.isOpen(one, other) && network.isOpen(other, one);
  }

  private reachesStore({ name }: SimMember): boolean {
    const { store } = this.cluster;
    return store.mode === 'up' && store.stale === undefined && this.isLinked(name, 'store');
  }

  private reachesVoters(leader: SimMember): boolean {
    const { ledger, members } = this.cluster;
    const { voters, quorum } = ledger.sync;
    const reached = members.filter(
      (each) =>
        voters.includes(each.name) &&
        this.isLinked(leader.name, each.name) &&
        each.agent?.process.canRun() === true &&
        each.host.server?.process.canRun() === true,
    );
    return reached.length > quorum;
  }
}

function serves({ host, machine }: SimMember): boolean {
  const { server } = host;
  if (server === undefined || !machine.up || machine.frozen) return false;
  return (
    server.role === 'primary' && server.phase === 'up' && server.deafSinceMs === undefined && server.process.canRun()
  );
}
