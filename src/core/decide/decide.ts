import { changed } from '../model/changed.ts';
import type { ClusterEvent } from '../model/event.ts';
import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import type { Decision, PeerAddress, Plan } from '../model/plan.ts';
import { callbacksDue } from './callbacks.ts';
import { type Context, makeContext, type Rule, type Ruling, toEvent } from './context.ts';
import { LIMITS } from './limits.ts';
import { promiseVerdict } from './failsafe.ts';
import { publication } from './member-data.ts';
import { note } from './note.ts';
import { peersToAsk } from './peers-to-ask.ts';
import { ADOPTED_RULES } from './rules-adopted.ts';
import { BOOTSTRAP_RULES } from './rules-bootstrap.ts';
import { BUSY_RULES } from './rules-busy.ts';
import { DOWN_RULES } from './rules-down.ts';
import { FENCE_RULES } from './rules-fence.ts';
import { HEALTH_RULES, STORAGE_RULES, UNFIT_RULES } from './rules-health.ts';
import { HEAL_RULES, REINITIALIZE_RULES } from './rules-heal.ts';
import { IDENTITY_RULES, LOGIN_RULES } from './rules-identity.ts';
import { LEADING_RULES } from './rules-leading.ts';
import { PAUSED_PRIMARY_RULES, PAUSED_REST_RULES } from './rules-paused.ts';
import { FORGET_PAUSE_RULES, RESUME_RULES } from './rules-resume.ts';
import { OWN_KEY_RULES } from './rules-own-key.ts';
import { REPLICA_RULES } from './rules-replica.ts';
import { RESTART_REQUEST_RULES, RESTART_RULES, untilRestartMs } from './rules-restart.ts';
import { SHUTDOWN_RULES } from './rules-shutdown.ts';
import { SILENT_RULES } from './rules-silent.ts';
import { START_RULES } from './rules-start.ts';
import { CANCEL_SWITCHOVER_RULES, SWITCHOVER_RULES } from './rules-switchover.ts';
import { VACANT_RULES } from './rules-vacant.ts';
import { DEMOTE_RULES, STANDBY_LEADER_RULES, STANDBY_UPKEEP_RULES } from './rules-standby-cluster.ts';
import { situationOf } from './situation-of.ts';
import { withReadiness } from './slots-ready.ts';
import { releaseToldOnce } from './told-once.ts';
import { WATCHDOG_REST_RULES, WATCHDOG_RULES } from './rules-watchdog.ts';
import { pulseOf } from './pulse-of.ts';
import { leaderToWatch } from './revocable.ts';
import { noteSuspicion } from './suspicion.ts';
import { leaseVerdict } from './verdict.ts';

const FALLBACK: Rule = {
  id: 'Z90',
  title: 'wait for the next event',
  match: () => ({ why: 'nothing to do for now', wakeInMs: LIMITS.primaryQuietMs }),
};

/** Before a standby is asked to try again it is looked why it does not stream. */
const NUDGE = REPLICA_RULES.findIndex(({ id }) => id === 'R80');

/**
 * Every rule in the order in which they are asked; the first that matches decides. Fencing stands before everything: what may
 * write without the lease is dealt with whatever else goes on. Work under way is waited for before new work is thought of.
 */
