import { slotNameOf } from '../../core/layout/slot-name.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimSlot } from '../database/slots.ts';
import type { SimMember } from '../cluster/member.ts';

/** Slots that are missing on a member, or there for nobody, once nothing troubles the cluster any more. */
export function slotLackOf({ name, host }: SimMember, { members, options }: Cluster): string | undefined {
  const slots = host.server?.files.slots ?? new Map<string, SimSlot>();
  const others = members.filter((each) => each.name !== name).map((each) => slotNameOf(each.name));
  const permanent = Object.keys(options.permanentSlots);
  const stray = [...slots.keys()].find((slot) => !others.includes(slot) && !permanent.includes(slot));
  if (stray !== undefined) return `${name} keeps the slot ${stray}, which nobody needs`;
  const lost = [...slots].find(([, slot]) => slot.isLost);
  if (lost !== undefined) return `${name} keeps the slot ${lost[0]}, which nobody can use`;
  const wanted = [...(options.memberSlotsTtlS > 0 ? others : []), ...permanent];
  const missing = wanted.find((slot) => !slots.has(slot));
  return missing === undefined ? undefined : `${name} lacks the slot ${missing}`;
}
