import type { Member, Tags } from '../model/cluster.ts';

/** Members as they stand to each other by their tags. */
export interface Topology {
  readonly members: readonly Member[];
  readonly leader: string | undefined;
}

export function tagsOf({ members }: Topology, name: string): Tags {
  return members.find((member) => member.name === name)?.data.tags ?? {};
}

export function isNostream(topology: Topology, name: string): boolean {
  return tagsOf(topology, name)['nostream'] === true;
}

/** Whom `replicatefrom` names, if that is another member that there is. */
function namedUpstream(topology: Topology, name: string): Member | undefined {
  const upstream = tagsOf(topology, name)['replicatefrom'];
  if (upstream === name) return undefined;
  return topology.members.find((member) => member.name === upstream);
}

/** Members that only point at each other would stream from nobody who gets anything new. */
function isInCircle(topology: Topology, name: string): boolean {
  const passed = new Set<string>();
  for (let at: string | undefined = name; at !== undefined && at !== topology.leader && !passed.has(at);) {
    passed.add(at);
    at = namedUpstream(topology, at)?.name;
    if (at === name) return true;
  }
  return false;
}

/** Up, and on the leader's timeline: one that is still on another, or is being mended, has nothing that a standby should take. */
function isOfUse({ members, leader }: Topology, upstream: Member): boolean {
  if (upstream.name === leader) return true;
  const timeline = members.find((member) => member.name === leader)?.data.timeline;
  const { state, role, connUrl } = upstream.data;
  if (state !== 'running' || role === 'primary' || connUrl === undefined) return false;
  return timeline === undefined || upstream.data.timeline === undefined || upstream.data.timeline === timeline;
}

/**
 * Whom a standby streams from: nobody if it is tagged `nostream`; whom its `replicatefrom` names while that member is of use;
 * else the leader. undefined: nobody, or nobody is known.
 */
export function whomToFollow(topology: Topology, name: string): string | undefined {
  const { leader } = topology;
  if (name === leader || isNostream(topology, name)) return undefined;
  const upstream = namedUpstream(topology, name);
  if (upstream === undefined || isInCircle(topology, name) || !isOfUse(topology, upstream)) return leader;
  return upstream.name;
}

/** The members that stream from each other in a circle, as configured. */
export function circles(topology: Topology): readonly string[] {
  return topology.members.map((member) => member.name).filter((name) => isInCircle(topology, name));
}

/** Itself and all that it streams from, up to the leader; each once. */
export function upstreamsOf(topology: Topology, name: string): readonly string[] {
  const chain: string[] = [];
  for (let at: string | undefined = name; at !== undefined && !chain.includes(at); at = whomToFollow(topology, at))
    chain.push(at);
  return chain;
}
