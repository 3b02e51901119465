import type { ClusterStatus } from '../model/cluster.ts';
import type { Lsn } from '../model/lsn.ts';
import { compactJson, parseJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { fieldOf, isList, isRecord, type JsonRecord, lsnField, lsnFrom, recordFromJson } from './fields.ts';

export const NO_STATUS: ClusterStatus = { optime: undefined, slots: {}, retainSlots: [] };

/** A bare number is how Patroni wrote it first, and still writes `optime/leader`. */
export function decodeStatus(text: string): Decoded<ClusterStatus> {
  const parsed = parseJson(text);
  const optime = lsnFrom(parsed?.value);
  if (optime !== undefined) return { value: { optime, slots: {}, retainSlots: [] } };
  if (parsed === undefined || !isRecord(parsed.value))
    return { value: NO_STATUS, why: 'neither a JSON object nor a position' };
  const record = parsed.value;
  return {
    value: { optime: lsnField(record, 'optime'), slots: slotsFrom(record), retainSlots: retainSlotsFrom(record) },
  };
}

/** `slots` and `retain_slots` are left out while there is none. */
export function encodeStatus(optime: Lsn, { slots, retainSlots }: Omit<ClusterStatus, 'optime'>): string {
  return compactJson({
    optime,
    slots: Object.keys(slots).length === 0 ? undefined : slots,
    retain_slots: retainSlots.length === 0 ? undefined : retainSlots.toSorted(),
  });
}

function slotsFrom(record: JsonRecord): Readonly<Record<string, Lsn>> {
  const written = fieldOf(record, 'slots');
  const slots = typeof written === 'string' ? recordFromJson(written) : written;
  if (!isRecord(slots)) return {};
  const positions = Object.entries(slots).map(([name, position]) => ({ name, lsn: lsnFrom(position) }));
  return Object.fromEntries(positions.flatMap(({ name, lsn }) => (lsn === undefined ? [] : [[name, lsn]])));
}

function retainSlotsFrom(record: JsonRecord): readonly string[] {
  const written = fieldOf(record, 'retain_slots');
  const names = typeof written === 'string' ? parseJson(written)?.value : written;
  return isList(names) ? names.filter((name) => typeof name === 'string') : [];
}
