import type { FollowTarget, Job } from '../model/job.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { isCloneSource } from './clone-source.ts';
import { isBackground } from './context.ts';
import { LIMITS } from './limits.ts';
import { remoteTarget } from './remote.ts';
import { leaderToStartWith } from './rules-down.ts';
import { cannotComeUp } from './rules-heal.ts';

const LEADERS_WORK: ReadonlySet<Job['kind']> = new Set(['promote', 'prePromote', 'startPrimary']);

/** Work whose end means leading. */
export function needsLease(job: Job): boolean {
  return job.kind === 'restart' ? job.role === 'primary' : LEADERS_WORK.has(job.kind);
}

/** Work that only makes sense under the lease, or only while somebody else holds it. */
function outlived(ctx: Context): string | undefined {
  const { job } = ctx.obs;
  if (job === undefined || job.cancelled) return undefined;
  const { kind } = job.job;
  if (needsLease(job.job) && ctx.held === undefined) return 'the leader lease is not held any more';
  if (kind === 'rewind' || kind === 'clone') return copyOutlived(ctx, job.job);
  if (kind === 'copySlots' && ctx.view !== undefined && ctx.leader?.name !== job.job.from.member)
    return `${job.job.from.member} leads no more`;
  return kind === 'startStandby' ? startedWithout(ctx, job.job, ctx.nowMs - job.startedMs) : undefined;
}

/** Another cluster's server is a source as long as the configuration names it, whoever leads here. */
function copyOutlived(ctx: Context, { kind, from }: Extract<Job, { kind: 'clone' | 'rewind' }>): string | undefined {
  if (from?.remote !== undefined)
    return remoteTarget(ctx)?.member === from.member ? undefined : `${from.member} is not followed any more`;
  if (kind === 'clone') return cloneOutlived(ctx, from);
  return ctx.view !== undefined && ctx.leader?.name !== from?.member ? `${from?.member} leads no more` : undefined;
}

/** Whoever led and leads no more may have WAL that nobody follows; a replica goes on being as good a source as it was. */
function cloneOutlived(ctx: Context, from: FollowTarget | undefined): string | undefined {
  if (from === undefined || ctx.view === undefined || ctx.leader?.name === from.member) return undefined;
  return isCloneSource(ctx, from.member) ? undefined : `${from.member} is no source for a clone any more`;
}

/** One that was rewound comes up only with WAL of a leader; started without it, or with another's, it may wait for ever. */
function startedWithout(ctx: Context, job: Extract<Job, { kind: 'startStandby' }>, forMs: number): string | undefined {
  const why = cannotComeUp(ctx, forMs);
  if (why !== undefined) return `PostgreSQL does not come up: ${why}`;
  if (forMs <= LIMITS.startAloneMs) return undefined;
  const leader = leaderToStartWith(ctx)?.member;
  if (leader === undefined || leader === job.follow?.member) return undefined;
  return `PostgreSQL does not come up without WAL of ${leader}, who leads now`;
}

function cancel(ctx: Context): Ruling | undefined {
  const why = outlived(ctx);
  if (why === undefined) return undefined;
  return { why, steps: [{ kind: 'cancelJob', why }], wakeInMs: LIMITS.paceMs };
}

function wait(ctx: Context): Ruling | undefined {
  const { job } = ctx.obs;
  if (job === undefined || isBackground(job.job)) return undefined;
  return { why: `${job.job.kind} is under way`, wakeInMs: LIMITS.primaryQuietMs };
}

export const BUSY_RULES: readonly Rule[] = [
  { id: 'J10', title: 'cancel work whose reason is gone', match: cancel },
  { id: 'J20', title: 'wait for the running work', match: wait },
];
