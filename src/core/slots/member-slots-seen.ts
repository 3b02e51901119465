import { slotNameOf } from '../layout/slot-name.ts';
import { isNostream, type Topology } from '../topology/whom-to-follow.ts';

/** When the leader last saw each member whose slot is kept, by slot name; of one reign. */
export interface MemberSlotsSeen {
  readonly reign: number;
  readonly atMs: Readonly<Record<string, number>>;
}

export interface SightOfMembers {
  readonly reign: number;
  readonly nowMs: number;
  readonly ttlMs: number;
  readonly topology: Topology;
  /** As the last leader told them; this reign begins with them. */
  readonly retained: readonly string[];
  /** The store could not be read before, so nobody could be seen: nobody's time is up for that. */
  readonly wasSilent: boolean;
}

/** A reign begins with everybody's full time; who is there has it again, and whose time is up is forgotten. */
export function memberSlotsSeen(before: MemberSlotsSeen | undefined, sight: SightOfMembers): MemberSlotsSeen {
  const { nowMs, reign, topology, ttlMs } = sight;
  const known = before?.reign === reign ? before.atMs : Object.fromEntries(sight.retained.map((name) => [name, nowMs]));
  const present = topology.members.map((member) => slotNameOf(member.name));
  const nostream = new Set(
    topology.members.filter(({ name }) => isNostream(topology, name)).map((member) => slotNameOf(member.name)),
  );
  const all = new Map(Object.entries(known).map(([name, atMs]) => [name, sight.wasSilent ? nowMs : atMs]));
  for (const name of present) all.set(name, nowMs);
  const kept = [...all].filter(([name, atMs]) => nowMs - atMs <= ttlMs && !nostream.has(name));
  return { reign, atMs: Object.fromEntries(kept) };
}
