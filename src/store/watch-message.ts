// One message of a watch stream.
import type { Revision, WatchEvent } from '../ports/store.ts';
import { headerFrom, keyValueFrom, textFrom, type Header } from './answers.ts';
import { gatewayErrorFrom } from './gateway-error.ts';
import { int64From, isRecord, listFrom, recordFromText, type JsonRecord } from './json-record.ts';

export type WatchMessage =
  | { readonly kind: 'created'; readonly header: Header }
  | { readonly kind: 'events'; readonly events: readonly WatchEvent[]; readonly revision: Revision }
  /** Nothing to deliver. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'compacted'; readonly why: string }
  /** The stream is over or cannot be trusted any more. */
  | { readonly kind: 'broken'; readonly why: string };

export function watchMessageFrom(line: string): WatchMessage {
  const body = recordFromText(line);
  if (body === undefined)
    return { kind: 'broken', why: `a watch message that is no JSON object: ${line.slice(0, 120)}` };
  const error = gatewayErrorFrom(body);
  if (error !== undefined) return { kind: 'broken', why: error.message };
  const result = body['result'];
  const header = isRecord(result) ? headerFrom(result['header']) : undefined;
  if (!isRecord(result) || header === undefined) return { kind: 'broken', why: 'a watch message without a header' };
  return cancellationFrom(result) ?? contentFrom(result, header);
}

function cancellationFrom(result: JsonRecord): WatchMessage | undefined {
  const compactRevision = int64From(result['compact_revision'] ?? 0) ?? 0;
  if (compactRevision > 0) return { kind: 'compacted', why: `compacted up to revision ${compactRevision}` };
  if (result['canceled'] !== true) return undefined;
  const reason = result['cancel_reason'];
  return { kind: 'broken', why: `cancelled: ${typeof reason === 'string' ? reason : 'no reason given'}` };
}

function contentFrom(result: JsonRecord, header: Header): WatchMessage {
  if (result['created'] === true) return { kind: 'created', header };
  const events: WatchEvent[] = [];
  for (const value of listFrom(result['events']) ?? [undefined]) {
    const event = eventFrom(value);
    if (event === undefined) return { kind: 'broken', why: 'a watch event that cannot be understood' };
    events.push(event);
  }
  // The header's revision may be ahead of events that come with the next message: only events count.
  const revision = revisionOf(events.at(-1));
  return revision === undefined ? { kind: 'idle' } : { kind: 'events', events, revision };
}

function eventFrom(value: unknown): WatchEvent | undefined {
  if (!isRecord(value) || !isRecord(value['kv'])) return undefined;
  const type = value['type'] ?? 'PUT';
  if (type === 'DELETE') {
    const key = textFrom(value['kv']['key']);
    const modRevision = int64From(value['kv']['mod_revision']);
    return key && modRevision !== undefined ? { kind: 'delete', key, modRevision } : undefined;
  }
  const keyValue = type === 'PUT' ? keyValueFrom(value['kv']) : undefined;
  return keyValue && { kind: 'put', keyValue };
}

export function revisionOf(event: WatchEvent): Revision;
export function revisionOf(event: WatchEvent | undefined): Revision | undefined;
export function revisionOf(event: WatchEvent | undefined): Revision | undefined {
  return event?.kind === 'put' ? event.keyValue.modRevision : event?.modRevision;
}
