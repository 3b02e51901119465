import { createHash, timingSafeEqual } from 'node:crypto';
import type { Redacted } from '../core/model/redacted.ts';
import { type Answer, text } from './answer.ts';

export interface BasicAuthentication {
  readonly username: string;
  readonly password: Redacted<string>;
}

/** undefined: the request may go on. Only what changes something is asked; without `authentication` everybody may. */
export function refusal(
  authentication: BasicAuthentication | undefined,
  header: string | undefined,
): Answer | undefined {
  if (authentication === undefined) return undefined;
  if (header === undefined) return denied('no auth header received');
  const pair = `${authentication.username}:${authentication.password.reveal()}`;
  const expected = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  return timingSafeEqual(digest(header), digest(expected)) ? undefined : denied('not authenticated');
}

/** Of one length, as the comparison in constant time needs it. */
function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

function denied(body: string): Answer {
  return { ...text(401, body), headers: { 'WWW-Authenticate': 'Basic realm="Patroni"' } };
}
