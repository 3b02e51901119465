// A primary that is gone although nobody stopped it, while commits waited for standbys: one that holds them all can serve sooner
// than a restart with its recovery.
import { unionOf } from '../election/election.ts';
import { containsName } from '../election/union.ts';
import type { ControlData } from '../model/local-postgres.ts';
import type { PeerStatus } from '../model/observation.ts';
import { known } from '../model/seen.ts';
import { isNeverLeader } from '../model/tags.ts';
import type { Context, HeldLease, Rule, Ruling } from './context.ts';
import { controlOf, memberOf } from './context.ts';
import { LIMITS } from './limits.ts';
import { releaseStep } from './release.ts';
import { isReignOfStandby } from './remote.ts';

/** At these a commit waits until a standby has it. */
const WAITING_COMMITS: ReadonlySet<string> = new Set(['remote_write', 'on', 'remote_apply']);

interface Crash {
  readonly held: HeldLease;
  readonly control: ControlData;
  readonly goneMs: number;
  /** Who hold every acknowledged commit: any `needed` of them elect one that does. */
  readonly voters: readonly string[];
  readonly needed: number;
}

/** With `primary_start_timeout` 0 it is not asked who holds what: rule D20 gives up wherever somebody could lead. */
function isWanted({ config, mem }: Context, control: ControlData): boolean {
  // Whoever was replaced has more than its successor: where it could not be rewound, a restart is cheaper than a new copy.
  const isRejoinCheap = config.usePgRewind && control.rewindable;
  return config.primaryStartTimeoutMs > 0 && config.failoverOnCrash && isRejoinCheap && isSafe(mem.synchronousCommit);
}

function isSafe(synchronousCommit: string | undefined): boolean {
  return synchronousCommit !== undefined && WAITING_COMMITS.has(synchronousCommit);
}

function crashed(ctx: Context): { readonly held: HeldLease; readonly control: ControlData } | undefined {
  const { held, mem } = ctx;
  const control = controlOf(ctx);
  if (control === undefined || held === undefined || ctx.paused || ctx.obs.job !== undefined) return undefined;
  const isOurs = mem.servingReign === held.reign && mem.switchover === undefined && !isReignOfStandby(ctx);
  return isOurs ? { held, control } : undefined;
}

function crashOf(ctx: Context): Crash | undefined {
  const it = crashed(ctx);
  const { goneMs } = ctx.mem;
  if (it === undefined || goneMs === undefined || ctx.view === undefined || !isWanted(ctx, it.control))
    return undefined;
  const { leader, quorum } = ctx.view.sync.value;
  if (leader !== ctx.me || ctx.obs.unsettled.has('sync')) return undefined;
  const union = unionOf(ctx.view);
  const voters = ctx.view.members
    .map(({ name }) => name)
    .filter((name) => name !== ctx.me && containsName(union, name));
  return voters.length > quorum ? { ...it, goneMs, voters, needed: quorum + 1 } : undefined;
}

/** What it has told since the crash; undefined: nothing yet, or nothing at all. */
function toldSince(ctx: Context, name: string, sinceMs: number): PeerStatus | undefined {
  const answer = ctx.obs.peers.get(name);
  return answer?.kind === 'seen' && answer.atMs >= sinceMs ? answer.value : undefined;
}

/** It lives, and has little to replay before it serves. */
function isReady(ctx: Context, name: string, { goneMs, control }: Crash): boolean {
  const status = toldSince(ctx, name, goneMs);
  const { receivedLsn, replayedLsn } = status ?? {};
  if (status === undefined || receivedLsn === undefined || replayedLsn === undefined) return false;
  if (status.state !== 'running' || status.role === 'primary') return false;
  return status.timeline === control.checkpointTimeline && receivedLsn - replayedLsn <= LIMITS.replayAheadBytes;
}

/** Known to be able to take the key within milliseconds. */
function mayTake(ctx: Context, name: string, crash: Crash): boolean {
  const data = memberOf(ctx, name)?.data;
  const status = toldSince(ctx, name, crash.goneMs);
  if (data?.kornak === undefined || data.kornak.unfit !== undefined || status?.watchdogFailed === true) return false;
  return !isNeverLeader(status?.tags ?? data.tags);
}

function handOver(ctx: Context): Ruling | undefined {
  const crash = crashOf(ctx);
  if (crash === undefined) return undefined;
  const ready = crash.voters.filter((name) => isReady(ctx, name, crash));
  if (ready.length < crash.needed || !ready.some((name) => mayTake(ctx, name, crash))) return undefined;
  const names = ready.join(', ');
  return {
    why: `PostgreSQL is gone, and ${names} ${ready.length > 1 ? 'hold' : 'holds'} every acknowledged commit: the key is released`,
    steps: [releaseStep(ctx, crash.held.reign, undefined)],
    memory: { standAsideUntilMs: Math.max(ctx.mem.standAsideUntilMs, ctx.nowMs + LIMITS.crashAsideMs) },
    events: [
      {
        kind: 'postgres.crashed',
        text: 'PostgreSQL is gone although nobody stopped it',
        evidence: { reign: crash.held.reign },
      },
      {
        kind: 'leader.released',
        text: `${ctx.me} hands over after the crash: ${names} ${ready.length > 1 ? 'hold' : 'holds'} every acknowledged commit`,
        evidence: { reign: crash.held.reign, goneForMs: ctx.nowMs - crash.goneMs },
      },
    ],
    wakeInMs: LIMITS.paceMs,
  };
}

function isAsking(ctx: Context, { goneMs, voters }: Crash): boolean {
  if (ctx.nowMs - goneMs >= LIMITS.crashAnswerMs) return false;
  return voters.some((name) => {
    const answer = ctx.obs.peers.get(name);
    return answer === undefined || (known(answer) !== undefined && toldSince(ctx, name, goneMs) === undefined);
  });
}

/** The synchronous standbys that are to be asked now whether they could take over. */
export function standbysToAsk(ctx: Context): readonly string[] {
  const crash = crashOf(ctx);
  return crash !== undefined && isAsking(ctx, crash) ? crash.voters : [];
}

function askStandbys(ctx: Context): Ruling | undefined {
  const probe = standbysToAsk(ctx);
  if (probe.length === 0) return undefined;
  return {
    why: `PostgreSQL is gone: ${probe.join(', ')}, whom commits waited for, asked before it is started again`,
    probe,
    wakeInMs: LIMITS.paceMs,
  };
}

export const CRASH_RULES: readonly Rule[] = [
  { id: 'D12', title: 'hand over to a synchronous standby after a crash', match: handOver },
  { id: 'D13', title: 'ask the synchronous standbys after a crash', match: askStandbys },
];
