import type { SyncState } from '../model/cluster.ts';
import type { SynchronousMode } from '../settings/dynamic-config.ts';
import { formatAnyOf, formatPlaceholder, formatSyncNames, isSameName, parseSyncNames } from './sync-names.ts';

interface Manner {
  readonly mode: SynchronousMode;
  readonly strict: boolean;
}

function textOf(names: readonly string[], count: number, { mode, strict }: Manner): string | undefined {
  if (names.length === 0) return strict && mode !== 'off' ? formatPlaceholder(mode === 'quorum') : undefined;
  return mode === 'quorum' || count < names.length ? formatAnyOf(names, count) : formatSyncNames(names);
}

/** What a new reign's commits wait for from the first on: so many of the voters that no quorum without them elects anybody (F14). */
export function namesOfNewReign(others: readonly string[], quorum: number, manner: Manner): string | undefined {
  return textOf(others, Math.max(others.length - quorum, Math.min(1, others.length)), manner);
}

/**
 * What the commits of a server that starts again in its reign wait for: enough for /sync as it stands, and for a write of it that
 * may still be on its way. That one was safe with what was last set.
 */
export function namesToRestartWith(sync: SyncState, lastSet: string | undefined, manner: Manner): string | undefined {
  const last = parseSyncNames(lastSet ?? '');
  const more = sync.voters.filter((voter) => !last.names.some((name) => isSameName(name, voter)));
  const names = [...last.names, ...more];
  // An agent of an earlier life set it: its last write may ask for as much as all of them.
  const count = lastSet === undefined ? names.length : last.count + more.length;
  return textOf(names, Math.max(names.length - sync.quorum, count), manner);
}
