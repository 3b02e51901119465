// The first member of a standby cluster is a copy of the other cluster (spec: config.md 7.5); so is its leader without data.
import type { FollowTarget } from '../model/job.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { settingsWith, startJob } from './context.ts';
import { LIMITS } from './limits.ts';
import { remoteTarget } from './remote.ts';
import { takeOverOf } from './take-over.ts';

function isMine({ view, me }: Context): boolean {
  return view?.initialize.value === '' && view.bootstrapper === me;
}

/** Nothing here yet, and this member may begin with a copy: the cluster is not there at all, or it holds the key already. */
function isToCopy(ctx: Context): boolean {
  if (ctx.config.standbyCluster === undefined || ctx.obs.postgres.data.kind !== 'empty') return false;
  return ctx.held !== undefined || isMine(ctx);
}

/** Others may reach what this member does not. */
function giveBack(ctx: Context): Ruling | undefined {
  if (!isToCopy(ctx) || ctx.held !== undefined || ctx.view === undefined) return undefined;
  if (ctx.mem.cloneTries === 0 || ctx.nowMs >= ctx.mem.holdOffMs) return undefined;
  const why = 'the other cluster could not be copied; the log has the reason. Others may try';
  const request = ctx.obs.requests.find(({ kind }) => kind === 'bootstrap');
  return {
    why,
    steps: [
      { kind: 'cancelInitialize', revision: ctx.view.initialize.revision },
      ...(request === undefined ? [] : [{ kind: 'answer', requestId: request.id, ok: false, text: why } as const]),
    ],
    memory: { bootstrapRequest: undefined },
    wakeInMs: LIMITS.paceMs,
  };
}

function awaitTurn(ctx: Context): Ruling | undefined {
  const isNew = ctx.view?.initialize.revision === 0 && ctx.leader === undefined;
  if (!isNew || ctx.config.standbyCluster === undefined || ctx.obs.postgres.data.kind !== 'empty') return undefined;
  if (remoteTarget(ctx) === undefined)
    return {
      why: 'standby_cluster names no host to copy: put a copy into the data directory, or name one',
      wakeInMs: LIMITS.primaryQuietMs,
    };
  if (ctx.nowMs >= ctx.mem.holdOffMs) return undefined;
  return { why: 'copying the other cluster failed; others first', wakeInMs: ctx.mem.holdOffMs - ctx.nowMs };
}

function copy(ctx: Context): Ruling | undefined {
  if (!isToCopy(ctx) || ctx.nowMs < ctx.mem.holdOffMs) return undefined;
  const from = remoteTarget(ctx);
  if (from === undefined) return { why: 'standby_cluster names no host to copy', wakeInMs: LIMITS.primaryQuietMs };
  const settings = settingsWith(ctx, undefined);
  return {
    why: `no data: the other cluster is copied from ${from.member}`,
    steps: [startJob(ctx, { kind: 'clone', from: unslotted(from), settings, ...copyMethods(ctx) }, LIMITS.cloneMs)],
    events: [{ kind: 'cluster.bootstrapped', text: `${ctx.me} copies ${from.member} for ${ctx.obs.self.scope}` }],
  };
}

/** pg_basebackup keeps what it needs by a slot of its own. */
function unslotted(from: FollowTarget): FollowTarget {
  return { ...from, slot: undefined };
}

/** How members of a standby cluster are copied, whoever from. */
export function copyMethods({ config }: Context): { readonly methods?: readonly string[] } {
  const { standbyCluster } = config;
  if (standbyCluster === undefined) return {};
  const { createReplicaMethods } = standbyCluster;
  return { methods: createReplicaMethods.length === 0 ? ['basebackup'] : createReplicaMethods };
}

/** The copy is whole, and nobody else can have it: the first reign begins before it is started. */
function takeFirstKey(ctx: Context): Ruling | undefined {
  const { data, postmaster } = ctx.obs.postgres;
  if (ctx.config.standbyCluster === undefined || !isMine(ctx) || ctx.view === undefined) return undefined;
  if (data.kind !== 'cluster' || postmaster !== undefined) return undefined;
  if (ctx.leader !== undefined || ctx.held !== undefined) return undefined;
  return {
    why: 'the copy of the other cluster is whole: the leader key is taken',
    steps: [{ kind: 'takeKey', takeOver: takeOverOf(ctx, ctx.view) }],
    events: [{ kind: 'leader.acquired', text: `${ctx.me} takes the leader key of the new standby cluster` }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** Asked before the rules that initialise a cluster of its own. */
export const COPY_CLUSTER_RULES: readonly Rule[] = [
  { id: 'C75', title: 'give back the right to initialise after a copy that failed', match: giveBack },
  { id: 'C77', title: 'leave the copy of the other cluster to others for a while', match: awaitTurn },
  { id: 'C80', title: 'copy the other cluster', match: copy },
  { id: 'C85', title: 'take the first key of a standby cluster', match: takeFirstKey },
];
