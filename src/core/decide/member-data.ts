import type { KornakCapabilities, MemberData, MemberState } from '../model/cluster.ts';
import type { JobKind } from '../model/job.ts';
import { maxLsn } from '../model/lsn.ts';
import type { Memory } from '../model/memory.ts';
import { replicationStateOf } from '../model/replication-state.ts';
import { scheduledRestartFields } from '../model/restart.ts';
import type { Context } from './context.ts';
import { withLeaving } from './leave-sync.ts';
import { leadsStandby } from './remote.ts';
import { catalogXmins } from './slots-ready.ts';
import { guardKills, unfencedCount } from './unfenced.ts';
import { unfitOf, walFreeMiB } from './unfit.ts';

/** What this version of the protocol between Kornak members can do. */
const CAPABILITIES = { protocol: 1, can: ['pledge', 'guard', 'promise', 'revoke'] } as const;

const STATE_OF_JOB: Partial<Record<JobKind, MemberState>> = {
  bootstrap: 'initializing new cluster',
  clone: 'creating replica',
  startPrimary: 'starting',
  startStandby: 'starting',
  stop: 'stopping',
  copySlots: 'restarting',
  restart: 'restarting',
};

function stateOf(ctx: Context): MemberState {
  // Never `stopped`, which the others take for a release.
  if (unfencedCount(ctx) > 0) return 'stop failed';
  if (guardKills(ctx.obs) > 0 || ctx.obs.postgres.health.leftovers > 0) return 'stopping';
  const { postgres } = ctx.obs;
  const byWork = stateOfWork(ctx);
  if (byWork !== undefined) return byWork;
  if (postgres.sql.kind === 'seen') return 'running';
  if (postgres.postmaster !== undefined) return postgres.starting ? 'starting' : 'running';
  if (ctx.mem.startTries > 0) return 'start failed';
  return ctx.mem.role === 'primary' && ctx.mem.servingReign !== undefined && ctx.mem.switchover === undefined
    ? 'crashed'
    : 'stopped';
}

function isToStop({ primary, mem: { switchover } }: Context): boolean {
  return primary !== undefined && switchover !== undefined && switchover.stoppedMs === undefined;
}

/** Whoever asked for a new copy waits until it is there, whatever is done on the way. */
function stateOfWork(ctx: Context): MemberState | undefined {
  const { obs, mem } = ctx;
  if (mem.reclone?.cause === 'reinitialize') return 'creating replica';
  // Told with the decision: who takes over acts on it while the server stops.
  if (isToStop(ctx)) return 'stopping';
  return obs.job === undefined ? undefined : STATE_OF_JOB[obs.job.job.kind];
}

function roleOfStandby(ctx: Context): string {
  if (ctx.obs.job?.job.kind === 'promote') return 'promoted';
  return leadsStandby(ctx) ? 'standby_leader' : 'replica';
}

function roleOf(ctx: Context): string {
  if (ctx.obs.postgres.data.kind !== 'cluster') return 'uninitialized';
  if (ctx.primary !== undefined) return ctx.held === undefined && !ctx.paused ? 'demoted' : 'primary';
  if (ctx.standby !== undefined) return roleOfStandby(ctx);
  if (ctx.mem.role === 'primary')
    return ctx.held !== undefined && ctx.mem.switchover === undefined ? 'primary' : 'demoted';
  return 'replica';
}

function positions(ctx: Context): Partial<MemberData> {
  if (ctx.primary !== undefined) return { xlogLocation: ctx.primary.flushLsn, timeline: ctx.primary.timeline };
  if (ctx.standby === undefined) return {};
  const { receivedLsn, replayedLsn, timeline } = ctx.standby;
  const replicationState = replicationStateOf(ctx.standby);
  const streaming = replicationState === undefined ? {} : { replicationState };
  return {
    xlogLocation: maxLsn(receivedLsn, replayedLsn),
    receiveLsn: receivedLsn,
    replayLsn: replayedLsn,
    timeline,
    ...streaming,
  };
}

