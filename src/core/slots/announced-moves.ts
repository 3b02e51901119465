import type { LogicalSlotWork } from '../model/logical-slot.ts';
import type { Slot } from '../model/local-postgres.ts';
import type { Lsn } from '../model/lsn.ts';
import type { Step } from '../model/plan.ts';

/** What is known while the store is silent: the slots that are there, and how far they may be moved, by what others say. */
export interface AnnouncedSlots {
  readonly actual: readonly Slot[];
  readonly positions: Readonly<Record<string, Lsn>>;
  /** Nothing is moved beyond what is replayed here, or written on a primary. */
  readonly reachedLsn: Lsn;
  readonly broken: Readonly<Record<string, string>>;
}

/** Slots are only moved on: whether one is wanted, the store would have to say. */
export function announcedMoves({ actual, positions, reachedLsn, broken }: AnnouncedSlots): readonly Step[] {
  const physical: Record<string, Lsn> = {};
  const logical: LogicalSlotWork[] = [];
  for (const slot of actual.filter((each) => !each.active && each.isLost !== true && each.isFailover !== true)) {
    const told = positions[slot.name];
    const to = told === undefined || told < reachedLsn ? told : reachedLsn;
    if (to === undefined || !isAhead(to, slot)) continue;
    if (slot.kind === 'physical') physical[slot.name] = to;
    else logical.push(...decodingOf(slot, to, broken));
  }
  return [
    ...(Object.keys(physical).length === 0 ? [] : [{ kind: 'advanceSlots', to: physical } as const]),
    ...(logical.length === 0 ? [] : [{ kind: 'tendLogicalSlots', work: logical } as const]),
  ];
}

function isAhead(to: Lsn, slot: Slot): boolean {
  const from = slot.kind === 'physical' ? slot.restartLsn : slot.confirmedFlushLsn;
  return from !== undefined && to > from && (slot.kind === 'logical' || slot.hasXmin !== true);
}

function decodingOf({ name, database, plugin }: Slot, to: Lsn, broken: AnnouncedSlots['broken']): LogicalSlotWork[] {
  if (database === undefined || plugin === undefined || broken[name] !== undefined) return [];
  return [{ name, database, plugin, to }];
}
