import type { CallbackRole } from '../../core/model/callback.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type SimMember, tagsOf } from '../cluster/member.ts';
import { type Topology, whomToFollow } from '../../core/topology/whom-to-follow.ts';
import { contains, type WalEnd } from '../database/wal.ts';
import { slotLackOf } from './slot-lack.ts';

/** Whether a cluster that nothing troubles any more is whole: one primary serves, everybody else follows it and has everything. */
export class Convergence {
  private readonly cluster: Cluster;
  private readonly acknowledgedBefore: number;
  private before: WalEnd | undefined;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.acknowledgedBefore = cluster.checker.tally.acknowledged;
  }

  /** What is missing; undefined: whole. To be asked again and again. */
  lack(): string | undefined {
    const { members, ledger, checker } = this.cluster;
    const primaries = members.filter((each) => each.host.server?.role === 'primary' && each.host.server.phase === 'up');
    const [primary] = primaries;
    if (primary === undefined || primaries.length > 1) return `${primaries.length} primaries`;
    if (ledger.current?.name !== primary.name) return `${primary.name} serves without the key`;
    const log = primary.host.server?.log();
    if (log === undefined) return 'no log';
    const { before } = this;
    this.before = log;
    for (const each of members) {
      const lack = lackOf(each, topologyOf(members, primary), before) ?? slotLackOf(each, this.cluster);
      if (lack !== undefined) return lack;
    }
    const missing = checker.missingAt(log);
    if (missing !== undefined) checker.fail('I2', `${primary.name} lacks an acknowledged commit at the end`);
    return checker.tally.acknowledged > this.acknowledgedBefore ? undefined : 'no commit was acknowledged';
  }
}

/** As the members would tell it while everything is well. */
function topologyOf(members: readonly SimMember[], primary: SimMember): Topology {
  const told = members.map((member) => ({
    name: member.name,
    data: {
      connUrl: member.name,
      apiUrl: undefined,
      state: 'running',
      role: member.name === primary.name ? 'primary' : 'replica',
      version: undefined,
      tags: tagsOf(member),
    },
    leaseId: undefined,
    modRevision: 0,
  }));
  return { members: told, leader: primary.name };
}

/** Whatever follows the callbacks, such as an address, must be where they said. */
function misled({ name, agent }: SimMember, role: CallbackRole): string | undefined {
  return agent?.lastTold === role
    ? undefined
    : `the callbacks of ${name} were told ${agent?.lastTold ?? 'nothing'}, not ${role}`;
}

function lackOf(member: SimMember, topology: Topology, reached: WalEnd | undefined): string | undefined {
  const { server } = member.host;
  if (member.name === topology.leader) return misled(member, 'primary');
  if (server === undefined || server.phase !== 'up') return `${member.name} does not run`;
  if (server.receiver?.status !== 'streaming') return `${member.name} does not stream`;
  if (server.receiver.target.member !== whomToFollow(topology, member.name))
    return `${member.name} streams from ${server.receiver.target.member}`;
  if (reached === undefined || !contains(server.log(), reached)) return `${member.name} lacks part of the WAL`;
  return misled(member, 'replica');
}
