import { slotNameOf } from '../layout/slot-name.ts';
import type { ClusterStatus } from '../model/cluster.ts';
import type { Slot } from '../model/local-postgres.ts';
import type { Lsn } from '../model/lsn.ts';
import type { MemberSlotsSeen } from './member-slots-seen.ts';
import { keepsAllMemberSlots, type SlotScene } from './wanted-slots.ts';

/** What the leader tells in /status: from its slots' positions the others move theirs. */
export function statusOfLeader(
  scene: SlotScene,
  leader: { readonly flushLsn: Lsn; readonly slots: readonly Slot[] },
  seen: MemberSlotsSeen | undefined,
): ClusterStatus & { readonly optime: Lsn } {
  const permanent = scene.settings.permanentSlots;
  const tellsAll = keepsAllMemberSlots(scene);
  const positions = leader.slots.flatMap((slot) => {
    const at = slot.kind === 'logical' ? slot.confirmedFlushLsn : slot.restartLsn;
    const isTold = tellsAll || Object.hasOwn(permanent, slot.name);
    return at === undefined || slot.isFailover === true || !isTold ? [] : [[slot.name, at] as const];
  });
  const own = tellsAll ? { [slotNameOf(scene.me)]: leader.flushLsn } : {};
  const retainSlots = tellsAll
    ? Object.keys(seen?.atMs ?? {})
        .filter((name) => !Object.hasOwn(permanent, name))
        .toSorted()
    : [];
  return { optime: leader.flushLsn, slots: { ...Object.fromEntries(positions), ...own }, retainSlots };
}