function kornakOf(ctx: Context): KornakCapabilities {
  const unfit = unfitOf(ctx);
  const free = walFreeMiB(ctx);
  const unfenced = unfencedCount(ctx);
  return {
    ...CAPABILITIES,
    ...(unfit === undefined ? {} : { unfit: unfit.kind }),
    ...(free === undefined ? {} : { walFreeMiB: free }),
    ...(unfenced === 0 ? {} : { unfenced }),
    ...synchronousCommitOf(ctx),
    ...healingOf(ctx),
    ...catalogXmins(ctx),
  };
}

/** Of a leader; what it last told stands while the server does not answer. */
function synchronousCommitOf({ primary, held, mem }: Context): Pick<KornakCapabilities, 'synchronousCommit'> {
  const told = held === undefined ? undefined : mem.published?.data.kornak?.synchronousCommit;
  const synchronousCommit = primary?.sync.synchronousCommit ?? told;
  return synchronousCommit === undefined ? {} : { synchronousCommit };
}

function restartsOf({ mem }: Context): Partial<MemberData> {
  const { pendingRestart, scheduledRestart } = mem;
  return {
    ...(pendingRestart === undefined ? {} : { pendingRestart: true as const, pendingRestartReason: pendingRestart }),
    ...(scheduledRestart === undefined ? {} : { scheduledRestart: scheduledRestartFields(scheduledRestart) }),
  };
}

/** `members/NAME` as it is now. */
export function memberDataNow(ctx: Context): MemberData {
  const { self } = ctx.obs;
  const promoted = ctx.held !== undefined && ctx.mem.checkpointReign !== ctx.held.reign && !leadsStandby(ctx);
  return {
    connUrl: self.connUrl,
    apiUrl: self.apiUrl,
    state: stateOf(ctx),
    role: roleOf(ctx),
    version: self.version,
    ...positions(ctx),
    ...(promoted ? { checkpointAfterPromote: false as const } : {}),
    ...withLeaving(ctx),
    ...restartsOf(ctx),
    ...(ctx.paused ? { pause: true as const } : {}),
    kornak: kornakOf(ctx),
  };
}

function healingOf({ mem }: Context): Pick<KornakCapabilities, 'healing'> {
  if (mem.healing === undefined) return {};
  const { rung, tries, why } = mem.healing;
  return { healing: { rung, tries, why } };
}

function sameHealth({ kornak: a }: MemberData, { kornak: b }: MemberData): boolean {
  const isSame = a?.unfit === b?.unfit && a?.unfenced === b?.unfenced && a?.synchronousCommit === b?.synchronousCommit;
  return isSame && JSON.stringify(a?.healing) === JSON.stringify(b?.healing);
}

/** Same but for positions, which change all the time and are told once a loop_wait. */
function sameStanding(a: MemberData, b: MemberData): boolean {
  return (
    a.state === b.state &&
    a.role === b.role &&
    a.timeline === b.timeline &&
    a.replicationState === b.replicationState &&
    a.checkpointAfterPromote === b.checkpointAfterPromote &&
    a.pause === b.pause &&
    a.connUrl === b.connUrl &&
    a.apiUrl === b.apiUrl &&
    sameHealth(a, b) &&
    JSON.stringify([a.tags, a.pendingRestartReason, a.scheduledRestart]) ===
      JSON.stringify([b.tags, b.pendingRestartReason, b.scheduledRestart])
  );
}

/** What to publish: the last published data again while only positions moved and a loop_wait has not passed. */
export function publication(ctx: Context): NonNullable<Memory['published']> {
  const data = memberDataNow(ctx);
  const last = ctx.mem.published;
  const fresh = last !== undefined && ctx.nowMs - last.atMs < ctx.config.loopWaitMs;
  return last !== undefined && fresh && sameStanding(last.data, data) ? last : { data, atMs: ctx.nowMs };
}
