// From the keys below a cluster's prefix to the view that decisions are made from. It never throws: anybody can write anything
// into the store, and a key that means nothing must not stop a member.
import type {
  ClusterView,
  ConfigKey,
  FailoverRequest,
  Keyed,
  LeaderKey,
  Member,
  Pledge,
  SyncState,
  UnguardedMark,
} from '../model/cluster.ts';
import { decodeDynamicConfig } from '../settings/dynamic-config.ts';
import { settingProblemToText } from '../settings/setting-problem.ts';
import type { Decoded } from './decoded.ts';
import { decodeFailover } from './failover-key.ts';
import { decodeFailsafe } from './failsafe-key.ts';
import { recordFromJson } from './fields.ts';
import { decodeHistory } from './history-key.ts';
import { type Keys, nameBelow } from './keys.ts';
import { decodeMember, NO_MEMBER_DATA } from './member-key.ts';
import { decodeLast, decodePledge, decodeReign, decodeUnguarded } from './own-keys.ts';
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
  const reading: Reading = { stored: new Map(keyValues.map((stored) => [stored.key, stored])), nonsense: [] };
  return {
    revision,
    initialize: textAt(reading, keys.initialize),
    bootstrapper: textAt(reading, keys.bootstrap).value,
    config: configFrom(reading, keys),
    leader: leaderFrom(reading.stored.get(keys.leader)),
    members: membersFrom(reading, keys),
    sync: valueAt(reading, keys.sync, { absent: NO_SYNC, decode: decodeSync }),
    failover: valueAt<FailoverRequest | undefined>(reading, keys.failover, {
      absent: undefined,
      decode: decodeFailover,
    }),
    history: valueAt(reading, keys.history, { absent: undefined, decode: decodeHistory }),
    status: statusFrom(reading, keys),
    last: valueAt(reading, keys.last, { absent: undefined, decode: decodeLast }),
    reign: valueAt(reading, keys.reign, { absent: undefined, decode: decodeReign }),
    failsafe: valueAt(reading, keys.failsafe, { absent: undefined, decode: decodeFailsafe }),
    pledges: pledgesFrom(reading, keys),
    unguarded: marksFrom(reading, keys),
    events: valueAt(reading, keys.events, { absent: '[]', decode: eventsText }),
    nonsense: reading.nonsense,
  };
}

/** `/sync` alone; the same as in the view of all keys. */
export function syncStateOf(stored: StoredKey | undefined): SyncState {
  return stored === undefined ? NO_SYNC : meaningOf(stored, decodeSync).value;
}

/** Who holds the leader key, known or not: one without a member key has no data. undefined while nobody leads. */
export function leaderMember({ leader, members }: Pick<ClusterView, 'leader' | 'members'>): Member | undefined {
  if (leader === undefined) return undefined;
  const found = members.find(({ name }) => name === leader.name);
  return found ?? { name: leader.name, data: NO_MEMBER_DATA, leaseId: leader.leaseId, modRevision: 0 };
}

/** The keys of one reading, and what in them could not be understood. */
interface Reading {
  readonly stored: ReadonlyMap<string, StoredKey>;
  readonly nonsense: { readonly key: string; readonly why: string }[];
}

function textAt({ stored }: Reading, key: string): Keyed<string | undefined> {
  const found = stored.get(key);
  return { value: found?.value, revision: found?.modRevision ?? 0 };
}

interface Meaning<T> {
  readonly absent: T;
  readonly decode: (text: string) => Decoded<T>;
}

/** The revision is the key's even where its value means nothing, so that a guarded write can replace it. */
function valueAt<T>(reading: Reading, key: string, meaning: Meaning<T>): Keyed<T> {
  const found = reading.stored.get(key);
  if (found === undefined) return { value: meaning.absent, revision: 0 };
  return { value: understood(reading, found, meaning.decode), revision: found.modRevision };
}

/** What a key's value means, for as long as somebody has the key as it was read: most keys are as they were at the last reading. */
const meanings = new WeakMap<StoredKey, Decoded<unknown>>();

function meaningOf<T>(stored: StoredKey, decode: (text: string) => Decoded<T>): Decoded<T> {
  // A key has one decoder, so what is kept for it is of that decoder's type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const kept = meanings.get(stored) as Decoded<T> | undefined;
  if (kept !== undefined) return kept;
  const decoded = decode(stored.value);
  meanings.set(stored, decoded);
  return decoded;
}

function understood<T>({ nonsense }: Reading, stored: StoredKey, decode: (text: string) => Decoded<T>): T {
  const { value, why } = meaningOf(stored, decode);
  if (why !== undefined) nonsense.push({ key: stored.key, why });
  return value;
}

/** Keys directly below `folder`, in the order of their names, so that nothing depends on the order of reading. */
function below({ stored }: Reading, folder: string): readonly { readonly name: string; readonly stored: StoredKey }[] {
  const found = [...stored.values()].flatMap((one) => {
    const name = nameBelow(folder, one.key);
    return name === undefined ? [] : [{ name, stored: one }];
  });
  return found.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Without a value it names nobody; it still is a leader key, so nobody may take it. */
function leaderFrom(stored: StoredKey | undefined): LeaderKey | undefined {
  return stored && { name: stored.value, reign: stored.modRevision, leaseId: stored.leaseId };
}

function membersFrom(reading: Reading, keys: Keys): readonly Member[] {
  return below(reading, keys.members).map(({ name, stored }) => ({
    name,
    data: understood(reading, stored, decodeMember),
    leaseId: stored.leaseId,
    modRevision: stored.modRevision,
  }));
}

function pledgesFrom(reading: Reading, keys: Keys): readonly Pledge[] {
  return below(reading, keys.pledges).flatMap(({ name, stored }) => {
    const pledge = understood(reading, stored, decodePledge);
    return pledge === undefined ? [] : [{ name, ...pledge, revision: stored.modRevision }];
  });
}

function marksFrom(reading: Reading, keys: Keys): readonly UnguardedMark[] {
  return below(reading, keys.unguardedMarks).map(({ name, stored }) => ({
    name,
    reign: understood(reading, stored, decodeUnguarded).reign,
    revision: stored.modRevision,
  }));
}

/** It is long, and hardly anybody wants to know: what it looks like is all that every reading tells. */
function eventsText(text: string): Decoded<string> {
  const array = text.trim();
  return array.startsWith('[') && array.endsWith(']') ? { value: array } : { value: '[]', why: 'not a JSON array' };
}

function statusFrom(reading: Reading, keys: Keys): ClusterView['status'] {
  const key = reading.stored.has(keys.status) ? keys.status : keys.optime;
  return valueAt(reading, key, { absent: NO_STATUS, decode: decodeStatus }).value;
}

type ConfigMeaning = Pick<ConfigKey, 'value' | 'raw'>;

const NO_CONFIG: ConfigMeaning = { value: undefined, raw: undefined };

function configFrom(reading: Reading, keys: Keys): ConfigKey {
  const { value, revision } = valueAt(reading, keys.config, { absent: NO_CONFIG, decode: decodeConfig });
  return { ...value, revision };
}

function decodeConfig(text: string): Decoded<ConfigMeaning> {
  const raw = recordFromJson(text);
  if (raw === undefined) return { value: NO_CONFIG, why: 'not a JSON object' };
  const { config, problems } = decodeDynamicConfig(raw);
  const rejections = problems.filter(({ severity }) => severity === 'rejects').map(settingProblemToText);
  return rejections.length > 0
    ? { value: { value: undefined, raw }, why: rejections.join('; ') }
    : { value: { value: config, raw } };
}
