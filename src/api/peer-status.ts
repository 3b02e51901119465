import { countFrom, fieldOf, isRecord, lsnField, recordFromJson, textField } from '../core/layout/fields.ts';
import type { JsonRecord } from '../core/layout/fields.ts';
import type { Tags } from '../core/model/cluster.ts';
import type { PeerStatus } from '../core/model/observation.ts';

/** Reads Patroni's status document; undefined where it tells no position, which is as good as no answer. */
export function peerStatusFrom(text: string): PeerStatus | undefined {
  const document = recordFromJson(text);
  if (document === undefined) return undefined;
  // Before PostgreSQL 10 was common the field was called xlog, and it still is; `wal` is what a few versions wrote.
  const xlog = fieldOf(document, 'xlog') ?? fieldOf(document, 'wal');
  if (!isRecord(xlog)) return undefined;
  const role = textField(document, 'role') ?? 'uninitialized';
  return {
    role: role === 'master' ? 'primary' : role,
    state: textField(document, 'state') ?? 'unknown',
    location: lsnField(xlog, 'location'),
    receivedLsn: lsnField(xlog, 'received_location'),
    replayedLsn: lsnField(xlog, 'replayed_location'),
    timeline: countFrom(fieldOf(document, 'timeline')),
    tags: tagsFrom(document),
    watchdogFailed: fieldOf(document, 'watchdog_failed') === true,
  };
}

export function tagsFrom(document: JsonRecord): Tags {
  const tags = fieldOf(document, 'tags');
  // What came out of JSON.parse is a tag value all the way down.
  return isRecord(tags) ? (tags as Tags) : {};
}
