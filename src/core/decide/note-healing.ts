import { changed } from '../model/changed.ts';
import type { FinishedJob } from '../model/job.ts';
import type { StandbyStatus } from '../model/local-postgres.ts';
import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import { known } from '../model/seen.ts';
import { LIMITS } from './limits.ts';

type HealingFacts = Pick<
  Memory,
  'healing' | 'reclone' | 'recorded' | 'asideRefused' | 'notStreamingSinceMs' | 'progress'
>;

const WELL: HealingFacts = {
  healing: undefined,
  reclone: undefined,
  recorded: undefined,
  asideRefused: undefined,
  notStreamingSinceMs: undefined,
  progress: undefined,
};

/** How a standby gets on. Whoever leads, or streams and replays, is well: what was done about it before counts no more. */
export function noteHealing(mem: Memory, obs: Observation): Memory {
  const sql = known(obs.postgres.sql);
  if (sql?.kind === 'primary') return changed(mem, WELL);
  const progress = sql === undefined ? mem.progress : progressOf(mem, sql, obs.nowMs);
  const streams = sql?.receiver?.status === 'streaming';
  if (!streams) return changed(mem, { progress, notStreamingSinceMs: sinceMs(mem, obs) });
  const isAsked = mem.reclone?.cause === 'reinitialize';
  if (isReplayStuck(sql, progress, obs.nowMs)) return changed(mem, { progress, notStreamingSinceMs: undefined });
  return changed(mem, { ...WELL, progress, ...(isAsked ? { reclone: mem.reclone } : {}) });
}

function sinceMs(mem: Memory, obs: Observation): number | undefined {
  const leader = known(obs.cluster)?.leader;
  const followsNobody = leader?.name === obs.self.name && mem.lastConfig?.standbyCluster === undefined;
  if (leader === undefined || followsNobody) return undefined;
  return mem.notStreamingSinceMs ?? obs.nowMs;
}

function progressOf({ progress }: Memory, { receivedLsn, replayedLsn }: StandbyStatus, nowMs: number) {
  const isSame = progress?.receivedLsn === receivedLsn && progress.replayedLsn === replayedLsn;
  return isSame ? progress : { receivedLsn, replayedLsn, atMs: nowMs };
}

/** It has WAL that it does not replay, and has replayed nothing for long. */
export function isReplayStuck(
  { receivedLsn, replayedLsn }: StandbyStatus,
  progress: Memory['progress'],
  nowMs: number,
): boolean {
  if (progress === undefined || replayedLsn >= receivedLsn) return false;
  return nowMs - progress.atMs > LIMITS.replayStuckMs;
}

interface AsideNoted {
  readonly memory: Memory;
  /** What people have not been told yet. */
  readonly news: string | undefined;
}

/** Most often only people can help, so the reason is told once, stays in sight, and is tried at an easy pace. */
export function noteSetAside(mem: Memory, { outcome, endedMs }: FinishedJob): AsideNoted {
  if (outcome.kind === 'done') return { memory: { ...mem, holdOffMs: 0, asideRefused: undefined }, news: undefined };
  const { why } = outcome;
  const isKnown = mem.asideRefused === why;
  const before = mem.healing?.why === why ? mem.healing : undefined;
  const healing = before ?? { rung: 'clone' as const, tries: mem.cloneTries + 1, why, sinceMs: endedMs };
  const memory = { ...mem, healing, asideRefused: why, holdOffMs: endedMs + LIMITS.holdOffMaxMs };
  return { memory, news: isKnown ? undefined : why };
}
