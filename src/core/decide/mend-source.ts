import type { FollowTarget } from '../model/job.ts';
import type { LocalEnd } from '../recovery/divergence.ts';
import { judgeDivergence } from '../recovery/divergence.ts';
import type { Context } from './context.ts';
import { followTarget, leaderServes, memberOf } from './context.ts';
import { isLeaderStandby, leaderLine, rewindSourceReady } from './leader-line.ts';
import { remoteToFollow } from './remote.ts';

/** Whose line this member's data are to be of: the leader's, or for the leader of a standby cluster the other cluster's. */
export interface MendSource {
  readonly name: string;
  /** undefined: its address is not known. */
  readonly target: FollowTarget | undefined;
  readonly serves: boolean;
  readonly isRewindReady: boolean;
  readonly isRemote: boolean;
  readonly isStandby: boolean;
}

/** What is known of local data against their source; ask: only the source's server can tell. */
export type Suspicion =
  | { readonly kind: 'none' }
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'ask'; readonly why: string };

export function mendSource(ctx: Context): MendSource | undefined {
  const remote = remoteToFollow(ctx);
  if (remote !== undefined) return remoteSource(remote);
  const { leader } = ctx;
  if (leader === undefined || leader.name === ctx.me) return undefined;
  return {
    name: leader.name,
    target: followTarget(ctx, leader.name),
    serves: leaderServes(ctx),
    isRewindReady: rewindSourceReady(ctx),
    isRemote: false,
    isStandby: isLeaderStandby(ctx),
  };
}

function remoteSource(target: FollowTarget): MendSource {
  return { name: target.member, target, serves: true, isRewindReady: true, isRemote: true, isStandby: false };
}

export function suspicionOf(ctx: Context, source: MendSource, local: LocalEnd): Suspicion {
  if (source.isRemote) return ofRemote(ctx, source, local);
  if (source.isStandby) return ofStandby(ctx, source, local);
  const line = leaderLine(ctx);
  if (line === undefined) return { kind: 'wait', why: `waiting for ${source.name} to serve and to tell its history` };
  const verdict = judgeDivergence(local, line);
  if (verdict.kind === 'none') return verdict;
  // Where /history does not tell, the leader's server is asked when it is recorded.
  if (verdict.kind === 'unknown' && line.history.length === 0 && line.timeline > 1)
    return { kind: 'wait', why: verdict.why };
  return { kind: 'ask', why: `diverged: ${verdict.why}` };
}

/** A standby goes on from where it was; it parts from the other cluster only where its server has said so. */
function ofRemote(ctx: Context, { name }: MendSource, { cleanPrimary }: LocalEnd): Suspicion {
  const { trouble } = ctx.obs.postgres;
  if (trouble?.kind === 'diverged') return { kind: 'ask', why: trouble.text };
  if (!cleanPrimary || ctx.mem.remoteUnasked) return { kind: 'none' };
  return { kind: 'ask', why: `it was a primary and is to follow ${name}` };
}

function ofStandby(ctx: Context, { name, serves }: MendSource, local: LocalEnd): Suspicion {
  if (!serves) return { kind: 'wait', why: `waiting for ${name} to serve` };
  const timeline = memberOf(ctx, name)?.data.timeline;
  if (timeline === local.position.timeline && !local.cleanPrimary && ctx.obs.postgres.trouble?.kind !== 'diverged')
    return { kind: 'none' };
  if (local.cleanPrimary) return { kind: 'ask', why: `it was a primary and is to follow ${name}` };
  return {
    kind: 'ask',
    why: `it ended on timeline ${local.position.timeline}, and ${name} is on ${timeline ?? 'another'}`,
  };
}
