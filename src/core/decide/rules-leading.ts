import type { PrimaryStatus } from '../model/local-postgres.ts';
import type { Memory } from '../model/memory.ts';
import type { Step } from '../model/plan.ts';
import { planSync, type SyncMove } from '../sync/plan-sync.ts';
import { slotNameOf } from '../layout/slot-name.ts';
import type { Context, EventDraft, HeldLease, Rule, Ruling } from './context.ts';
import { hasNewSettings, isTagged, settingsGiven, settingsWith, startJob } from './context.ts';
import { failsafeWanted, sameFailsafe } from './failsafe.ts';
import { LIMITS } from './limits.ts';
import { slotChore, statusChore } from './slot-chores.ts';

interface Leading {
  readonly ctx: Context;
  readonly held: HeldLease;
  readonly primary: PrimaryStatus;
}

/** A part of a primary's upkeep: what to do now, as far as there is something. */
interface Chore {
  readonly why: string;
  readonly steps: readonly Step[];
  readonly memory?: Partial<Memory>;
  readonly events?: readonly EventDraft[];
  readonly soon?: boolean;
}

function leading(ctx: Context): Leading | undefined {
  if (
    ctx.held === undefined ||
    ctx.primary === undefined ||
    ctx.view === undefined ||
    ctx.view.revision < ctx.held.reign
  )
    return undefined;
  return { ctx, held: ctx.held, primary: ctx.primary };
}

/** Of members whose names give one slot, no acknowledgement could be told from the other's (F10). */
function hasOwnSlot(ctx: Context, name: string): boolean {
  const slot = slotNameOf(name);
  return ctx.view?.members.filter((member) => slotNameOf(member.name) === slot).length === 1;
}

function syncMove({ ctx, held, primary }: Leading): SyncMove | undefined {
  if (ctx.view === undefined) return undefined;
  const running = ctx.view.members.filter(
    (member) =>
      member.data.state === 'running' &&
      member.name !== ctx.me &&
      !isTagged(ctx, member.name, 'nosync') &&
      // Commits would wait for its disk.
      member.data.kornak?.unfit === undefined,
  );
  return planSync({
    me: ctx.me,
    sync: ctx.view.sync,
    primary,
    eligible: new Set(running.filter(({ name }) => hasOwnSlot(ctx, name)).map((member) => member.name)),
    reluctant: new Set(
      running.filter((member) => isTagged(ctx, member.name, 'nofailover')).map((member) => member.name),
    ),
    slotOf: (name) => (ctx.config.useSlots ? slotNameOf(name) : undefined),
    enabled: ctx.config.synchronousMode !== 'off',
    strict: ctx.config.synchronousModeStrict,
    count: ctx.config.synchronousNodeCount,
    mark: ctx.mem.syncMark,
    unsettled: ctx.obs.unsettled.has('sync'),
    lastSet: ctx.mem.syncNamesSet,
    checkpointAhead: ctx.mem.checkpointReign !== held.reign || ctx.obs.job?.job.kind === 'checkpoint',
  });
}

function syncSteps({ ctx, held }: Leading, move: SyncMove): Step[] {
  const steps: Step[] = [];
  const revision = ctx.view?.sync.revision ?? 0;
  if (move.writeSync !== undefined)
    steps.push({ kind: 'writeSync', reign: held.reign, value: move.writeSync, revision });
  if (move.deleteSync === true) steps.push({ kind: 'deleteSync', reign: held.reign, revision });
  if (move.setNames !== undefined)
    steps.push({ kind: 'applySettings', settings: settingsWith(ctx, move.setNames ?? undefined) });
  return steps;
}

function syncChore(reigning: Leading): Chore | undefined {
  const move = syncMove(reigning);
  if (move === undefined) return undefined;
  const { writeSync, setNames, mark } = move;
  const text =
    writeSync === undefined
      ? undefined
      : `synchronous standbys: ${writeSync.voters.join(', ') || 'none'} (${move.why})`;
  return {
    why: move.why,
    steps: syncSteps(reigning, move),
    memory: {
      ...(mark === undefined ? {} : { syncMark: mark ?? undefined }),
      ...(setNames === undefined ? {} : { syncNamesSet: setNames ?? undefined }),
    },
    events:
      text === undefined
        ? []
        : [{ kind: 'sync.changed', text, evidence: { voters: writeSync?.voters.join(',') ?? null } }],
    soon: true,
  };
}

