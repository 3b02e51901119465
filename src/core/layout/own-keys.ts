// Values of Kornak's own keys, which Patroni ignores.
import type { LastPosition, Pledge, ReignRecord, UnguardedMark } from '../model/cluster.ts';
import type { WalPosition } from '../model/lsn.ts';
import { compactJson, parseJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { countField, fieldOf, type JsonRecord, lsnField, recordFromJson, textField, timelineFrom } from './fields.ts';

export function decodeReign(text: string): Decoded<ReignRecord | undefined> {
  const record = recordFromJson(text);
  const name = record && textField(record, 'name');
  const timeline = record && timelineFrom(fieldOf(record, 'timeline'));
  if (name === undefined || timeline === undefined) return { value: undefined, why: 'no reign record' };
  const from = positionIn(record);
  const priority = record && numberIn(record, 'priority');
  return { value: { name, timeline, ...(from && { from }), ...(priority === undefined ? {} : { priority }) } };
}

/** Versions that do not know the position read the rest of it. */
export function encodeReign({ name, timeline, from, priority }: ReignRecord): string {
  return compactJson({ name, timeline, from_timeline: from?.timeline, from_lsn: from?.lsn, priority });
}

function positionIn(record: JsonRecord | undefined): WalPosition | undefined {
  const timeline = record && countField(record, 'from_timeline');
  const lsn = record && lsnField(record, 'from_lsn');
  return timeline === undefined || lsn === undefined ? undefined : { timeline, lsn };
}

function numberIn(record: JsonRecord, name: string): number | undefined {
  const value = fieldOf(record, name);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

export function decodeLast(text: string): Decoded<LastPosition | undefined> {
  const record = recordFromJson(text);
  const name = record && textField(record, 'name');
  const reign = record && countField(record, 'reign');
  const timeline = record && timelineFrom(fieldOf(record, 'timeline'));
  const lsn = record && lsnField(record, 'lsn');
  if (record === undefined || name === undefined || reign === undefined || timeline === undefined || lsn === undefined)
    return { value: undefined, why: 'no last position' };
  return { value: { name, reign, timeline, lsn, final: fieldOf(record, 'final') === true } };
}

export function encodeLast({ name, reign, timeline, lsn, final }: LastPosition): string {
  return compactJson({ name, reign, timeline, lsn, final });
}

/** `revision` and `name` come from the key. */
export function decodePledge(text: string): Decoded<Pick<Pledge, 'reign' | 'position'> | undefined> {
  const record = recordFromJson(text);
  const reign = record && countField(record, 'reign');
  const timeline = record && timelineFrom(fieldOf(record, 'timeline'));
  const lsn = record && lsnField(record, 'lsn');
  if (reign === undefined || timeline === undefined || lsn === undefined) return { value: undefined, why: 'no pledge' };
  return { value: { reign, position: { timeline, lsn } } };
}

export function encodePledge(reign: number, { timeline, lsn }: WalPosition): string {
  return compactJson({ reign, timeline, lsn });
}

/** A mark that means nothing is one all the same: whoever wrote it meant to keep the key from others. */
export function decodeUnguarded(text: string): Decoded<Pick<UnguardedMark, 'reign'>> {
  const record = recordFromJson(text);
  const reign = record && countField(record, 'reign');
  return reign === undefined
    ? { value: { reign: 0 }, why: 'no mark of an unguarded PostgreSQL' }
    : { value: { reign } };
}

export function encodeUnguarded({ reign, systemId }: { readonly reign: number; readonly systemId: string }): string {
  return compactJson({ reign, system_id: systemId });
}

export function decodeEvents(text: string): Decoded<readonly unknown[]> {
  const events = parseJson(text)?.value;
  return Array.isArray(events) ? { value: events } : { value: [], why: 'not a JSON array' };
}

export function encodeEvents(events: readonly unknown[]): string {
  return compactJson(events);
}
