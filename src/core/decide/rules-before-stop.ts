// What a switchover can have done while clients are still served: none of it is waited for once PostgreSQL is stopped.
import { type Asked, asked } from './asked.ts';
import type { Context, Rule, Ruling } from './context.ts';
import { startJob } from './context.ts';
import { dueOf } from './due.ts';
import { LIMITS } from './limits.ts';
import { chooseSuccessor } from './successor.ts';

interface Ready extends Asked {
  /** To whom it goes. */
  readonly name: string;
}

/** The time has come, and whoever takes over has answered. */
export function readyToStop(ctx: Context): Ready | undefined {
  const it = asked(ctx);
  if (it === undefined || ctx.primary === undefined || dueOf(ctx, it.request) !== 'now') return undefined;
  const successor = chooseSuccessor(ctx, it.request);
  return successor.kind === 'found' ? { ...it, name: successor.name } : undefined;
}

/**
 * The request names who takes over: that member makes itself ready and takes the key without waiting for the others, and they
 * leave it to it. Its time stays, so that people can take it back as a scheduled one for as long as PostgreSQL serves.
 */
function nameCandidate(ctx: Context): Ruling | undefined {
  const it = readyToStop(ctx);
  if (it === undefined || it.request.candidate === it.name) return undefined;
  const { revision, name, request } = it;
  return {
    why: `switchover to ${name}: it is named before PostgreSQL is stopped`,
    steps: [{ kind: 'writeFailover', value: { ...request, candidate: name }, revision }],
    wakeInMs: LIMITS.paceMs,
  };
}

/** What is written now, the shutdown need not write while nobody is served. */
function checkpointFirst(ctx: Context): Ruling | undefined {
  const it = readyToStop(ctx);
  if (it === undefined || ctx.mem.checkpointedFor?.revision === it.revision) return undefined;
  const { job } = ctx.obs;
  if (job !== undefined && job.job.kind !== 'checkpoint') return undefined;
  const checkpoint = startJob(ctx, { kind: 'checkpoint' }, LIMITS.checkpointFirstMs);
  return {
    why: `switchover to ${it.name}: checkpoint while clients are served`,
    steps: job === undefined ? [checkpoint] : [],
    memory: { checkpointedFor: { revision: it.revision, sinceMs: ctx.nowMs } },
    wakeInMs: LIMITS.paceMs,
  };
}

/** Everything else goes on meanwhile. */
export function isCheckpointing(ctx: Context, revision: number): boolean {
  const { checkpointedFor } = ctx.mem;
  if (ctx.obs.job?.job.kind !== 'checkpoint' || checkpointedFor?.revision !== revision) return false;
  return ctx.nowMs - checkpointedFor.sinceMs < LIMITS.checkpointFirstMs;
}

export const BEFORE_STOP_RULES: readonly Rule[] = [
  { id: 'S37', title: 'name who takes over before PostgreSQL is stopped', match: nameCandidate },
  { id: 'S38', title: 'checkpoint before PostgreSQL is stopped', match: checkpointFirst },
];
