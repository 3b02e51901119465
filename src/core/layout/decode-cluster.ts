// From the keys below a cluster's prefix to the view that decisions are made from. It never throws: anybody can write anything
// into the store, and a key that means nothing must not stop a member.
import type { ClusterView, FailoverRequest, Keyed, LeaderKey, Member, Pledge } from '../model/cluster.ts';
import { type DynamicConfig, decodeDynamicConfig } from '../settings/dynamic-config.ts';
import type { Decoded } from './decoded.ts';
import { decodeFailover } from './failover-key.ts';
import { recordFromJson } from './fields.ts';
import { decodeHistory } from './history-key.ts';
import { type Keys, nameBelow } from './keys.ts';
import { decodeMember, NO_MEMBER_DATA } from './member-key.ts';
import { decodeEvents, decodePledge, decodeReign } from './own-keys.ts';
import { decodeStatus, NO_STATUS } from './status-key.ts';
import { decodeSync, NO_SYNC } from './sync-key.ts';

/** A key as the store has it. */
export interface StoredKey {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
  readonly leaseId: string | undefined;
}

export function decodeCluster(keyValues: readonly StoredKey[], revision: number, keys: Keys): ClusterView {
  const reading = new Reading(keyValues);
  return {
    revision,
    initialize: reading.text(keys.initialize),
    bootstrapper: reading.text(keys.bootstrap).value,
    config: reading.keyed(keys.config, undefined, decodeConfig),
    leader: leaderFrom(reading.find(keys.leader)),
    members: membersFrom(reading, keys),
    sync: reading.keyed(keys.sync, NO_SYNC, decodeSync),
    failover: reading.keyed<FailoverRequest | undefined>(keys.failover, undefined, decodeFailover),
    history: reading.keyed(keys.history, undefined, decodeHistory),
    status: statusFrom(reading, keys),
    reign: reading.keyed(keys.reign, undefined, decodeReign),
    pledges: pledgesFrom(reading, keys),
    events: reading.keyed(keys.events, [], decodeEvents),
    nonsense: reading.nonsense,
  };
}

/** Who holds the leader key, known or not: one without a member key has no data. undefined while nobody leads. */
export function leaderMember({ leader, members }: Pick<ClusterView, 'leader' | 'members'>): Member | undefined {
  if (leader === undefined) return undefined;
  const found = members.find(({ name }) => name === leader.name);
  return found ?? { name: leader.name, data: NO_MEMBER_DATA, leaseId: leader.leaseId, modRevision: 0 };
}

/** The keys of one reading, and what in them could not be understood. */
class Reading {
  readonly nonsense: { readonly key: string; readonly why: string }[] = [];
  readonly #stored: ReadonlyMap<string, StoredKey>;

  constructor(keyValues: readonly StoredKey[]) {
    this.#stored = new Map(keyValues.map((stored) => [stored.key, stored]));
  }

  find(key: string): StoredKey | undefined {
    return this.#stored.get(key);
  }

  text(key: string): Keyed<string | undefined> {
    const stored = this.find(key);
    return { value: stored?.value, revision: stored?.modRevision ?? 0 };
  }

  /** The revision is the key's even where its value means nothing, so that a guarded write can replace it. */
  keyed<T>(key: string, absent: T, decode: (text: string) => Decoded<T>): Keyed<T> {
    const stored = this.find(key);
    if (stored === undefined) return { value: absent, revision: 0 };
    return { value: this.understood(stored, decode), revision: stored.modRevision };
  }

  understood<T>(stored: StoredKey, decode: (text: string) => Decoded<T>): T {
    const { value, why } = decode(stored.value);
    if (why !== undefined) this.nonsense.push({ key: stored.key, why });
    return value;
  }

  /** Keys directly below `folder`, in the order of their names, so that nothing depends on the order of reading. */
  below(folder: string): readonly { readonly name: string; readonly stored: StoredKey }[] {
    const found = [...this.#stored.values()].flatMap((stored) => {
      const name = nameBelow(folder, stored.key);
      return name === undefined ? [] : [{ name, stored }];
    });
    return found.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
}

/** Without a value it names nobody; it still is a leader key, so nobody may take it. */
function leaderFrom(stored: StoredKey | undefined): LeaderKey | undefined {
  return stored && { name: stored.value, reign: stored.modRevision, leaseId: stored.leaseId };
}

function membersFrom(reading: Reading, keys: Keys): readonly Member[] {
  return reading.below(keys.members).map(({ name, stored }) => ({
    name,
    data: reading.understood(stored, decodeMember),
    leaseId: stored.leaseId,
    modRevision: stored.modRevision,
  }));
}

function pledgesFrom(reading: Reading, keys: Keys): readonly Pledge[] {
  return reading.below(keys.pledges).flatMap(({ name, stored }) => {
    const pledge = reading.understood(stored, decodePledge);
    return pledge === undefined ? [] : [{ name, ...pledge, revision: stored.modRevision }];
  });
}

function statusFrom(reading: Reading, keys: Keys): ClusterView['status'] {
  const key = reading.find(keys.status) === undefined ? keys.optime : keys.status;
  return reading.keyed(key, NO_STATUS, decodeStatus).value;
}

function decodeConfig(text: string): Decoded<DynamicConfig | undefined> {
  const record = recordFromJson(text);
  if (record === undefined) return { value: undefined, why: 'not a JSON object' };
  const { config, rejected, warnings } = decodeDynamicConfig(record);
  return rejected ? { value: undefined, why: warnings.join('; ') } : { value: config };
}
