// Liveness and readiness, as container platforms ask them.
import { lagLimit, type Query } from './query.ts';
import { leaderPosition, type Situation, TTL_DEFAULT_MS } from './situation.ts';

/** The loop still turns. Before its first cycle has ended, the time since the start counts. */
export function isAlive(situation: Situation | undefined, nowMs: number, startedMs: number): boolean {
  if (situation === undefined) return nowMs - startedMs < 2 * TTL_DEFAULT_MS;
  if (situation.isPaused) return true;
  const { ttlMs } = situation.config;
  return nowMs - situation.lastCycleMs < (situation.role === 'primary' ? ttlMs : 2 * ttlMs);
}

/** Leads, or streams and is not further behind than `lag`; `mode=write`: has received, else replayed. */
export function isReady(situation: Situation, query: Query): boolean {
  const { leads, state, replicationState, sql, view, config, isFailsafe } = situation;
  if (leads) return true;
  if (state !== 'running' || replicationState !== 'streaming' || sql?.kind !== 'standby') return false;
  if (view === undefined && sql.receiver?.latestEndLsn === undefined) return isFailsafe;
  const location = query.values.get('mode') === 'write' ? sql.receivedLsn : sql.replayedLsn;
  return leaderPosition({ view, sql }) - location <= (lagLimit(query) ?? BigInt(config.maximumLagOnFailoverBytes));
}
