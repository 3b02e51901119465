import type { PrimaryStatus, Sender } from '../model/local-postgres.ts';
import { isSameName, type SyncNames } from './sync-names.ts';
import type { SyncMove, SyncScene } from './sync-move.ts';

/** What a walsender is about before it may release commits, and it looks for new settings on the way there. */
const BEFORE_STREAMING = ['startup', 'backup', 'catchup'];

function isListed({ name }: Sender, { names }: SyncNames): boolean {
  return names.some((each) => isSameName(each, name));
}

/** Who may still release commits by a former setting: it was named by one, as far as anybody knows, and has not read the last. */
function isLate(row: Sender, wanted: SyncNames): boolean {
  const mayRelease = !BEFORE_STREAMING.includes(row.state) && (row.slot !== undefined || isListed(row, wanted));
  return mayRelease && !row.hasReadSettings;
}

/**
 * Who has not read what commits are to wait for; undefined: it is in force. Each walsender knows whom they wait for, and of how
 * many, by itself, and tells no more of it than its own place in the list; the checkpointer decides whether they wait at all. One
 * that has told no position yet releases nobody.
 */
function awaited({ sync, senders }: PrimaryStatus, wanted: SyncNames): string | undefined {
  const untold = senders.find((row) => row.flushLsn !== undefined && row.syncPriority > 0 !== isListed(row, wanted));
  const late = untold ?? senders.find((row) => isLate(row, wanted));
  if (late !== undefined) return `the walsender of ${late.name}`;
  return sync.checkpointerIdleSinceReload ? undefined : 'the checkpointer';
}

/** The mark that standbys are to pass, where the setting has none yet; a wait until it can be taken. */
export function markMove({ input, footing }: SyncScene): SyncMove | undefined {
  const { primary } = input;
  const text = primary.sync.names;
  if (footing.holders !== undefined || footing.names.names.length === 0) return undefined;
  const late = awaited(primary, footing.names);
  if (late !== undefined)
    return { why: `waiting for ${late} to have read that commits wait for ${text}`, isUnread: true };
  return { why: `${text} is in force: mark taken`, mark: { names: text, lsn: primary.flushLsn } };
}
