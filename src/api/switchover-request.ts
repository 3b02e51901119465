// What a request for a switchover or failover asks for, and the first reason in it why it cannot be had.
import type { FailoverRequest } from '../core/model/cluster.ts';
import { type Answer, page, text } from './answer.ts';
import type { JsonObject } from './request-body.ts';
import { type Now, timeRefusal } from './scheduled-time.ts';

export type Action = 'switchover' | 'failover';

export interface Wanted {
  /** As clients read it in answers. */
  readonly action: Action;
  readonly leader: string | undefined;
  readonly candidate: string | undefined;
  readonly scheduledAt: string | undefined;
}

const FIELDS = ['leader', 'candidate', 'member', 'scheduled_at'] as const;

/** Steps 1 to 8 of the contract's evaluation order, as far as the request alone tells. */
export function wantedFrom(path: Action, body: JsonObject, now: Now): Wanted | Answer {
  if (FIELDS.some((name) => !isTextOrNull(fieldOf(body, name))))
    return page(400, 'leader, candidate and scheduled_at must be texts');
  const wanted = {
    leader: textOf(body, 'leader'),
    candidate: textOf(body, 'candidate') ?? textOf(body, 'member'),
    scheduledAt: textOf(body, 'scheduled_at'),
  };
  const refusal = firstRefusal(path, wanted, now);
  return refusal ?? { ...wanted, action: wanted.leader === undefined ? path : 'switchover' };
}

function fieldOf(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

function isTextOrNull(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

/** Clients send null or '' for what they do not ask for. */
function textOf(body: JsonObject, name: string): string | undefined {
  const value = fieldOf(body, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function failoverRequest({ leader, candidate, scheduledAt }: Wanted): FailoverRequest {
  return {
    ...(leader === undefined ? {} : { leader }),
    ...(candidate === undefined ? {} : { candidate }),
    ...(scheduledAt === undefined ? {} : { scheduledAt }),
  };
}

function firstRefusal(
  path: Action,
  { leader, candidate, scheduledAt }: Omit<Wanted, 'action'>,
  now: Now,
): Answer | undefined {
  if (path === 'failover' && candidate === undefined)
    return text(400, 'Failover could be performed only to a specific candidate');
  if (path === 'switchover' && leader === undefined)
    return text(400, 'Switchover could be performed only from a specific leader');
  const refusal = scheduledAt === undefined ? undefined : scheduleRefusal(path, scheduledAt, now);
  if (refusal !== undefined) return refusal;
  if (now.isPaused && candidate === undefined)
    return text(400, 'Switchover is possible only to a specific candidate in a paused state');
  return leader !== undefined && leader === candidate
    ? text(400, 'Switchover target and source are the same')
    : undefined;
}

function scheduleRefusal(path: Action, scheduledAt: string, { isPaused, wallMs }: Now): Answer | undefined {
  if (path === 'failover') return text(400, "Failover can't be scheduled");
  if (isPaused) return text(400, "Can't schedule switchover in the paused state");
  return timeRefusal('switchover', scheduledAt, wallMs);
}
