import type { Options } from './options.ts';
import { Chance } from './time/chance.ts';

export const MEMBER_NAMES = ['ada', 'bob', 'cyd-3', 'dan', 'eve'] as const;
const PERMANENT = { perm: {}, deco: { type: 'logical', database: 'app', plugin: 'pgoutput' } };

/** Which slots a seed's cluster keeps and who cascades; of a chance of its own, so that all else of the seed is what it was. */
export function slotOptionsOf(seed: number): Pick<Options, 'memberSlotsTtlS' | 'permanentSlots' | 'upstreams'> {
  const chance = new Chance(seed ^ 0x3c6ef372);
  const cascades = chance.happens(0.3);
  return {
    memberSlotsTtlS: chance.oneOf(1800, 1800, 60, 0),
    permanentSlots: chance.happens(0.4) ? PERMANENT : {},
    upstreams: new Map(MEMBER_NAMES.map((name) => [name, cascades ? randomUpstream(chance) : undefined])),
  };
}

/** Whom it names may not exist, may be the member itself, or name it in turn. */
export function randomUpstream(chance: Chance): string | undefined {
  return chance.happens(0.5) ? undefined : chance.pick([...MEMBER_NAMES]);
}
