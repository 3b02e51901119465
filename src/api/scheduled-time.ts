import { epochMsOf } from '../core/model/timestamp.ts';
import { type Answer, text } from './answer.ts';

export interface Now {
  readonly wallMs: number;
  readonly isPaused: boolean;
}

/** A good time, but for the zone. */
const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d+)?)?)?)?$/;

/** Why something cannot be done at that time; undefined: it can. */
export function timeRefusal(action: 'switchover' | 'restart', at: string, wallMs: number): Answer | undefined {
  if (WITHOUT_ZONE.test(at.trim())) return text(400, `Timezone information is mandatory for the scheduled ${action}`);
  const atMs = epochMsOf(at);
  if (atMs === undefined) {
    return text(422, 'Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601');
  }
  return atMs < wallMs ? text(422, `Cannot schedule ${action} in the past`) : undefined;
}
