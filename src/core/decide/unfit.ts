// What keeps the local PostgreSQL from serving as a primary, and whether somebody else would do better.
import { unionOf } from '../election/election.ts';
import type { ClusterView, Member } from '../model/cluster.ts';
import type { VolumeHealth } from '../model/health.ts';
import type { Unfit } from '../model/memory.ts';
import { known } from '../model/seen.ts';
import { isNeverLeader } from '../model/tags.ts';
import type { Context } from './context.ts';
import { LIMITS } from './limits.ts';

const MIB = 1024 * 1024;
const WORST_FIRST = ['stalled', 'failing', 'readOnly', 'full'] as const;

export const VOLUME_TEXT = {
  ok: 'is well',
  stalled: 'does not answer',
  readOnly: 'is read-only',
  full: 'is full',
  failing: 'fails',
} as const;

const VOLUME_NAME = { data: 'data directory', wal: 'pg_wal', log: 'log directory', state: 'state directory' } as const;

export function volumeText({ use, path, state, why }: VolumeHealth): string {
  return `the ${VOLUME_NAME[use]} ${path} ${VOLUME_TEXT[state]}${why === undefined ? '' : ` (${why})`}`;
}

/** Those without which there is no PostgreSQL. */
function vital(ctx: Context): readonly VolumeHealth[] {
  return (known(ctx.obs.postgres.health.storage) ?? []).filter(({ use }) => use === 'data' || use === 'wal');
}

/**
 * A write that takes long while WAL goes on reaching the disk is slow, and slow is not dead. Where one of the two directories
 * answers they are on different disks, and WAL tells nothing of the other.
 */
function troubledSinceMs(ctx: Context, { state, sinceMs }: VolumeHealth): number {
  const isOneDisk = vital(ctx).every((volume) => volume.state === 'stalled');
  return state === 'stalled' && isOneDisk ? Math.max(sinceMs, ctx.mem.walMoved?.atMs ?? sinceMs) : sinceMs;
}

function storageTrouble(ctx: Context, forMs: number): Unfit | undefined {
  const lasting = vital(ctx).filter((volume) => ctx.nowMs - troubledSinceMs(ctx, volume) > forMs);
  for (const kind of WORST_FIRST) {
    const volume = lasting.find(({ state }) => state === kind);
    if (volume !== undefined) return { kind, why: volumeText(volume) };
  }
  return undefined;
}

/**
 * Where the machine is short of processor time, a new process, such as a new connection needs, may wait for seconds while those
 * that stand are served. To kill those for it would be the outage.
 */
function servesOthers({ primary, mem, nowMs, config }: Context): boolean {
  return primary !== undefined && mem.walMoved !== undefined && nowMs - mem.walMoved.atMs <= config.healthTimeoutMs;
}

function serverTrouble(ctx: Context): Unfit | undefined {
  const { postmaster, starting, health } = ctx.obs.postgres;
  if (postmaster === undefined || starting || ctx.obs.job?.job.kind === 'stop' || ctx.obs.job?.job.kind === 'restart')
    return undefined;
  const { silentSinceMs, stuckSinceMs } = health.server;
  const { healthTimeoutMs } = ctx.config;
  const lasts = (sinceMs: number | undefined, forMs = healthTimeoutMs): boolean =>
    sinceMs !== undefined && ctx.nowMs - sinceMs > forMs;
  if (lasts(silentSinceMs, healthTimeoutMs * (servesOthers(ctx) ? LIMITS.patienceWhileServing : 1)))
    return { kind: 'hung', why: 'PostgreSQL answers no new connection' };
  return lasts(stuckSinceMs) ? { kind: 'hung', why: 'commits do not reach the WAL' } : undefined;
}

/** What has been wrong with storage or server for longer than `health_timeout`, the worst first. */
export function unfitOf(ctx: Context): Unfit | undefined {
  return storageTrouble(ctx, ctx.config.healthTimeoutMs) ?? serverTrouble(ctx);
}

/** Nothing can be written now, so nothing can be started or promoted; a full disk may still have room for that. */
export function storageBarsStart(ctx: Context): Unfit | undefined {
  const trouble = storageTrouble(ctx, LIMITS.primaryQuietMs);
  return trouble === undefined || trouble.kind === 'full' ? undefined : trouble;
}

/** Free space for WAL in whole MiB; undefined: not known. */
export function walFreeMiB(ctx: Context): number | undefined {
  const volumes = vital(ctx);
  const free = (volumes.find(({ use }) => use === 'wal') ?? volumes[0])?.freeBytes;
  return free === undefined ? undefined : Math.floor(free / MIB);
}

/** Members that could lead in this one's stead and have nothing published against them. */
export function betterOff(ctx: Context, unfit: Unfit): readonly Member[] {
  const { view } = ctx;
  if (view === undefined) return [];
  const fit = view.members.filter((member) => couldLead(ctx, view, member) && hasRoom(ctx, unfit, member));
  const union = unionOf(view);
  if (union.length === 0) return fit;
  const isVoter = ({ name }: Member): boolean => union.some((voter) => voter.toLowerCase() === name.toLowerCase());
  const voting = view.members.filter(
    (member) => member.name !== ctx.me && member.data.state === 'running' && isVoter(member),
  );
  return voting.length > view.sync.value.quorum ? fit.filter(isVoter) : [];
}

function couldLead(ctx: Context, view: ClusterView, { name, data }: Member): boolean {
  if (name === ctx.me || data.state !== 'running' || data.role === 'primary') return false;
  if (isNeverLeader(data.tags) || data.kornak?.unfit !== undefined) return false;
  const { optime } = view.status;
  if (optime === undefined || unionOf(view).length > 0) return true;
  return optime - (data.xlogLocation ?? 0n) <= BigInt(ctx.config.maximumLagOnFailoverBytes);
}

/** Where space is what lacks, a member must be known to have more of it: the next full disk is no help. */
function hasRoom(ctx: Context, unfit: Unfit, { data }: Member): boolean {
  if (unfit.kind !== 'full') return true;
  const theirs = data.kornak?.walFreeMiB ?? 0;
  return theirs >= LIMITS.roomMiB && theirs > (walFreeMiB(ctx) ?? 0);
}
