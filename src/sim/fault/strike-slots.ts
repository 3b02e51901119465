import { isInUse, physicalSlot, type SimSlot } from '../database/slots.ts';
import type { SimMember } from '../cluster/member.ts';
import type { Chance } from '../time/chance.ts';

interface SlotBlow {
  readonly victim: SimMember;
  readonly chance: Chance;
}

type Strike = (blow: SlotBlow) => undefined;

function anyIdle({ victim, chance }: SlotBlow): readonly [string, SimSlot] | undefined {
  const { server } = victim.host;
  return chance.pick([...(server?.files.slots ?? [])].filter(([name]) => !isInUse(server, name)));
}

/** What happens to slots behind everybody's back. */
export const SLOT_STRIKES: Readonly<Record<'slot-dropped' | 'slot-lost' | 'slot-strayed', Strike>> = {
  'slot-dropped': (blow) => {
    const found = anyIdle(blow);
    if (found !== undefined) blow.victim.host.server?.files.slots.delete(found[0]);
    return undefined;
  },
  'slot-lost': (blow) => {
    const found = anyIdle(blow);
    if (found !== undefined) found[1].isLost = true;
    return undefined;
  },
  'slot-strayed': ({ victim }) => {
    const { server } = victim.host;
    server?.files.slots.set('stray', physicalSlot(server.log().lsn));
    return undefined;
  },
};
