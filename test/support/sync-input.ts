import type { SyncInput } from '../../src/core/sync/sync-move.ts';
import type { SyncMember } from '../../src/core/sync/standbys.ts';
import { isSameName, parseSyncNames } from '../../src/core/sync/sync-names.ts';
import { primaryStatus, sender, syncOf } from './core-builders.ts';

export const syncMember = (name: string, more: Partial<SyncMember> = {}): SyncMember => ({
  name,
  priority: 1,
  nofailover: false,
  replicatefrom: undefined,
  ...more,
});

/** b and c stream; commits wait by `names`, and the walsenders of `acknowledging` know it. */
export const streaming = (names: string, ...acknowledging: string[]): SyncInput['primary'] =>
  primaryStatus({
    senders: ['b', 'c'].map((name) => sender(name, { syncPriority: acknowledging.includes(name) ? 1 : 0 })),
    sync: { names, synchronousCommit: 'on', checkpointerIdleSinceReload: true },
  });

/** `who` stream; commits wait by `names`, which is in force. */
export function waiting(names: string, ...who: string[]): SyncInput['primary'] {
  const listed = parseSyncNames(names).names;
  return primaryStatus({
    senders: who.map((name) =>
      sender(name, { syncPriority: listed.some((each) => isSameName(each, name)) ? 1 : 0, slot: name.toLowerCase() }),
    ),
    sync: { names, synchronousCommit: 'on', checkpointerIdleSinceReload: true },
  });
}

export function syncInput(more: Partial<SyncInput> = {}): SyncInput {
  return {
    me: 'a',
    sync: { value: syncOf('a'), revision: 7 },
    primary: primaryStatus(),
    mode: 'on',
    strict: false,
    count: 1,
    maximumLagBytes: -1,
    members: [syncMember('b'), syncMember('c')],
    slotOf: (name) => name.toLowerCase(),
    stalled: new Set(),
    expected: new Set(),
    leaving: new Set(),
    mark: undefined,
    unsettled: false,
    lastSet: undefined,
    checkpointAhead: false,
    ...more,
  };
}
