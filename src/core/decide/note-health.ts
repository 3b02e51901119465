import { changed } from '../model/changed.ts';
import type { Memory } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import { known } from '../model/seen.ts';
import type { EventDraft } from './context.ts';
import { LIMITS } from './limits.ts';
import { guardKills, unfencedCount } from './unfenced.ts';
import { volumeText } from './unfit.ts';

const UNFENCED = 'processes of PostgreSQL outlive SIGKILL: this member is not fenced';

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
    ...(left === 0 ? [] : [UNFENCED]),
  ];
}

function walMoved(obs: Observation, mem: Memory): Memory['walMoved'] {
  const sql = known(obs.postgres.sql);
  if (sql?.kind !== 'primary') return sql === undefined ? mem.walMoved : undefined;
  if (mem.walMoved?.flushLsn === sql.flushLsn) return mem.walMoved;
  // Where it stands at first sight says nothing about when it got there.
  return { flushLsn: sql.flushLsn, atMs: mem.walMoved === undefined ? Number.NEGATIVE_INFINITY : obs.nowMs };
}

function since(isSo: boolean, beforeMs: number | undefined, nowMs: number): number | undefined {
  return isSo ? (beforeMs ?? nowMs) : undefined;
}

function remember(before: Memory, obs: Observation): Memory {
  const { postmaster, health, sql } = obs.postgres;
  const isLeft = postmaster === undefined && health.leftovers > 0;
  // Who answers has not been killed.
  const isOver = sql.kind === 'seen' || (postmaster === undefined && !isLeft);
  const { yielding } = before;
  const isAnotherReign = yielding !== undefined && obs.lease.kind === 'held' && obs.lease.reign !== yielding.reign;
  return changed(before, {
    answeredMs: Math.max(before.answeredMs, health.server.answeredMs ?? 0),
    walMoved: walMoved(obs, before),
    fencingSinceMs: isOver ? undefined : before.fencingSinceMs,
    guardKillsSinceMs: since(guardKills(obs) > 0, before.guardKillsSinceMs, obs.nowMs),
    leftoversSinceMs: since(isLeft, before.leftoversSinceMs, obs.nowMs),
    yielding: isAnotherReign ? undefined : yielding,
  });
}

/** Takes what is known of server and storage into memory, and tells people of each change once. */
export function noteHealth(
  before: Memory,
  obs: Observation,
): { readonly memory: Memory; readonly events: readonly EventDraft[] } {
  const mem = remember(before, obs);
  const told = troubles(obs, mem).join('; ');
  if (told === mem.healthTold) return { memory: mem, events: [] };
  const left = unfencedCount({ obs, mem, nowMs: obs.nowMs });
  const isNew = left > 0 && !mem.healthTold.includes(UNFENCED);
  const text = `${obs.self.name}: ${told === '' ? 'storage and server are well again' : told}`;
  const evidence = { before: mem.healthTold, unfenced: left };
  return {
    memory: { ...mem, healthTold: told },
    events: [{ kind: isNew ? 'postgres.unfenced' : 'health.changed', text, evidence }],
  };
}
