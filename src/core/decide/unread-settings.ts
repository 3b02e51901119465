import type { Memory, SyncWatch } from '../model/memory.ts';
import type { SyncMove } from '../sync/sync-move.ts';
import type { EventDraft } from './context.ts';
import { LIMITS } from './limits.ts';

type Unread = SyncWatch['unread'];

/** Since when the same process has not read the setting; undefined: all have, or nobody asks. */
export function noteUnread(move: SyncMove | undefined, { syncWatch: { unread } }: Memory, nowMs: number): Unread {
  if (move?.isUnread !== true) return undefined;
  const sinceMs = unread?.why === move.why ? unread.sinceMs : nowMs;
  return { why: move.why, sinceMs, isTold: nowMs - sinceMs >= LIMITS.unreadMs };
}

/** Said once, so that whoever looks why no standby is admitted finds the process that is to blame. */
export function unreadEvents(now: Unread, { syncWatch: { unread } }: Memory): readonly EventDraft[] {
  const isSaid = now?.isTold !== true || (unread?.isTold === true && unread.why === now.why);
  return isSaid ? [] : [{ kind: 'sync.blocked', text: now.why }];
}
