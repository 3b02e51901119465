import { slotNameOf } from '../layout/slot-name.ts';
import type { KornakCapabilities } from '../model/cluster.ts';
import type { Memory } from '../model/memory.ts';
import type { SlotMemory } from '../slots/slot-memory.ts';
import { slotReadiness } from '../slots/slot-readiness.ts';
import { upstreamsOf } from '../topology/whom-to-follow.ts';
import { type Context, type EventDraft, memberOf } from './context.ts';

function isPermanentLogical({ config }: Context, name: string): boolean {
  return config.permanentSlots[name]?.kind === 'logical';
}

/** What the leader tells its standbys of the catalog rows that it keeps, where anybody keeps logical slots. */
export function catalogXmins(ctx: Context): Pick<KornakCapabilities, 'catalogXmins'> {
  const { primary, config } = ctx;
  if (primary === undefined || !Object.values(config.permanentSlots).some(({ kind }) => kind === 'logical')) return {};
  const kept = primary.slots.filter(({ kind, name }) => kind === 'physical' || isPermanentLogical(ctx, name));
  const xmins = kept.flatMap(({ name, catalogXmin }) =>
    catalogXmin === undefined ? [] : [[name, catalogXmin] as const],
  );
  return { catalogXmins: Object.fromEntries(xmins) };
}

/** Which copied slots could be decoded from after a failover. While nobody leads it stays as last seen: that is when it counts. */
export function withReadiness(ctx: Context): SlotMemory {
  const { mem, standby, leader, me } = ctx;
  if (standby === undefined || leader === undefined || leader.name === me) return mem.slots;
  const copies = standby.slots.filter((slot) => isPermanentLogical(ctx, slot.name) && slot.isFailover !== true);
  if (copies.length === 0 && mem.slots.readiness === undefined) return mem.slots;
  // Of a chain the leader hears through whoever streams from it.
  const feeding = upstreamsOf(ctx.topology, me).at(-2) ?? me;
  const readiness = slotReadiness(mem.slots.readiness, {
    reign: leader.reign,
    startedAt: standby.startedAt,
    told: memberOf(ctx, leader.name)?.data.kornak?.catalogXmins ?? {},
    feedbackSlot: slotNameOf(feeding),
    copies,
  });
  return { ...mem.slots, readiness };
}

/** Told with the promotion, since then the leader that could have been asked is no more. */
export function unreadySlots({ slots }: Memory): readonly EventDraft[] {
  const unready = slots.readiness?.unready ?? [];
  if (unready.length === 0) return [];
  const text =
    `promoted before the former leader was seen to keep the rows that these copied slots need: ${unready.join(', ')}; ` +
    'should PostgreSQL refuse to decode from one, its consumer has to begin anew';
  return [{ kind: 'slots.unready', text, evidence: { slots: unready.join(', ') } }];
}
