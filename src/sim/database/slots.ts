import type { LogicalSlot, LogicalSlotWork } from '../../core/model/logical-slot.ts';
import type { Server } from './server.ts';

/** A replication slot on a disk. */
export interface SimSlot {
  /** undefined: physical. */
  readonly logical: Omit<LogicalSlot, 'name'> | undefined;
  restartLsn: number | undefined;
  isLost: boolean;
}

export function physicalSlot(restartLsn: number | undefined): SimSlot {
  return { logical: undefined, restartLsn, isLost: false };
}

export function isInUse(server: Server | undefined, name: string): boolean {
  return server?.senders.some((each) => each.slot === name) === true;
}

/** Why nobody can stream through a slot; undefined: it is free. */
export function objectionToUse(server: Server, name: string): string | undefined {
  const slot = server.files.slots.get(name);
  if (slot === undefined) return `replication slot "${name}" does not exist`;
  if (slot.isLost) return `can no longer get changes from replication slot "${name}"`;
  return isInUse(server, name) ? `replication slot "${name}" is active` : undefined;
}

/** Why a slot cannot be moved there; undefined: it is. Never beyond what the server has replayed. */
export function advance(server: Server, name: string, to: number): string | undefined {
  const slot = server.files.slots.get(name);
  if (slot === undefined) return `replication slot "${name}" does not exist`;
  if (isInUse(server, name)) return `replication slot "${name}" is active`;
  if (slot.restartLsn === undefined || slot.isLost) return `replication slot "${name}" cannot be advanced`;
  slot.restartLsn = Math.max(slot.restartLsn, Math.min(to, server.replayed().lsn));
  return undefined;
}

/** Creates logical slots on a primary, and moves them on a standby. */
export function tend(server: Server, work: readonly LogicalSlotWork[]): void {
  for (const { name, database, plugin, to } of work) {
    if (to !== undefined) advance(server, name, Number(to));
    else if (server.role === 'primary' && !server.files.slots.has(name))
      server.files.slots.set(name, { logical: { database, plugin }, restartLsn: server.log().lsn, isLost: false });
  }
}

/** What keeps a slot from being copied, or the slot as it stands on the source. */
export function copyOf(source: Server, wanted: LogicalSlot): SimSlot | string {
  const slot = source.files.slots.get(wanted.name);
  if (slot?.logical === undefined) return `the leader has no logical slot ${wanted.name} yet`;
  const isOther = slot.logical.plugin !== wanted.plugin || slot.logical.database !== wanted.database;
  return isOther ? `the leader's slot ${wanted.name} is defined otherwise` : { ...slot };
}
