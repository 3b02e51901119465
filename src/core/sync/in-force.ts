import type { PrimaryStatus } from '../model/local-postgres.ts';
import { isSameName, type SyncNames } from './sync-names.ts';
import type { SyncMove, SyncScene } from './sync-move.ts';

/**
 * The walsenders know whom commits wait for, and so does the checkpointer, which decides whether they wait at all. One that has
 * told no position yet releases nobody.
 */
export function isInForce({ sync, senders }: PrimaryStatus, wanted: SyncNames): boolean {
  const isListed = (name: string): boolean => wanted.names.some((each) => isSameName(each, name));
  const told = senders.every((row) => row.flushLsn === undefined || row.syncPriority > 0 === isListed(row.name));
  return sync.checkpointerIdleSinceReload && told;
}

/** The mark that standbys are to pass, where the setting has none yet; a wait until it can be taken. */
export function markMove({ input, footing }: SyncScene): SyncMove | undefined {
  const { primary } = input;
  const text = primary.sync.names;
  if (footing.holders !== undefined || footing.names.names.length === 0) return undefined;
  if (!isInForce(primary, footing.names)) return { why: `waiting for ${text} to be in force` };
  return { why: `${text} is in force: mark taken`, mark: { names: text, lsn: primary.flushLsn } };
}
