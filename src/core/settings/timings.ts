import { cappedSeconds, note, type SettingReader, valueOf } from './read-settings.ts';

interface Timings {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
}

const TTL_MIN_S = 20;
const LOOP_WAIT_MIN_S = 1;
const RETRY_TIMEOUT_MIN_S = 3;

/** Whole seconds as text or number, fractions cut off; undefined for anything else. */
function secondsFrom(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  return typeof value === 'string' && /^\s*[-+]?[0-9]{1,15}\s*$/.test(value) ? Number(value) : undefined;
}

function readSeconds(reader: SettingReader, key: string, fallbackS: number, minS: number): number {
  const value = valueOf(reader, key);
  if (value === undefined) return fallbackS;
  const seconds = secondsFrom(value);
  if (seconds === undefined) {
    note(reader, key, 'must be a whole number of seconds', 'rejects');
    return fallbackS;
  }
  if (seconds < minS) note(reader, key, `is below the least; ${minS} is used`);
  return cappedSeconds(reader, key, Math.max(seconds, minS));
}

/**
 * `ttl`, `loop_wait` and `retry_timeout`, made to fit each other: loop_wait + 2 * retry_timeout must not exceed ttl,
 * so that a member has two tries at the store in each life of its lease.
 */
export function readTimings(reader: SettingReader): Timings {
  const loopWait = readSeconds(reader, 'loop_wait', 10, LOOP_WAIT_MIN_S);
  const retryTimeout = readSeconds(reader, 'retry_timeout', 10, RETRY_TIMEOUT_MIN_S);
  const ttl = readSeconds(reader, 'ttl', 30, TTL_MIN_S);
  if (LOOP_WAIT_MIN_S + 2 * retryTimeout > ttl) {
    const fitting = Math.floor((ttl - LOOP_WAIT_MIN_S) / 2);
    note(
      reader,
      'retry_timeout',
      `does not fit into ttl ${ttl} twice; retry_timeout ${fitting} and loop_wait ${LOOP_WAIT_MIN_S} are used`,
    );
    return { ttlMs: ttl * 1000, loopWaitMs: LOOP_WAIT_MIN_S * 1000, retryTimeoutMs: fitting * 1000 };
  }
  const fitting = Math.min(loopWait, ttl - 2 * retryTimeout);
  if (fitting < loopWait)
    note(reader, 'loop_wait', `loop_wait + 2 * retry_timeout exceeds ttl ${ttl}; ${fitting} is used`);
  return { ttlMs: ttl * 1000, loopWaitMs: fitting * 1000, retryTimeoutMs: retryTimeout * 1000 };
}
