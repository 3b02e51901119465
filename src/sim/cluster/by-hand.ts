import { decodeReign } from '../../core/layout/own-keys.ts';
import { Server } from '../database/server.ts';
import { normalized } from '../database/wal.ts';
import type { Chance } from '../time/chance.ts';
import type { Cluster } from './cluster.ts';
import type { SimMember } from './member.ts';

const BY_HAND_TIMELINES = 100;

/** What people do to PostgreSQL itself while the cluster is paused, with pg_ctl. They know what they do: never two primaries. */
export class ByHand {
  private readonly cluster: Cluster;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Something that can be done now, if anything can. */
  act(chance: Chance): void {
    const leader = this.cluster.leader();
    const member = leader !== undefined && chance.happens(0.5) ? leader : chance.pick(this.cluster.members);
    if (member === undefined || !this.mayAct(member)) return;
    if (member.host.server === undefined) this.start(member);
    else if (chance.happens(0.5)) this.promote(member);
    else this.stop(member);
  }

  private stop(member: SimMember): void {
    const { server } = member.host;
    if (server?.phase !== 'up') return;
    this.note(member, 'stop');
    server.process.run(() => server.stopFast(() => undefined));
  }

  /** As what it was; a primary only where it led last, has everything, and no other runs. */
  private start(member: SimMember): void {
    const { host } = member;
    const { files, unfinished } = host.disk;
    if (files === undefined || unfinished !== undefined) return;
    const { checker, ledger } = this.cluster;
    const mayBePrimary = ledger.reigns.at(-1)?.name === member.name && checker.isWhole(files.log) && !this.hasPrimary();
    if (!files.standbySignal && !mayBePrimary) return;
    this.note(member, 'start');
    const server = new Server(host, this.cluster.world, files);
    server.isByHand = true;
    host.server = server;
    member.agent?.startedByHand(server);
  }

  /** A standby that has everything, while there is no primary and nobody is about to become one. */
  private promote(member: SimMember): void {
    const { server } = member.host;
    const { checker, ledger } = this.cluster;
    if (server?.role !== 'standby' || server.phase !== 'up' || ledger.current !== undefined || this.hasPrimary())
      return;
    if (!checker.isWhole(server.log())) return;
    this.note(member, 'promote');
    // PostgreSQL would take the next number, and a reign that does not know of it the same one: people's risk, not looked for here.
    const timeline =
      BY_HAND_TIMELINES + Math.max(checker.lastTimeline(), this.claimed(), normalized(server.log()).branch.timeline);
    server.process.run(() => server.promote(timeline, undefined));
  }

  private note(member: SimMember, what: string): void {
    this.cluster.trace.note('OPERAT', () => `pg_ctl ${what} on ${member.name}`);
  }

  /** An agent that has not heard of the pause would undo what people do; its own work comes first. */
  private mayAct({ agent, machine }: SimMember): boolean {
    const known = agent?.snapshot();
    if (
      !machine.up ||
      agent?.process.canRun() !== true ||
      known?.config.paused !== true ||
      known.observation.job !== undefined
    )
      return false;
    return this.cluster.operator.isPaused();
  }

  /** The highest number that any reign has claimed. */
  private claimed(): number {
    const { store, keys } = this.cluster;
    return decodeReign(store.state.keys.get(keys.reign)?.value ?? '').value?.timeline ?? 0;
  }

  private hasPrimary(): boolean {
    return this.cluster.members.some(({ host, machine }) => host.server?.role === 'primary' || machine.frozen);
  }
}
