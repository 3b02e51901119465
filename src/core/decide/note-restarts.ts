import { changed } from '../model/changed.ts';
import type { SqlStatus } from '../model/local-postgres.ts';
import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import { known } from '../model/seen.ts';
import { pendingRestart } from '../settings/pending-restart.ts';

/** One that was to begin and is not there has not begun. */
function restartNow({ restart }: Memory, { job, ended }: Observation): Memory['restart'] {
  const isAtIt = job?.job.kind === 'restart' || ended?.job.kind === 'restart';
  if (restart === undefined || restart.outcome !== undefined || isAtIt) return restart;
  return { ...restart, outcome: { ok: false, text: 'restart failed' } };
}

/** Of a server that does not answer nothing new is known. */
function pendingNow(
  { lastConfig, pendingRestart: before }: Memory,
  sql: SqlStatus | undefined,
): Memory['pendingRestart'] {
  if (sql?.startup === undefined || lastConfig === undefined) return before;
  return pendingRestart(sql.startup, lastConfig.parameters);
}

export function noteRestarts(mem: Memory, obs: Observation): Memory {
  const sql = known(obs.postgres.sql);
  return changed(mem, {
    restart: restartNow(mem, obs),
    restartFailedReign: sql?.kind === 'primary' ? undefined : mem.restartFailedReign,
    pendingRestart: pendingNow(mem, sql),
  });
}
