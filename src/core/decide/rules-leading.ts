import type { Memory } from '../model/memory.ts';
import type { Step } from '../model/plan.ts';
import { syncChore } from './chore-sync.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { hasNewSettings, settingsGiven, settingsWith, startJob } from './context.ts';
import type { Chore, Leading } from './leading.ts';
import { failsafeChore } from './failsafe-chore.ts';
import { LIMITS } from './limits.ts';
import { slotChore, statusChore } from './slot-chores.ts';

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

function historyChore({ ctx, held, primary }: Leading): Chore | undefined {
  const { value: entries = [], revision } = ctx.view?.history ?? { revision: 0 };
  // Whoever has diverged waits for it: what somebody made of it meanwhile is looked at as well.
  if (primary.timeline === 1 || (revision > held.reign && entries.length > 0)) {
    if (ctx.mem.historyReign === held.reign) return undefined;
    return { why: 'the history is told', steps: [], memory: { historyReign: held.reign } };
  }
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
  const isManaged = ctx.config.synchronousMode !== 'off' || ctx.config.standbyCluster !== undefined;
  const syncNames = primary.sync.names === '' || !isManaged ? undefined : primary.sync.names;
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

/** In pause a primary may be left in what is to be a standby cluster: whom its commits wait for stays as it is. */
function syncUnlessDemoted(reigning: Leading): Chore | undefined {
  return reigning.ctx.config.standbyCluster === undefined ? syncChore(reigning) : undefined;
}

const CHORES: readonly ((lead: Leading) => Chore | undefined)[] = [
  syncUnlessDemoted,
  checkpointChore,
  ({ ctx }) => statusChore(ctx),
  failsafeChore,
  settingsChore,
  // A history file that cannot be read keeps nothing but slots from being done.
  historyChore,
  // Last: a slot that cannot be dropped keeps nothing else from being done.
  ({ ctx }) => slotChore(ctx, false),
];

/** The first carries the whole configuration already; a second would take back whom commits wait for. */
function withoutSecondSettings(steps: readonly Step[]): readonly Step[] {
  const [first, second] = steps.filter((step) => step.kind === 'applySettings');
  if (first === undefined || second === undefined) return steps;
  const merged = steps.map((step) => (step === first ? { ...second, ...first } : step));
  return merged.filter((step) => step !== second);
}

function upkeep(ctx: Context): Ruling | undefined {
  const reigning = leading(ctx);
  if (reigning === undefined) return undefined;
  const chores = CHORES.map((chore) => chore(reigning)).filter((chore) => chore !== undefined);
  if (chores.length === 0) return undefined;
  return {
    why: chores.map((chore) => chore.why).join('; '),
    steps: withoutSecondSettings(chores.flatMap((chore) => chore.steps)),
    memory: chores.reduce<Partial<Memory>>((all, chore) => ({ ...all, ...chore.memory }), {}),
    events: chores.flatMap((chore) => chore.events ?? []),
    probe: chores.flatMap((chore) => chore.probe ?? []),
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
