import { unionOf } from '../election/election.ts';
import { containsName } from '../election/union.ts';
import type { ClusterView, Pledge, SyncState } from '../model/cluster.ts';
import type { TakeOver } from '../model/plan.ts';
import { failoverPriority } from '../model/tags.ts';
import type { Context } from './context.ts';
import { positionOf } from './vacant.ts';

/** The same people stay, with the same quorum: a winner that fails at once can be followed by another (F19). */
function syncOfNewReign(view: ClusterView, me: string): SyncState | undefined {
  const union = unionOf(view);
  if (union.length === 0) return undefined;
  // Who was not among them, and leads by order of an operator, may lack what they hold: they hold nothing for its reign.
  if (!containsName(union, me)) return { leader: me, voters: [], quorum: 0 };
  const voters = union.filter((name) => name.toLowerCase() !== me.toLowerCase()).toSorted();
  return { leader: me, voters, quorum: view.sync.value.quorum };
}

/** A reign of a standby cluster claims no number: it ends before anybody is promoted (rule C25). */
function isToPromote({ config, mayWrite }: Context): boolean {
  return config.standbyCluster === undefined || mayWrite;
}

/** A number above every timeline that anybody has used, claimed or told of. */
function nextTimeline(ctx: Context, view: ClusterView): number {
  const told = view.members.map((member) => member.data.timeline ?? 0);
  const pledged = view.pledges.map((pledge) => pledge.position.timeline);
  const history = (view.history.value ?? []).map((entry) => entry.timeline + 1);
  const own = ctx.standby?.timeline ?? 0;
  return Math.max(view.reign.value?.timeline ?? 0, own, ...told, ...pledged, ...history) + 1;
}

/** Creates the key of our own reign again, under PostgreSQL as it runs: on its timeline, with /sync as it stands. */
export function takeOverAgain(ctx: Context, view: ClusterView): TakeOver {
  const timeline = view.reign.value?.timeline ?? ctx.primary?.timeline ?? 0;
  return { ...takeOverOf(ctx, view), sync: undefined, timeline, goesOn: true };
}

/** Whether whoever led last has left its PostgreSQL unguarded is compared, whatever it is. */
function lastLeaderMark(view: ClusterView, me: string): TakeOver['lastLeaderMark'] {
  const last = view.reign.value?.name;
  if (last === undefined || last === me) return undefined;
  return { name: last, revision: view.unguarded.find((mark) => mark.name === last)?.revision ?? 0 };
}

/** The take-over as things stand, resting on `counted`. */
export function takeOverOf(ctx: Context, view: ClusterView, counted: readonly Pledge[] = []): TakeOver {
  return {
    reignRevision: view.reign.revision,
    syncRevision: view.sync.revision,
    configRevision: view.config.revision,
    failoverRevision: view.failover.revision,
    initializeRevision: view.initialize.revision,
    lastRevision: view.last.revision,
    pledges: counted,
    sync: syncOfNewReign(view, ctx.me),
    timeline: isToPromote(ctx) ? nextTimeline(ctx, view) : (view.reign.value?.timeline ?? 0),
    leaderTtlMs: ctx.config.leaderTtlMs,
    from: ctx.standby === undefined ? undefined : positionOf(ctx.standby),
    priority: failoverPriority(ctx.obs.self.tags),
    lastLeaderMark: lastLeaderMark(view, ctx.me),
    // The leader of a standby cluster writes nothing that a guard would have to end.
    unguarded: !isToPromote(ctx),
  };
}
