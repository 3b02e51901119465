import { slotNameOf } from '../layout/slot-name.ts';
import type { PrimaryStatus } from '../model/local-postgres.ts';
import type { Memory } from '../model/memory.ts';
import type { Step, StepKind } from '../model/plan.ts';
import { announcedMoves, type AnnouncedSlots } from '../slots/announced-moves.ts';
import { planSlots, type SlotInput } from '../slots/plan-slots.ts';
import { statusOfLeader } from '../slots/status-of-leader.ts';
import type { SlotMemory } from '../slots/slot-memory.ts';
import type { Context, EventDraft } from './context.ts';
import { LIMITS } from './limits.ts';
import { leadsStandby } from './remote.ts';
import { slotInputOf, slotSceneOf } from './slot-scene.ts';

/** Something about slots that is to be done now. */
export interface SlotChore {
  readonly why: string;
  readonly steps: readonly Step[];
  readonly memory: { readonly slots: SlotMemory };
  readonly events: readonly EventDraft[];
  readonly soon: boolean;
}

interface StatusChore {
  readonly why: string;
  readonly steps: readonly Step[];
  readonly memory: Pick<Memory, 'statusAtMs'>;
}

const SLOT_STEPS: ReadonlySet<StepKind | undefined> = new Set<StepKind>([
  'createSlot',
  'dropSlot',
  'advanceSlots',
  'tendLogicalSlots',
]);

/** They stand last in every plan, so one of them that was not done has kept nothing else from being done. */
export function isSlotStep(kind: StepKind | undefined): boolean {
  return SLOT_STEPS.has(kind);
}

/** Slots made, dropped and moved; and people told, by the leader, of what contradicts itself. */
export function slotChore(ctx: Context, keepsAll: boolean): SlotChore | undefined {
  const input = slotInputOf(ctx, keepsAll);
  if (input === undefined) return undefined;
  const work = workOn(ctx, input);
  const { slots } = ctx.mem;
  const clashesTold = ctx.held === undefined ? slots.clashesTold : input.wanted.clashes.join('; ');
  return clashesTold === slots.clashesTold ? work : withClashes(work ?? nothingTo(slots), clashesTold);
}

function nothingTo(slots: SlotMemory): SlotChore {
  return { why: '', steps: [], memory: { slots }, events: [], soon: false };
}

function withClashes(work: SlotChore, clashes: string): SlotChore {
  const why = clashes === '' ? 'names and slots fit again' : clashes;
  const told: readonly EventDraft[] = clashes === '' ? [] : [{ kind: 'slots.clash', text: clashes }];
  return {
    ...work,
    why: work.why === '' ? why : `${work.why}; ${why}`,
    memory: { slots: { ...work.memory.slots, clashesTold: clashes } },
    events: [...work.events, ...told],
  };
}

/** With pauses between tries, so that one that cannot be dropped keeps nothing from being done. */
function workOn(ctx: Context, input: SlotInput): SlotChore | undefined {
  const { slots } = ctx.mem;
  if (isSlotStep(ctx.obs.undone) && ctx.nowMs - slots.triedMs < LIMITS.slotPauseMs) return undefined;
  const plan = planSlots(input);
  const isTending = ctx.nowMs - slots.tendedMs < LIMITS.logicalPauseMs;
  const steps = (plan?.steps ?? []).filter((step) => step.kind !== 'tendLogicalSlots' || !isTending);
  if (plan === undefined || steps.length === 0) return undefined;
  const isTended = steps.some((step) => step.kind === 'tendLogicalSlots');
  const isDrop = steps.some((step) => step.kind === 'dropSlot') && ctx.obs.undone !== 'dropSlot';
  return {
    why: plan.why === '' ? 'slots moved on' : plan.why,
    steps,
    memory: { slots: { ...slots, triedMs: ctx.nowMs, tendedMs: isTended ? ctx.nowMs : slots.tendedMs } },
    events: isDrop ? [{ kind: 'slots.dropped', text: `${ctx.me}: ${plan.why}` }] : [],
    soon: steps.some((step) => step.kind === 'createSlot' || step.kind === 'dropSlot'),
  };
}

/**
 * While the store is silent and the leader goes on with the leave of all: what its slots' positions are comes to the others with
 * its questions, and how far the others are comes to it with their answers.
 */
export function announcedSlotChore(ctx: Context): SlotChore | undefined {
  const announced = announcedSlots(ctx);
  const { slots } = ctx.mem;
  if (announced === undefined || ctx.nowMs - slots.triedMs < LIMITS.slotPauseMs) return undefined;
  const isTending = ctx.nowMs - slots.tendedMs < LIMITS.logicalPauseMs;
  const steps = announcedMoves(announced).filter((step) => step.kind !== 'tendLogicalSlots' || !isTending);
  if (steps.length === 0) return undefined;
  const isTended = steps.some((step) => step.kind === 'tendLogicalSlots');
  return {
    why: 'slots moved on, as the members tell each other without the store',
    steps,
    memory: { slots: { ...slots, triedMs: ctx.nowMs, tendedMs: isTended ? ctx.nowMs : slots.tendedMs } },
    events: [],
    soon: false,
  };
}

function announcedSlots({ obs, primary, standby, held }: Context): AnnouncedSlots | undefined {
  const { promise, postgres } = obs;
  const broken = postgres.brokenSlots ?? {};
  if (standby !== undefined && promise.kind === 'given') {
    const { slots: actual, replayedLsn: reachedLsn } = standby;
    return { actual, positions: promise.slots ?? {}, reachedLsn, broken };
  }
  if (primary === undefined || held?.reached === undefined) return undefined;
  // Logical slots of a primary are moved by their clients alone.
  const actual = primary.slots.filter((slot) => slot.kind === 'physical');
  const positions = Object.fromEntries([...held.reached].map(([name, lsn]) => [slotNameOf(name), lsn]));
  return { actual, positions, reachedLsn: primary.flushLsn, broken };
}

/** Of a standby cluster's leader it is what it has received. */
function leaderPosition(ctx: Context): Pick<PrimaryStatus, 'flushLsn' | 'timeline' | 'slots'> | undefined {
  const { primary, standby } = ctx;
  if (primary !== undefined || standby === undefined || !leadsStandby(ctx)) return primary;
  return { flushLsn: standby.receivedLsn, timeline: standby.timeline, slots: standby.slots };
}

/** /status: written when slots or names come or go, and as positions move, once a loop_wait. */
export function statusChore(ctx: Context): StatusChore | undefined {
  const leader = leaderPosition(ctx);
  if (leader === undefined || ctx.view === undefined || ctx.held === undefined) return undefined;
  const now = statusOfLeader(slotSceneOf(ctx), leader, ctx.mem.slots.membersSeen);
  const told = ctx.view.status;
  const isSame =
    sameNames(Object.keys(now.slots), Object.keys(told.slots)) && sameNames(now.retainSlots, told.retainSlots);
  const moved = told.optime !== now.optime && ctx.nowMs - ctx.mem.statusAtMs >= ctx.config.loopWaitMs;
  if (isSame && !moved) return undefined;
  return {
    why: 'position told',
    steps: [{ kind: 'writeStatus', reign: ctx.held.reign, timeline: leader.timeline, ...now }],
    memory: { statusAtMs: ctx.nowMs },
  };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.toSorted().join() === b.toSorted().join();
}
