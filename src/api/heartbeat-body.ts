// One beat as a line of the stream: short, and readable by older and newer versions.
import { compactJson } from '../core/layout/compact-json.ts';
import { countField, recordFromJson, textField } from '../core/layout/fields.ts';
import type { Beat, BeatState } from '../core/model/leader-signs.ts';

const VERSION = 1;
const STATES: readonly BeatState[] = ['leads', 'stopping', 'withheld'];

export function beatLine({ reign, state, renewMs }: Beat): string {
  return `${compactJson({ v: VERSION, reign, state, renewMs: Math.ceil(renewMs) })}\n`;
}

/**
 * undefined: it is no beat. A later version may say more, which is ignored; a state that is not known here is no promise to lead
 * on, and counts as a stop on purpose, after which the lease decides.
 */
export function beatFrom(line: string): Beat | undefined {
  const record = recordFromJson(line);
  const version = record && countField(record, 'v');
  const reign = record && countField(record, 'reign');
  const renewMs = record && countField(record, 'renewMs');
  if (record === undefined || version === undefined || version < 1 || reign === undefined || reign < 1)
    return undefined;
  if (renewMs === undefined || renewMs < 1) return undefined;
  const said = textField(record, 'state');
  return { reign, renewMs, state: STATES.find((state) => state === said) ?? 'stopping' };
}
