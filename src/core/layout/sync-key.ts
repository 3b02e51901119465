import type { SyncState } from '../model/cluster.ts';
import { compactJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { countField, fieldOf, recordFromJson, textField } from './fields.ts';

export const NO_SYNC: SyncState = { leader: undefined, voters: [], quorum: 0 };

export function decodeSync(text: string): Decoded<SyncState> {
  const record = recordFromJson(text);
  if (record === undefined) return { value: NO_SYNC, why: 'not a JSON object' };
  const leader = textField(record, 'leader');
  // Without a leader it names nobody: that is how the mode looks while it is on and nothing is known yet.
  if (leader === undefined) return { value: NO_SYNC };
  const names = fieldOf(record, 'sync_standby') ?? '';
  if (typeof names !== 'string') return { value: NO_SYNC, why: 'sync_standby is not a text' };
  const quorum = countField(record, 'quorum');
  if (quorum === undefined && (fieldOf(record, 'quorum') ?? null) !== null)
    return { value: NO_SYNC, why: 'quorum is not a count' };
  const voters = names.split(',').map((name) => name.trim());
  return { value: { leader, voters: voters.filter((name) => name !== ''), quorum: quorum ?? 0 } };
}

export function encodeSync(state: SyncState): string {
  const voters = state.voters.toSorted(byCodeUnit);
  return compactJson({
    leader: state.leader ?? null,
    quorum: state.quorum,
    sync_standby: voters.length === 0 ? null : voters.join(','),
  });
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
