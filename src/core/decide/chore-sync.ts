import { slotNameOf } from '../layout/slot-name.ts';
import type { Member, SyncState } from '../model/cluster.ts';
import type { Memory } from '../model/memory.ts';
import { isNeverSync, syncPriority } from '../model/sync-tags.ts';
import { isNeverLeader } from '../model/tags.ts';
import type { Step } from '../model/plan.ts';
import { planSync } from '../sync/plan-sync.ts';
import { deadOnes, noteStalls, type Stalls, suspects } from '../sync/stalled.ts';
import type { SyncMember } from '../sync/standbys.ts';
import type { SyncMove } from '../sync/sync-move.ts';
import { isSameName } from '../sync/sync-names.ts';
import type { Context, EventDraft } from './context.ts';
import { settingsWith } from './context.ts';
import type { Chore, Leading } from './leading.ts';
import { LIMITS } from './limits.ts';
import { noteUnread, unreadEvents } from './unread-settings.ts';

/** Of members whose names give one slot, no acknowledgement could be told from the other's (F10). */
function hasOwnSlot(ctx: Context, name: string): boolean {
  const slot = slotNameOf(name);
  return ctx.view?.members.filter((member) => slotNameOf(member.name) === slot).length === 1;
}

function syncMember({ name, data }: Member): SyncMember {
  const upstream = data.tags?.['replicatefrom'];
  return {
    name,
    priority: syncPriority(data.tags),
    nofailover: isNeverLeader(data.tags),
    replicatefrom: typeof upstream === 'string' ? upstream : undefined,
  };
}

function runningOthers(ctx: Context): readonly Member[] {
  return (ctx.view?.members ?? []).filter(
    ({ name, data }) =>
      data.state === 'running' &&
      !isSameName(name, ctx.me) &&
      !isNeverSync(data.tags) &&
      // Commits would wait for its disk.
      data.kornak?.unfit === undefined,
  );
}

/** Just promoted: the voters of the last reign that run are given a moment to connect before they are given up. */
function expectedBack({ ctx, held }: Leading, running: readonly Member[]): ReadonlySet<string> {
  if (ctx.nowMs - held.takenMs > LIMITS.reconnectMs) return new Set();
  return new Set(running.filter(({ data }) => data.role === 'replica').map(({ name }) => name));
}

function moveOf(reigning: Leading, stalls: Stalls): SyncMove | undefined {
  const { ctx, held, primary } = reigning;
  const running = runningOthers(ctx).filter(({ name }) => hasOwnSlot(ctx, name));
  return planSync({
    me: ctx.me,
    sync: ctx.view?.sync ?? { value: { leader: undefined, voters: [], quorum: 0 }, revision: 0 },
    primary,
    mode: ctx.config.synchronousMode,
    strict: ctx.config.synchronousModeStrict,
    count: ctx.config.synchronousNodeCount,
    maximumLagBytes: ctx.config.maximumLagOnSyncnodeBytes,
    members: running.map(syncMember),
    slotOf: (name) => (ctx.config.useSlots ? slotNameOf(name) : undefined),
    stalled: deadOnes(stalls),
    expected: expectedBack(reigning, running),
    leaving: new Set((ctx.view?.members ?? []).filter(({ data }) => isNeverSync(data.tags)).map(({ name }) => name)),
    mark: ctx.mem.syncMark,
    unsettled: ctx.obs.unsettled.has('sync'),
    lastSet: ctx.mem.syncNamesSet,
    checkpointAhead: ctx.mem.checkpointReign !== held.reign || ctx.obs.job?.job.kind === 'checkpoint',
  });
}

function stepsOf({ ctx, held }: Leading, move: SyncMove): Step[] {
  const steps: Step[] = [];
  const revision = ctx.view?.sync.revision ?? 0;
  if (move.writeSync !== undefined)
    steps.push({ kind: 'writeSync', reign: held.reign, value: move.writeSync, revision });
  if (move.deleteSync === true) steps.push({ kind: 'deleteSync', reign: held.reign, revision });
  if (move.setNames !== undefined)
    steps.push({ kind: 'applySettings', settings: settingsWith(ctx, move.setNames ?? undefined) });
  return steps;
}

function changeEvent({ voters, quorum }: SyncState, why: string): EventDraft {
  const names = voters.join(', ') || 'none';
  const text =
    quorum > 0
      ? `voters: ${names}, any ${quorum + 1} with the leader elect (${why})`
      : `synchronous standbys: ${names} (${why})`;
  return { kind: 'sync.changed', text, evidence: { voters: voters.join(','), quorum } };
}

function eventsOf(ctx: Context, move: SyncMove): readonly EventDraft[] {
  const events: EventDraft[] = [];
  if (move.writeSync !== undefined) events.push(changeEvent(move.writeSync, move.why));
  if (move.deleteSync === true) events.push({ kind: 'sync.changed', text: move.why, evidence: { voters: null } });
  if (move.holds === true && !ctx.mem.syncWatch.strictHeld)
    events.push({ kind: 'sync.blocked', text: `${move.why}: commits wait` });
  return events;
}

function stallsNow({ ctx, primary }: Leading): Stalls {
  return noteStalls(ctx.mem.syncWatch.stalls, primary, { nowMs: ctx.nowMs, peers: ctx.obs.peers });
}

function whyOf(move: SyncMove | undefined, stalls: Stalls): string {
  if (move !== undefined) return move.why;
  return stalls.size > 0 ? `commits wait for ${[...stalls.keys()].join(', ')}` : 'the synchronous standbys are well';
}

function remembered(move: SyncMove | undefined): Partial<Memory> {
  return {
    ...(move?.mark === undefined ? {} : { syncMark: move.mark ?? undefined }),
    ...(move?.setNames === undefined ? {} : { syncNamesSet: move.setNames ?? undefined }),
  };
}

/** Who commits wait for, and who may lead after us. */
export function syncChore(reigning: Leading): Chore | undefined {
  const { ctx } = reigning;
  const syncStalls = stallsNow(reigning);
  const move = moveOf(reigning, syncStalls);
  const { stalls, strictHeld, unread: before } = ctx.mem.syncWatch;
  const isQuiet = syncStalls.size === 0 && stalls.size === 0 && !strictHeld && before === undefined;
  if (move === undefined && isQuiet) return undefined;
  const steps = move === undefined ? [] : stepsOf(reigning, move);
  const unread = noteUnread(move, ctx.mem, ctx.nowMs);
  return {
    why: whyOf(move, syncStalls),
    steps,
    probe: suspects(syncStalls, ctx.nowMs),
    memory: {
      syncWatch: { stalls: syncStalls, strictHeld: move?.holds === true, leaving: undefined, unread },
      ...remembered(move),
    },
    events: [...(move === undefined ? [] : eventsOf(ctx, move)), ...unreadEvents(unread, ctx.mem)],
    soon: steps.length > 0 || (move !== undefined && move.holds !== true),
  };
}