export const RULES: readonly Rule[] = [
  ...RESUME_RULES,
  ...WATCHDOG_REST_RULES,
  ...PAUSED_PRIMARY_RULES,
  ...FENCE_RULES,
  ...HEALTH_RULES,
  ...SHUTDOWN_RULES,
  ...UNFIT_RULES,
  ...REINITIALIZE_RULES,
  ...CANCEL_SWITCHOVER_RULES,
  ...RESTART_REQUEST_RULES,
  ...START_RULES,
  ...BUSY_RULES,
  ...LOGIN_RULES,
  ...PAUSED_REST_RULES,
  ...SILENT_RULES,
  ...FORGET_PAUSE_RULES,
  ...IDENTITY_RULES,
  ...HEAL_RULES.slice(0, 1),
  // Before a clone, which may take hours: who may have pledged can promise nothing to a leader without the store.
  ...REPLICA_RULES.slice(0, 1),
  ...BOOTSTRAP_RULES,
  ...DEMOTE_RULES,
  ...SWITCHOVER_RULES,
  ...WATCHDOG_RULES,
  ...ADOPTED_RULES,
  ...RESTART_RULES,
  ...OWN_KEY_RULES,
  ...STORAGE_RULES,
  ...HEAL_RULES.slice(1, 3),
  ...DOWN_RULES,
  ...LEADING_RULES,
  ...VACANT_RULES,
  ...STANDBY_LEADER_RULES,
  ...REPLICA_RULES.slice(1, NUDGE),
  ...HEAL_RULES.slice(3),
  ...STANDBY_UPKEEP_RULES,
  ...REPLICA_RULES.slice(NUDGE),
  FALLBACK,
];

function firstMatch(ctx: Context): { rule: Rule; ruling: Ruling } {
  for (const rule of RULES) {
    const ruling = rule.match(ctx);
    if (ruling !== undefined) return { rule, ruling };
  }
  return { rule: FALLBACK, ruling: { why: FALLBACK.title } };
}

interface Said {
  readonly published: NonNullable<Memory['published']>;
  readonly probe: readonly PeerAddress[];
}

function planOf(ctx: Context, after: Context, ruling: Ruling, { published, probe }: Said): Plan {
  // The lease keeper goes by a verdict only while it is young.
  const quietMs = ctx.obs.lease.kind === 'held' ? LIMITS.primaryQuietMs : ctx.config.loopWaitMs;
  const wakeInMs = Math.min(ruling.wakeInMs ?? quietMs, quietMs, untilRestartMs(ctx) ?? quietMs);
  return {
    steps: ruling.steps ?? [],
    verdict: leaseVerdict(ctx, after),
    promise: promiseVerdict(after, ruling.steps ?? []),
    pulse: pulseOf(after, ruling.steps ?? []),
    watch: leaderToWatch(ctx),
    publish: published.data,
    probe,
    wakeMs: ctx.nowMs + wakeInMs,
  };
}

/** What the leader looks like is judged with everything else known. */
function withSuspicion(ctx: Context): Context {
  const mem = changed(ctx.mem, { suspicion: noteSuspicion(ctx) });
  return mem === ctx.mem ? ctx : { ...ctx, mem };
}

/** Total and pure: an observation and a memory come to exactly one decision, on any machine, at any time. */
export function decide(obs: Observation, before: Memory): Decision {
  const noted = note(obs, before);
  const ctx = withSuspicion(makeContext(obs, noted.memory));
  const { rule, ruling } = firstMatch(ctx);
  const mem = changed(ctx.mem, ruling.memory ?? {});
  const after = mem === ctx.mem ? ctx : makeContext(obs, mem);
  const published = publication(after);
  const callbacks = callbacksDue(after);
  const probe = peersToAsk(ctx, ruling);
  const startsJob = ruling.steps?.some((step) => step.kind === 'startJob') === true;
  const told = releaseToldOnce(ctx.mem, ruling);
  const events: ClusterEvent[] = [
    ...noted.events.map((draft) => toEvent(ctx, before.jobRule ?? rule.id, draft)),
    ...told.events.map((draft) => toEvent(ctx, rule.id, draft)),
  ];
  return {
    plan: { ...planOf(ctx, after, ruling, { published, probe }), callbacks: callbacks.calls },
    memory: changed(mem, {
      published,
      callbacks: callbacks.told,
      releaseTold: told.releaseTold,
      slots: withReadiness(after),
      jobRule: startsJob ? rule.id : mem.jobRule,
      probedMs: probe.length > 0 ? ctx.nowMs : mem.probedMs,
    }),
    rule: rule.id,
    why: ruling.why,
    situation: situationOf(ctx),
    events,
  };
}
