import type { Slot } from '../model/local-postgres.ts';

/**
 * What the leader was seen to keep for the logical slots of a standby (contract: ha.md 5.4). A copied slot can be decoded from only
 * where the leader has kept the catalog rows that it needs from the first on; the file itself does not tell.
 */
export interface SlotReadiness {
  /** Another reign or another start of the server begins anew. */
  readonly reign: number;
  readonly startedAt: string;
  /** catalog_xmin that the leader's own slot had when the leader was first seen to keep rows for this standby, by slot. */
  readonly floors: Readonly<Record<string, number>>;
  /** Good for a failover. */
  readonly ready: readonly string[];
  /** Not known to be. */
  readonly unready: readonly string[];
}

export interface ReadinessInput {
  readonly reign: number;
  readonly startedAt: string;
  /** catalog_xmin of the leader's slots, by slot, as it tells them. */
  readonly told: Readonly<Record<string, number>>;
  /** The slot on the leader through which this standby, or whom it cascades from, says which rows it needs. */
  readonly feedbackSlot: string;
  /** The logical slots that are copies here. */
  readonly copies: readonly Slot[];
}

/** Transaction ids go round: of two the earlier is the one that the other is less than half a circle ahead of. */
function isUpTo(a: number, b: number): boolean {
  return ((b - a) | 0) >= 0;
}

export function slotReadiness(before: SlotReadiness | undefined, input: ReadinessInput): SlotReadiness | undefined {
  const { reign, startedAt, told, feedbackSlot, copies } = input;
  if (copies.length === 0) return undefined;
  const kept = told[feedbackSlot];
  const isSame = before?.reign === reign && before.startedAt === startedAt && kept !== undefined;
  const floors = isSame ? before.floors : {};
  const found = copies.map(({ name, catalogXmin }) => {
    const floor = kept === undefined ? undefined : (floors[name] ?? told[name]);
    const isKept = kept !== undefined && floor !== undefined && catalogXmin !== undefined;
    const isNew = isKept && isUpTo(floor, kept) && isUpTo(kept, catalogXmin);
    return { name, floor, isReady: isNew || (isSame && before.ready.includes(name)) };
  });
  return {
    reign,
    startedAt,
    floors: Object.fromEntries(found.flatMap(({ name, floor }) => (floor === undefined ? [] : [[name, floor]]))),
    ready: found.filter(({ isReady }) => isReady).map(({ name }) => name),
    unready: found.filter(({ isReady }) => !isReady).map(({ name }) => name),
  };
}
