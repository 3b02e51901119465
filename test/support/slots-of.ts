import type { TestMember } from './kornak-cluster.ts';

export interface Slot {
  readonly name: string;
  readonly kind: string;
  readonly plugin: string | null;
  readonly hasXmin: boolean;
  readonly isActive: boolean;
  /** Bytes from the beginning of all WAL: restart for a physical slot, confirmed for a logical one. */
  readonly at: number | null;
}

export async function slotsOf(member: TestMember): Promise<Map<string, Slot>> {
  const rows = await member.sql(`
    select slot_name as name, slot_type as kind, plugin, coalesce(xmin, catalog_xmin) is not null and slot_type = 'physical' as "hasXmin",
      active as "isActive", (coalesce(confirmed_flush_lsn, restart_lsn) - '0/0')::float8 as at
    from pg_replication_slots where not temporary`);
  return new Map((rows as unknown as Slot[]).map((slot) => [slot.name, slot]));
}

/** The port of the server that it streams from. */
export async function upstreamOf(member: TestMember): Promise<string | undefined> {
  const rows = await member.sql('select sender_port::text as port from pg_stat_wal_receiver');
  const port = rows[0]?.['port'];
  return typeof port === 'string' ? port : undefined;
}
