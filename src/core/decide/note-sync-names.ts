import { changed } from '../model/changed.ts';
import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import { known } from '../model/seen.ts';

/** Whom commits wait for, as the primary of the lease held now tells; what a former reign had says nothing. */
export function noteSyncNames(mem: Memory, { lease, postgres }: Observation): Memory {
  if (lease.kind !== 'held') return changed(mem, { syncNamesSeen: undefined });
  const sql = known(postgres.sql);
  return sql?.kind === 'primary' ? changed(mem, { syncNamesSeen: sql.sync.names }) : mem;
}
