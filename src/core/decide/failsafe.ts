// Failsafe mode (safety.md 3): leading without the store by the leave of every member in /failsafe.
import type { ClusterView, FailsafeMembers } from '../model/cluster.ts';
import { changed } from '../model/changed.ts';
import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import type { FailsafeCall, Plan, PromiseVerdict } from '../model/plan.ts';
import type { Lsn } from '../model/lsn.ts';
import { known } from '../model/seen.ts';
import { statusOfLeader } from '../slots/status-of-leader.ts';
import type { Context, HeldLease } from './context.ts';
import { slotSceneOf } from './slot-scene.ts';

const NOBODY: FailsafeMembers = {};

/** Of a reign that is carried on: whom the earlier agent wrote into /failsafe is known only once a write of ours is answered. */
export const UNKNOWN_MAP: Memory['failsafe'] = { stored: undefined, asked: {} };

/** What stands in /failsafe, and what a write of ours that was not answered may still put there. */
export function failsafeSeen(mem: Memory, view: ClusterView, obs: Observation): Memory['failsafe'] {
  const stored = view.failsafe.value;
  if (!obs.unsettled.has('failsafe')) return changed(mem.failsafe, { stored, asked: stored ?? NOBODY });
  const isKnown = mem.failsafe.stored !== undefined;
  return changed(mem.failsafe, { stored: isKnown ? stored : undefined, asked: { ...mem.failsafe.asked, ...stored } });
}

/** Everybody with an API, and the leader itself. */
export function failsafeWanted(ctx: Context, view: ClusterView): FailsafeMembers {
  const others = view.members
    .filter((member) => member.name !== ctx.me)
    .flatMap(({ name, data }) => (data.apiUrl === undefined ? [] : [[name, data.apiUrl] as const]));
  const all = [...others, [ctx.me, ctx.obs.self.apiUrl] as const];
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function sameFailsafe(a: FailsafeMembers | undefined, b: FailsafeMembers | undefined): boolean {
  const ofA = Object.entries(a ?? {});
  return ofA.length === Object.keys(b ?? {}).length && ofA.every(([name, url]) => b?.[name] === url);
}

/** Names that may lead; undefined: everybody. */
export function failsafeListed(ctx: Context): ReadonlySet<string> | undefined {
  const names = Object.keys(ctx.view?.failsafe.value ?? {});
  // A Patroni leader leaves the map behind when the mode is switched off, and does not go by it any more.
  const binds = ctx.config.failsafeMode || wasKornaks(ctx);
  return names.length === 0 || !binds ? undefined : new Set(names);
}

/** The last reign seen was one with a record, as only ours have. */
export function wasKornaks(ctx: Context): boolean {
  const previous = ctx.obs.vacancy?.previous;
  return previous === undefined || previous.reign <= (ctx.view?.reign.revision ?? 0);
}

/** How long this member is still bound by a promise, or may be by one that it could not read back; 0: it is not. */
export function boundMs(ctx: Context): number {
  const { promise } = ctx.obs;
  if (promise.kind === 'none') return 0;
  if (promise.kind === 'given') return Math.max(0, promise.untilMs - ctx.nowMs);
  const mayHavePromised = ctx.config.failsafeMode || ctx.view?.failsafe.value !== undefined;
  return mayHavePromised ? Math.max(0, promise.sinceMs + ctx.config.leaderTtlMs - ctx.nowMs) : 0;
}

function slotsOf(ctx: Context): Readonly<Record<string, Lsn>> {
  if (ctx.primary === undefined) return {};
  return statusOfLeader(slotSceneOf(ctx), ctx.primary, undefined).slots;
}

/** PostgreSQL serves in this reign, or did and is being started again. */
function servesIn(ctx: Context, held: HeldLease): boolean {
  return ctx.primary !== undefined || ctx.mem.servingReign === held.reign;
}

/** undefined: nothing but the store may carry the lead. */
export function failsafeCall(ctx: Context): FailsafeCall | undefined {
  const { held, mem, config } = ctx;
  const { failsafe } = mem;
  if (held === undefined || !config.failsafeMode || !servesIn(ctx, held)) return undefined;
  // Where the map does not stand yet, anybody may lead.
  if (failsafe.stored?.[ctx.me] === undefined) return undefined;
  const others = Object.entries(failsafe.asked).filter(([name]) => name !== ctx.me);
  return {
    members: others.map(([name, apiUrl]) => ({ name, apiUrl })),
    // Who cannot read back what it promised waits for `leader_ttl`; a Patroni member promises its own `ttl`, whatever it is asked.
    promiseMs: Math.min(held.ttlMs, config.leaderTtlMs, config.ttlMs),
    connUrl: ctx.obs.self.connUrl,
    apiUrl: ctx.obs.self.apiUrl,
    slots: slotsOf(ctx),
    mayLeadAgain:
      ctx.view === undefined || ctx.view.revision < held.reign || whyNotAgain(ctx, held, ctx.view) === undefined,
  };
}

/** Why the key of our own reign must not be created again, once it is gone; undefined: it may. */
export function whyNotAgain(ctx: Context, held: HeldLease, view: ClusterView): string | undefined {
  if (view.reign.revision !== held.reign) return `${view.reign.value?.name ?? 'somebody'} has reigned since`;
  if (view.leader !== undefined && view.leader.name !== ctx.me) return `${view.leader.name} holds the key`;
  const { leader } = view.sync.value;
  if (view.nonsense.some(({ key }) => key.endsWith('/sync'))) return '/sync cannot be read';
  if (leader !== undefined && leader !== ctx.me) return `/sync names ${leader}`;
  if (view.failsafe.value?.[ctx.me] === undefined) return '/failsafe does not name us';
  return undefined;
}

/** How a leader is answered that asks for a promise, as far as this cycle can tell. */
export function promiseVerdict(ctx: Context, steps: Plan['steps']): PromiseVerdict {
  if (ctx.obs.lease.kind !== 'none' || ctx.mayWrite) return { kind: 'refuse', status: 500, why: 'Running as a leader' };
  // An agent that has not heard from the store yet does not know that the mode is off.
  const shared = ctx.view?.config.value ?? ctx.mem.lastConfig;
  if (shared?.failsafeMode === false) return { kind: 'refuse', status: 502, why: 'failsafe_mode is off' };
  const contends = steps.some((step) => step.kind === 'putPledge' || step.kind === 'takeKey');
  if (contends || mayHavePledged(ctx)) return { kind: 'refuse', status: 503, why: 'a pledge stands, or may stand' };
  return { kind: 'give', promiseMs: ctx.config.ttlMs };
}

function mayHavePledged(ctx: Context): boolean {
  const standing = known(ctx.obs.cluster)?.pledges.some((pledge) => pledge.name === ctx.me) ?? false;
  return standing || ctx.mem.pledge !== undefined || ctx.obs.unsettled.has('pledge');
}
