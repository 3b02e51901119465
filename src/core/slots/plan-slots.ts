import type { LogicalSlot, LogicalSlotWork } from '../model/logical-slot.ts';
import type { Slot } from '../model/local-postgres.ts';
import { type Lsn } from '../model/lsn.ts';
import type { Step } from '../model/plan.ts';
import type { SlotMatcher } from '../settings/slot-settings.ts';
import type { WantedSlot, WantedSlots } from './wanted-slots.ts';

/** A standby or the primary, with what its slots are to become. */
export interface SlotInput {
  readonly wanted: WantedSlots;
  readonly actual: readonly Slot[];
  readonly ignored: readonly SlotMatcher[];
  readonly isPrimary: boolean;
  /** Nothing is dropped: while paused, or while nobody serves as the leader. */
  readonly keepsAll: boolean;
  /** Unknown slots are dropped if they bear one of these names; undefined: all of them, since slots are ours to manage. */
  readonly droppable: ReadonlySet<string> | undefined;
  /** No slot may be moved beyond what is replayed here, or written on a primary. */
  readonly reachedLsn: Lsn;
  /** Logical slots that only a new copy mends. */
  readonly broken: Readonly<Record<string, string>>;
}

export interface SlotPlan {
  readonly steps: readonly Step[];
  /** What is done, for people; empty where slots only move. */
  readonly why: string;
}

/** What is to be done so that the slots become those that are wanted; undefined: they are. */
export function planSlots(input: SlotInput): SlotPlan | undefined {
  const there = new Map(input.actual.map((slot) => [slot.name, slot]));
  const drops = input.keepsAll ? [] : input.actual.filter((slot) => reasonToDrop(input, slot) !== undefined);
  const creates = [...input.wanted.slots.values()].filter((slot) => slot.kind === 'physical' && !there.has(slot.name));
  const moves = movesOf(input, there, new Set(drops.map((slot) => slot.name)));
  const logical = logicalWork(input, there);
  const steps: Step[] = [
    ...drops.map((slot) => ({ kind: 'dropSlot', name: slot.name }) as const),
    ...creates.map((slot) => ({ kind: 'createSlot', name: slot.name }) as const),
    ...(Object.keys(moves).length === 0 ? [] : [{ kind: 'advanceSlots', to: moves } as const]),
    ...(logical.length === 0 ? [] : [{ kind: 'tendLogicalSlots', work: logical } as const]),
  ];
  return steps.length === 0 ? undefined : { steps, why: wording(input, drops, creates, logical) };
}

function wording(
  input: SlotInput,
  drops: readonly Slot[],
  creates: readonly WantedSlot[],
  logical: readonly LogicalSlotWork[],
): string {
  const made = [...creates, ...logical.filter((work) => work.to === undefined)].map(({ name }) => name);
  return [
    ...drops.map((slot) => `slot ${slot.name} dropped: ${reasonToDrop(input, slot) ?? ''}`),
    ...(made.length === 0 ? [] : [`slots made: ${made.join(', ')}`]),
  ].join('; ');
}

/** Why a slot must go; undefined: it may stay, or cannot be dropped now because somebody uses it. */
export function reasonToDrop(input: SlotInput, slot: Slot): string | undefined {
  if (slot.active) return undefined;
  if (slot.isFailover === true) {
    // After a switchover the server refuses to keep one in step that it did not make itself.
    const isStale = !input.isPrimary && slot.kind === 'logical' && slot.isSynced === false;
    return isStale ? 'a failover slot of an earlier reign, which is not kept in step here' : undefined;
  }
  if (isIgnored(slot, input.ignored)) return undefined;
  const wanted = input.wanted.slots.get(slot.name);
  if (wanted === undefined) return input.droppable?.has(slot.name) === false ? undefined : 'nobody needs it';
  if (slot.kind !== wanted.kind) return `it is ${slot.kind}`;
  return wanted.kind === 'physical' ? reasonToRemake(slot, wanted) : reasonToRedefine(input, slot, wanted);
}

