import { durationMsFromText } from './quantity.ts';
import { note, type SettingReader, valueOf } from './read-settings.ts';

/**
 * Two tries at a renewal must fit before the deadline: a third of the lease until it is due, two tries of a sixth each with a
 * pause, and the deadline itself a sixth and the time of a kill before the end. From 2 s on they do; etcd grants no less either.
 */
export const LEADER_TTL_MS_MIN = 2_000;
/** An etcd election takes up to 2.9 s: what is left of the lease when a renewal is due must outlast it. */
const OUTLASTS_ELECTION_MS = 6_000;
const WITH_FAILSAFE_MS = 3_000;

/** A watchdog with the timeout `ttl - safety_margin` needs a lease half as long again; nothing needs a longer one. */
const OF_TTL = 1.5;

const KEY = 'leader_ttl';

/** The longest that may be used beside that `ttl`. */
export function leaderTtlMsMax(ttlMs: number): number {
  return ttlMs * OF_TTL;
}

/** `kornak.leader_ttl`, by default what fits the mode. One that cannot work rejects the whole document. */
export function readLeaderTtlMs(reader: SettingReader, isFailsafe: boolean, ttlMs: number): number {
  const fallbackMs = isFailsafe ? WITH_FAILSAFE_MS : OUTLASTS_ELECTION_MS;
  const value = valueOf(reader, KEY);
  if (value === undefined || value === null) return fallbackMs;
  const ms = durationMsFromText(value);
  const problem = ms === undefined ? 'must be seconds or a duration such as 2500ms or 5s' : leaderTtlProblem(ms, ttlMs);
  if (ms === undefined || problem !== undefined) {
    note(reader, KEY, problem ?? '', 'rejects');
    return fallbackMs;
  }
  if (!isFailsafe && ms < OUTLASTS_ELECTION_MS)
    note(reader, KEY, 'an election of etcd (up to 2.9 s) can outlast it and end the lead: set failsafe_mode, or 6 s');
  if (ms > ttlMs)
    note(reader, KEY, `is longer than ttl, which is ${ttlMs / 1000} s: the cluster waits as long for a dead leader`);
  return ms;
}

/** Why it cannot be used beside that `ttl`. */
export function leaderTtlProblem(ms: number, ttlMs: number): string | undefined {
  if (ms < LEADER_TTL_MS_MIN)
    return `must be at least ${LEADER_TTL_MS_MIN / 1000} s, so that two tries at a renewal fit into it`;
  const maxMs = leaderTtlMsMax(ttlMs);
  if (ms > maxMs) return `must be at most ${maxMs / 1000} s beside a ttl of ${ttlMs / 1000} s: lower it, or raise ttl`;
  return undefined;
}
