// Values of Kornak's own keys, which Patroni ignores.
import type { Pledge, ReignRecord } from '../model/cluster.ts';
import type { WalPosition } from '../model/lsn.ts';
import { compactJson, parseJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { countField, lsnField, recordFromJson, textField } from './fields.ts';

export function decodeReign(text: string): Decoded<ReignRecord | undefined> {
  const record = recordFromJson(text);
  const name = record && textField(record, 'name');
  const timeline = record && countField(record, 'timeline');
  if (name === undefined || timeline === undefined) return { value: undefined, why: 'no reign record' };
  return { value: { name, timeline } };
}

export function encodeReign({ name, timeline }: ReignRecord): string {
  return compactJson({ name, timeline });
}

/** `revision` and `name` come from the key. */
export function decodePledge(text: string): Decoded<Pick<Pledge, 'reign' | 'position'> | undefined> {
  const record = recordFromJson(text);
  const reign = record && countField(record, 'reign');
  const timeline = record && countField(record, 'timeline');
  const lsn = record && lsnField(record, 'lsn');
  if (reign === undefined || timeline === undefined || lsn === undefined) return { value: undefined, why: 'no pledge' };
  return { value: { reign, position: { timeline, lsn } } };
}

export function encodePledge(reign: number, { timeline, lsn }: WalPosition): string {
  return compactJson({ reign, timeline, lsn });
}

export function decodeEvents(text: string): Decoded<readonly unknown[]> {
  const events = parseJson(text)?.value;
  return Array.isArray(events) ? { value: events } : { value: [], why: 'not a JSON array' };
}

export function encodeEvents(events: readonly unknown[]): string {
  return compactJson(events);
}