function historyChore({ ctx, held, primary }: Leading): Chore | undefined {
  if (ctx.mem.historyReign === held.reign) return undefined;
  const written = ctx.view !== undefined && (primary.timeline === 1 || ctx.view.history.revision > held.reign);
  if (written) return { why: 'the history is told', steps: [], memory: { historyReign: held.reign } };
  return {
    why: 'the history of the new timeline is told',
    steps: [{ kind: 'refreshHistory', reign: held.reign }],
    soon: true,
  };
}

/** After it, pg_control names the new timeline, and the checkpointer is free for the first synchronous standby. */
function checkpointChore({ ctx, held }: Leading): Chore | undefined {
  if (ctx.mem.checkpointReign === held.reign || ctx.obs.job !== undefined) return undefined;
  const { ended } = ctx.obs;
  if (ended?.job.kind === 'checkpoint' && ended.outcome.kind === 'done' && ended.startedMs >= held.takenMs) {
    return {
      why: 'checkpoint after the promotion done',
      steps: [],
      memory: { checkpointReign: held.reign },
      soon: true,
    };
  }
  if (ctx.nowMs < ctx.mem.holdOffMs) return undefined;
  return { why: 'checkpoint after the promotion', steps: [startJob(ctx, { kind: 'checkpoint' }, LIMITS.checkpointMs)] };
}

function settingsChore({ ctx, primary }: Leading): Chore | undefined {
  if (!hasNewSettings(ctx)) return undefined;
  const syncNames = primary.sync.names === '' || ctx.config.synchronousMode === 'off' ? undefined : primary.sync.names;
  return {
    why: 'changed configuration applied',
    steps: [
      {
        kind: 'applySettings',
        settings: settingsWith(ctx, syncNames),
        callback: { action: 'on_reload', role: 'primary' },
      },
    ],
    memory: settingsGiven(ctx),
  };
}

/** A member may lead from the moment on in which it may be in the map: it is asked from then on as well. */
function failsafeChore({ ctx, held }: Leading): Chore | undefined {
  // Whom the promises that carry the lead do not bind must not come to lead meanwhile.
  if (ctx.view === undefined || held.carriedSinceMs !== undefined) return undefined;
  const { value: stored, revision } = ctx.view.failsafe;
  const wanted = ctx.config.failsafeMode ? failsafeWanted(ctx, ctx.view) : undefined;
  const isSettled = !ctx.obs.unsettled.has('failsafe');
  const isAsWanted = wanted === undefined ? revision === 0 : stored !== undefined && sameFailsafe(stored, wanted);
  if (isAsWanted && isSettled) return undefined;
  return {
    why: `/failsafe: ${wanted === undefined ? 'deleted' : Object.keys(wanted).join(', ')}`,
    steps: [{ kind: 'writeFailsafe', reign: held.reign, value: wanted, revision }],
    memory: { failsafe: { ...ctx.mem.failsafe, asked: { ...ctx.mem.failsafe.asked, ...wanted } } },
  };
}

const CHORES: readonly ((lead: Leading) => Chore | undefined)[] = [
  syncChore,
  checkpointChore,
  historyChore,
  ({ ctx }) => statusChore(ctx),
  failsafeChore,
  settingsChore,
  // Last: a slot that cannot be dropped keeps nothing else from being done.
  ({ ctx }) => slotChore(ctx, false),
];

function upkeep(ctx: Context): Ruling | undefined {
  const reigning = leading(ctx);
  if (reigning === undefined) return undefined;
  const chores = CHORES.map((chore) => chore(reigning)).filter((chore) => chore !== undefined);
  if (chores.length === 0) return undefined;
  return {
    why: chores.map((chore) => chore.why).join('; '),
    steps: chores.flatMap((chore) => chore.steps),
    memory: chores.reduce<Partial<Memory>>((all, chore) => ({ ...all, ...chore.memory }), {}),
    events: chores.flatMap((chore) => chore.events ?? []),
    wakeInMs: chores.some((chore) => chore.soon === true) ? LIMITS.paceMs : LIMITS.primaryQuietMs,
  };
}

function lead(ctx: Context): Ruling | undefined {
  if (ctx.held === undefined || ctx.primary === undefined) return undefined;
  return { why: `no action. I am (${ctx.me}), the leader with the lock`, wakeInMs: LIMITS.primaryQuietMs };
}

export const LEADING_RULES: readonly Rule[] = [
  { id: 'P10', title: 'upkeep: sync standbys, checkpoint, slots, history, position, settings', match: upkeep },
  { id: 'P90', title: 'lead', match: lead },
];
