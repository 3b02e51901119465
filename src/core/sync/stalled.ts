import type { PrimaryStatus, Sender } from '../model/local-postgres.ts';
import type { Lsn } from '../model/lsn.ts';
import type { SyncStall } from '../model/memory.ts';
import type { PeerStatus } from '../model/observation.ts';
import type { Seen } from '../model/seen.ts';
import { waitedLsn } from './standbys.ts';
import { isSameName, parseSyncNames } from './sync-names.ts';

/** A standby that has acknowledged nothing for so long, while there is something to acknowledge, is asked whether it lives. */
export const SUSPECT_MS = 1_000;

export type Stalls = ReadonlyMap<string, SyncStall>;

interface Sight {
  readonly nowMs: number;
  readonly peers: ReadonlyMap<string, Seen<PeerStatus>>;
}

/** undefined: it has acknowledged everything, or nobody waits for it. */
function stallOf(sender: Sender, before: Stalls, primary: PrimaryStatus): Lsn | undefined {
  const lsn = waitedLsn(sender, primary.sync.synchronousCommit);
  if (sender.state !== 'streaming' || lsn === undefined || lsn >= primary.flushLsn) return undefined;
  const { names } = parseSyncNames(primary.sync.names);
  const isWaitedFor = names.some((name) => isSameName(name, sender.name)) || before.get(sender.name)?.dead === true;
  return isWaitedFor ? lsn : undefined;
}

/**
 * Standbys that commits wait for and that stand still. A connection to a machine that died without a word looks alive for
 * wal_sender_timeout, a minute by default; one that stands still and whose agent does not answer either is taken for dead,
 * until it moves.
 */
export function noteStalls(before: Stalls, primary: PrimaryStatus, { nowMs, peers }: Sight): Stalls {
  const now = new Map<string, SyncStall>();
  for (const sender of primary.senders) {
    const lsn = stallOf(sender, before, primary);
    if (lsn === undefined) continue;
    const last = before.get(sender.name);
    const stall = last?.lsn === lsn ? last : { lsn, sinceMs: nowMs, dead: false };
    const isSilent = peers.get(sender.name)?.kind === 'unknown';
    now.set(sender.name, isSilent && nowMs - stall.sinceMs >= SUSPECT_MS ? { ...stall, dead: true } : stall);
  }
  return now;
}

/** Whom to ask now. */
export function suspects(stalls: Stalls, nowMs: number): readonly string[] {
  return [...stalls].filter(([, stall]) => !stall.dead && nowMs - stall.sinceMs >= SUSPECT_MS).map(([name]) => name);
}

export function deadOnes(stalls: Stalls): ReadonlySet<string> {
  return new Set([...stalls].filter(([, { dead }]) => dead).map(([name]) => name));
}
