// What a request for a restart asks for, and the first reason in it why it cannot be had.
import type { RestartWish } from '../core/model/restart.ts';
import { durationMsFromText } from '../core/settings/quantity.ts';
import { serverVersionFrom } from '../core/settings/server-version.ts';
import { type Answer, text } from './answer.ts';
import type { JsonObject } from './request-body.ts';
import { type Now, timeRefusal } from './scheduled-time.ts';

export interface WantedRestart {
  readonly wish: RestartWish;
  /** undefined: now. */
  readonly schedule: string | undefined;
}

type Read = (value: unknown) => RestartWish | string;

const READERS: Readonly<Record<string, Read>> = {
  role: (value) => {
    const role = value === 'master' ? 'primary' : value;
    return role === 'primary' || role === 'standby_leader' || role === 'replica'
      ? { role }
      : 'PostgreSQL role should be either primary, standby_leader, or replica';
  },
  postgres_version: (value) => {
    const isVersion = typeof value === 'string' && serverVersionFrom(value) !== undefined;
    const expected = 'it should be X.Y (10 and later) or X.Y.Z';
    return isVersion ? { postgresVersion: value } : `Invalid PostgreSQL version ${JSON.stringify(value)}: ${expected}`;
  },
  timeout: (value) => {
    const timeoutMs = durationMsFromText(value);
    return timeoutMs === undefined || timeoutMs <= 0 ? 'Timeout should be a positive number of seconds' : { timeoutMs };
  },
  // Patroni goes by whether the key is there, whatever it holds.
  restart_pending: () => ({ restartPending: true }),
};

export function wantedRestart(body: JsonObject, now: Now): WantedRestart | Answer {
  const wish = wishFrom(body);
  if (typeof wish === 'string') return text(400, wish);
  const schedule = Object.hasOwn(body, 'schedule') ? body['schedule'] : undefined;
  if (schedule === undefined || schedule === null || schedule === '') return { wish, schedule: undefined };
  if (now.isPaused) return text(500, "Can't schedule restart in the paused state");
  const at = typeof schedule === 'string' ? schedule : JSON.stringify(schedule);
  return timeRefusal('restart', at, now.wallMs) ?? { wish, schedule: at };
}

/** The conditions, or what is wrong with the first that cannot be one. */
function wishFrom(body: JsonObject): RestartWish | string {
  let wish: RestartWish = {};
  for (const [key, value] of Object.entries(body)) {
    if (key === 'schedule') continue;
    const read = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
    const part = read === undefined ? `Unknown filter for the scheduled restart: ${key}` : read(value);
    if (typeof part === 'string') return part;
    wish = { ...wish, ...part };
  }
  return wish;
}