function reasonToRedefine(
  { isPrimary }: SlotInput,
  { plugin, database, isLost }: Slot,
  wanted: LogicalSlot,
): string | undefined {
  const isOther = plugin !== wanted.plugin || database !== wanted.database;
  if (isOther) return `it is for ${plugin ?? 'no plugin'} in ${database ?? 'no database'}`;
  // On a standby a new copy takes its place.
  return isLost === true && isPrimary ? 'its WAL is gone' : undefined;
}

function reasonToRemake(slot: Slot, wanted: WantedSlot): string | undefined {
  if (slot.isLost === true) return 'its WAL is gone';
  if (slot.restartLsn === undefined) return 'it keeps no WAL';
  return slot.hasXmin === true && !wanted.isExpectedActive ? 'it holds back vacuum and nobody uses it' : undefined;
}

/** All attributes that a matcher gives are the slot's. */
export function isIgnored(slot: Slot, ignored: readonly SlotMatcher[]): boolean {
  const fits = (given: string | undefined, has: string | undefined): boolean => given === undefined || given === has;
  return ignored.some(
    ({ name, type, database, plugin }) =>
      fits(name, slot.name) && fits(type, slot.kind) && fits(database, slot.database) && fits(plugin, slot.plugin),
  );
}

function least(a: Lsn, b: Lsn): Lsn {
  return a < b ? a : b;
}

/** Slots that nobody connects to here follow what the leader tells, so that they do not keep WAL for ever. */
function movesOf(
  { wanted, reachedLsn }: SlotInput,
  there: ReadonlyMap<string, Slot>,
  dropped: ReadonlySet<string>,
): Readonly<Record<string, Lsn>> {
  const moves = [...wanted.slots.values()].flatMap(({ kind, name, isExpectedActive, position }) => {
    const from = kind === 'logical' || isExpectedActive || dropped.has(name) ? undefined : movableFrom(there.get(name));
    const to = position === undefined ? undefined : least(position, reachedLsn);
    return from !== undefined && to !== undefined && to > from ? [[name, to] as const] : [];
  });
  return Object.fromEntries(moves);
}

function movableFrom(slot: Slot | undefined): Lsn | undefined {
  if (slot === undefined || slot.kind !== 'physical' || slot.active) return undefined;
  return slot.isLost === true || slot.hasXmin === true ? undefined : slot.restartLsn;
}

function logicalWork(input: SlotInput, there: ReadonlyMap<string, Slot>): readonly LogicalSlotWork[] {
  return [...input.wanted.slots.values()].flatMap((slot): LogicalSlotWork[] => {
    if (slot.kind !== 'logical') return [];
    const { name, database, plugin, position } = slot;
    const found = there.get(name);
    if (input.isPrimary) return found === undefined ? [{ name, database, plugin, to: undefined }] : [];
    const from = decodableFrom(input, slot, found);
    const to = position === undefined ? undefined : least(position, input.reachedLsn);
    return from !== undefined && to !== undefined && to > from ? [{ name, database, plugin, to }] : [];
  });
}

function decodableFrom({ broken }: SlotInput, wanted: LogicalSlot, slot: Slot | undefined): Lsn | undefined {
  if (slot === undefined || slot.active || slot.isLost === true || slot.isFailover === true) return undefined;
  const isIt = slot.kind === 'logical' && slot.plugin === wanted.plugin && slot.database === wanted.database;
  return isIt && broken[slot.name] === undefined ? slot.confirmedFlushLsn : undefined;
}

/** Logical slots that a standby should have and lacks, or has in a state that only a new copy mends. */
export function slotsToCopy(input: SlotInput): readonly WantedSlot[] {
  if (input.isPrimary) return [];
  const there = new Map(input.actual.map((slot) => [slot.name, slot]));
  return [...input.wanted.slots.values()].filter((slot) => {
    if (slot.kind !== 'logical' || slot.position === undefined) return false;
    const found = there.get(slot.name);
    if (found?.isFailover === true) return false;
    return found === undefined || found.isLost === true || input.broken[slot.name] !== undefined;
  });
}
