import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import { known } from '../model/seen.ts';
import type { EventDraft } from './context.ts';
import { LIMITS } from './limits.ts';
import { unfencedCount } from './unfenced.ts';
import { volumeText } from './unfit.ts';

/** Everything that is wrong and has lasted long enough to be told, as stable text. */
function troubles(obs: Observation, mem: Memory): readonly string[] {
  const { health } = obs.postgres;
  const lasts = (sinceMs: number | undefined): boolean =>
    sinceMs !== undefined && obs.nowMs - sinceMs > LIMITS.troubleToldMs;
  const volumes = (known(health.storage) ?? []).filter(({ state, sinceMs }) => state !== 'ok' && lasts(sinceMs));
  const { server } = health;
  const left = unfencedCount({ obs, mem, nowMs: obs.nowMs });
  return [
    ...volumes.map(volumeText),
    ...(lasts(server.silentSinceMs) ? ['PostgreSQL answers no new connection'] : []),
    ...(lasts(server.stuckSinceMs) ? ['commits do not reach the WAL'] : []),
    ...(server.refusal === undefined ? [] : [`PostgreSQL turns new connections away: ${server.refusal}`]),
    ...(left === 0 ? [] : ['processes of PostgreSQL outlive SIGKILL: this member is not fenced']),
  ];
}

function walMoved(obs: Observation, mem: Memory): Memory['walMoved'] {
  const sql = known(obs.postgres.sql);
  if (sql?.kind !== 'primary') return sql === undefined ? mem.walMoved : undefined;
  if (mem.walMoved?.flushLsn === sql.flushLsn) return mem.walMoved;
  // Where it stands at first sight says nothing about when it got there.
  return { flushLsn: sql.flushLsn, atMs: mem.walMoved === undefined ? Number.NEGATIVE_INFINITY : obs.nowMs };
}

/** Takes what is known of server and storage into memory, and tells people of each change once. */
export function noteHealth(
  before: Memory,
  obs: Observation,
): { readonly memory: Memory; readonly events: readonly EventDraft[] } {
  const { postmaster, health } = obs.postgres;
  const isGone = postmaster === undefined && health.leftovers === 0;
  const answeredMs = Math.max(before.answeredMs, health.server.answeredMs ?? 0);
  const isOver =
    before.yielding !== undefined && obs.lease.kind === 'held' && obs.lease.reign !== before.yielding.reign;
  const mem: Memory = {
    ...before,
    answeredMs,
    walMoved: walMoved(obs, before),
    fencingSinceMs: isGone ? undefined : before.fencingSinceMs,
    yielding: isOver ? undefined : before.yielding,
  };
  const told = troubles(obs, mem).join('; ');
  if (told === mem.healthTold) return { memory: mem, events: [] };
  const kind = told.includes('not fenced') && !mem.healthTold.includes('not fenced') ? 'postgres.unfenced' : undefined;
  const text = `${obs.self.name}: ${told === '' ? 'storage and server are well again' : told}`;
  const left = unfencedCount({ obs, mem, nowMs: obs.nowMs });
  return {
    memory: { ...mem, healthTold: told },
    events: [{ kind: kind ?? 'health.changed', text, evidence: { before: mem.healthTold, unfenced: left } }],
  };
}
