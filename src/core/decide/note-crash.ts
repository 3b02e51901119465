import { changed } from '../model/changed.ts';
import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import { known } from '../model/seen.ts';

/** What is to be known of a primary once it cannot be asked any more. */
export function noteCrash(mem: Memory, { postgres, nowMs }: Observation): Memory {
  const sql = known(postgres.sql);
  return changed(mem, {
    goneMs: postgres.postmaster === undefined ? (mem.goneMs ?? nowMs) : undefined,
    synchronousCommit: sql?.kind === 'primary' ? sql.sync.synchronousCommit : mem.synchronousCommit,
  });
}
